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


def pins(name):
    text = (ROOT / "constraints" / name).read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {k.lower().replace("_", "-"): v for k, v in (line.split("==") for line in lines)}


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


@pytest.mark.parametrize("groups", [("notebooks", "test", "dev")])
def test_tested_versions_are_complete_and_inside_every_range(groups):
    tested = pins("tested.txt")
    wanted = requirements(PROJECT["dependencies"], *(EXTRAS[g] for g in groups))
    for name, requirement in wanted.items():
        if name in UNPINNED:
            continue
        assert name in tested, f"{name} has no tested version"
        assert requirement.specifier.contains(tested[name]), (name, tested[name])


def test_colabs_image_satisfies_every_base_dependency():
    colab = pins("colab.txt")
    for name, requirement in requirements(PROJECT["dependencies"]).items():
        assert requirement.specifier.contains(colab[name]), (name, colab[name])


def test_base_dependencies_are_floors_only():
    for requirement in requirements(PROJECT["dependencies"]).values():
        assert [s.operator for s in requirement.specifier] == [">="], requirement


def test_the_distribution_is_not_called_cvlib():
    assert PROJECT["name"] != "cvlib"  # that name is another project's on PyPI
