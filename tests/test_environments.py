"""pyproject.toml, environment.yml, constraints and Colab's image agree."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cvlib.course.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
UNPINNED = {"triton"}  # a CUDA torch brings its own, exactly matching one


def requirements(*groups):
    return {r.name: r for group in groups for r in map(Requirement, group)}


def pins(name, python="3.11"):
    """Name -> version of a constraints file for one Python."""
    text = (ROOT / "constraints" / name).read_text()
    lines = [Requirement(line) for line in text.splitlines() if line and line[0] != "#"]
    here = [r for r in lines if not r.marker or r.marker.evaluate({"python_version": python})]
    assert len({r.name for r in here}) == len(here), "two versions for one Python"
    return {r.name.lower().replace("_", "-"): str(r.specifier).removeprefix("==") for r in here}


def test_conda_environment_is_pyproject():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(d["pip"] for d in conda if isinstance(d, dict))
    lines = [re.match(r"([\w-]+)(.*)", d).groups() for d in conda if isinstance(d, str)]
    found = {name: SpecifierSet(spec) for name, spec in lines if name != "pip"}
    wanted = requirements(PROJECT["dependencies"], EXTRAS["notebooks"], EXTRAS["test"])
    expected = {CONDA_NAMES.get(n, n): r.specifier for n, r in wanted.items() if n not in UNPINNED}
    expected["python"] = SpecifierSet(PROJECT["requires-python"])
    assert found == expected
    assert pip == ["-e ."]


@pytest.mark.parametrize("groups", [("notebooks", "site", "test", "dev")])
def test_tested_versions_are_complete_and_inside_every_range(groups):
    tested = pins("tested.txt")
    wanted = requirements(PROJECT["dependencies"], *(EXTRAS[g] for g in groups))
    for name, requirement in wanted.items():
        if name in UNPINNED:
            continue
        assert name in tested, f"{name} has no tested version"
        assert requirement.specifier.contains(tested[name]), (name, tested[name])


@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_colabs_images_satisfy_every_base_dependency(python):
    colab = pins("colab.txt", python)
    for name, requirement in requirements(PROJECT["dependencies"]).items():
        assert requirement.specifier.contains(colab[name]), (name, colab[name])


def test_base_dependencies_are_floors_only():
    for requirement in requirements(PROJECT["dependencies"]).values():
        assert [s.operator for s in requirement.specifier] == [">="], requirement


def test_the_jobs_of_the_pipeline_cover_what_the_files_promise():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert jobs["colab"]["strategy"]["matrix"]["python"] == ["3.12", "3.13"]
    assert jobs["elsewhere"]["strategy"]["matrix"]["os"] == ["windows-latest", "macos-latest"]
    assert "lowest-direct" in str(jobs["floors"])
    assert "make browser" in str(jobs["browser"])
    assert "-m slow" in str(jobs["arms"])


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")))
def test_workflows_may_only_read(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "extra-index-url" not in path.read_text()
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_cleaning_keeps_what_took_hours():
    makefile = (ROOT / "Makefile").read_text()
    (removed,) = re.findall(r"rm -rf (.*)", makefile)
    assert "runs" not in removed.split()
    assert "extra-index-url" not in makefile


def test_the_distribution_is_not_called_cvlib():
    assert PROJECT["name"] != "cvlib"  # that name is another project's on PyPI
