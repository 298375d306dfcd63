import subprocess
import sys

import pytest

from cvlib import __version__
from cvlib.course.chapters import RELEASE, REPOSITORY, Chapter, chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import SETUP_CELL, new_notebook, problems
from cvlib.course.notebooks.canonical import check, read
from cvlib.course.notebooks.cells import CLONE
from cvlib.course.notebooks.skeleton import SECTIONS
from cvlib.course.paths import ROOT


def test_the_skeleton_passes_every_gate_but_has_not_run(tmp_path, monkeypatch):
    path = tmp_path / "05_taskonomy.ipynb"
    monkeypatch.setattr(Chapter, "notebook", path)
    assert new_notebook(chapter(5)) == str(path)
    (sentence,) = problems(path)
    assert "execution counts" in sentence
    assert check([path]) == []
    headings = [c.source.split("\n")[0] for c in read(path).cells if c.cell_type == "markdown"]
    assert headings[0] == "# 05 · Taskonomy"
    assert headings[1:] == [f"## {heading}" for heading, _, _ in SECTIONS]
    with pytest.raises(CourseError, match="exists"):
        new_notebook(chapter(5))


def test_the_skeleton_is_formatted_as_ruff_wants_it(tmp_path, monkeypatch):
    ruff = pytest.importorskip("ruff").__file__ and [sys.executable, "-m", "ruff"]
    path = tmp_path / "04_group_normalization.ipynb"
    monkeypatch.setattr(Chapter, "notebook", path)
    new_notebook(chapter(4))
    config = f"--config={ROOT / 'pyproject.toml'}"
    done = subprocess.run([*ruff, "format", "--check", config, path], capture_output=True)
    assert done.returncode == 0, done.stdout


def run_setup_cell(folder, tail="import cvlib\nprint(cvlib.__file__)", **kwargs):
    return subprocess.run(
        [sys.executable, "-I", "-c", f"{SETUP_CELL}\n{tail}"], cwd=folder, capture_output=True,
        text=True, timeout=60, **kwargs,
    )  # fmt: skip


@pytest.mark.parametrize("inside", [".", "notebooks", "build/browser"])
def test_the_set_up_cell_finds_a_checkout_here_or_above(tmp_path, inside):
    (tmp_path / "cvlib" / "course").mkdir(parents=True)
    (tmp_path / "cvlib" / "__init__.py").touch()
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    done = run_setup_cell(tmp_path / inside)
    assert done.stdout.strip() == str(tmp_path / "cvlib" / "__init__.py"), done.stderr


def fake_git(folder, *lines):
    """An environment whose git writes its arguments into `calls` and does what is told."""
    git = folder / "bin" / "git"
    git.parent.mkdir()
    git.write_text("\n".join(["#!/bin/sh", 'echo "$@" >> calls', "for last; do :; done", *lines]))
    git.chmod(0o755)
    return {"PATH": f"{git.parent}:/usr/bin:/bin"}


def test_the_set_up_cell_clones_once_where_there_is_no_checkout(tmp_path):
    environment = fake_git(tmp_path, 'mkdir -p "$last/cvlib/course"')
    for _ in range(2):
        done = run_setup_cell(tmp_path, tail="", env=environment)
        assert done.returncode == 0, done.stderr
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call == (
        f"clone --depth=1 --branch={RELEASE} https://github.com/{REPOSITORY} {tmp_path}/{CLONE}"
    )


def test_the_set_up_cell_leaves_a_folder_called_course_alone(tmp_path):
    environment = fake_git(tmp_path, 'mkdir -p "$last/cvlib/course"')
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "homework.txt").touch()
    assert run_setup_cell(tmp_path, tail="", env=environment).returncode == 0
    assert [p.name for p in (tmp_path / "course").iterdir()] == ["homework.txt"]


def test_the_set_up_cell_says_gits_reason_in_one_sentence(tmp_path):
    reason = f"fatal: destination path '{CLONE}' already exists and is not an empty directory."
    environment = fake_git(tmp_path, f'echo "{reason}" >&2', "exit 128")
    done = run_setup_cell(tmp_path, env=environment)
    assert done.returncode == 1
    assert done.stderr == f"the course could not be fetched: {reason}\n"


def test_a_release_clones_its_own_tag():
    source = "import cvlib; cvlib.__version__ = '1.2.0'; from cvlib.course import chapters as c"
    done = subprocess.run(
        [sys.executable, "-c", f"{source}; print(c.RELEASE)"], cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "v1.2.0"
    assert ("dev" in __version__) == (RELEASE == "main")


def test_the_set_up_cell_is_short_and_installs_nothing():
    assert SETUP_CELL.count("\n") < 15
    assert "pip" not in SETUP_CELL
