import subprocess
import sys

import pytest

from cvlib.course.chapters import RELEASE, REPOSITORY, Chapter, chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import SETUP_CELL, new_notebook, problems
from cvlib.course.notebooks.canonical import check, read
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


def test_the_set_up_cell_clones_once_where_there_is_no_checkout(tmp_path):
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(
        '#!/bin/sh\necho "$@" >> calls\nfor last; do :; done\nmkdir -p "$last/cvlib/course"\n'
    )
    git.chmod(0o755)
    environment = {"PATH": f"{git.parent}:/usr/bin:/bin"}
    for _ in range(2):
        done = run_setup_cell(tmp_path, tail="", env=environment)
        assert done.returncode == 0, done.stderr
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call == (
        f"clone --depth=1 --branch={RELEASE} https://github.com/{REPOSITORY} {tmp_path}/course"
    )


def test_the_set_up_cell_is_short_and_installs_nothing():
    assert SETUP_CELL.count("\n") < 15
    assert "pip" not in SETUP_CELL
