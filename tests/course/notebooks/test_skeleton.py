import re
import subprocess
import sys

import pytest

from cvlib import __version__
from cvlib.course.chapters import RELEASE, REPOSITORY, chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import SETUP_CELL, new_chapter, problems
from cvlib.course.notebooks.canonical import check, read
from cvlib.course.notebooks.cells import CLONE
from cvlib.course.paths import ROOT

PLANNED = 2  # a chapter without package; any would do


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory):
    """What `cvlib notebooks new 02` writes, in an empty folder."""
    root = tmp_path_factory.mktemp("skeleton")
    return root, new_chapter(chapter(PLANNED), root)


def test_every_file_of_the_anatomy_is_written(skeleton):
    root, files = skeleton
    slug = chapter(PLANNED).slug
    package = {p.stem for p in files if p.parent == root / "cvlib" / "chapters" / slug}
    assert package == {
        "__init__", "config", "claims", "experiment", "train", "figures", "probes", "exercises",
        "checks", "solutions", "bench",
    }  # fmt: skip
    others = {str(p.relative_to(root)) for p in files if p.stem not in package}
    assert others == {
        f"notebooks/02_{slug}.ipynb", "tests/chapters/test_ch02.py",
        *(f"tests/chapters/{slug}/test_{t}.py" for t in ("experiment", "train", "exercises")),
    }  # fmt: skip


def test_the_notebook_passes_every_gate_but_has_not_run(skeleton):
    _, (path, *_) = skeleton
    (sentence,) = problems(path)
    assert "execution counts" in sentence
    assert check([path]) == []


def test_every_section_starts_in_a_cell_of_its_own(skeleton):
    _, (path, *_) = skeleton
    cells = [c.source for c in read(path).cells if c.cell_type == "markdown"]
    headings = [source for source in cells if source.startswith("#")]
    assert headings[0].startswith(f"# 02 · {chapter(PLANNED).title}")
    assert [h.split()[1] for h in headings[1:]] == [str(n) for n in range(1, 15)]
    assert all("\n" not in h for h in headings[1:])
    short = {h.split()[1] for h in headings if h.endswith("◆")}
    assert short == {"1", "2", "4", "6", "8", "9", "10", "11", "13"}
    assert re.findall(r"\\tag\{(\d)\}", "".join(cells)) == ["1", "2"]
    assert 'show_source("The whole loop", train)' in path.read_text().replace("\\", "")


def test_the_skeleton_is_linted_and_formatted(skeleton):
    pytest.importorskip("ruff")
    root, files = skeleton
    config = f"--config={ROOT / 'pyproject.toml'}"
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", config, *files], cwd=root,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_what_exists_is_not_written_over(tmp_path):
    files = new_chapter(chapter(PLANNED), tmp_path)
    files[1].write_text("mine")
    files[2].unlink()
    assert new_chapter(chapter(PLANNED), tmp_path) == [files[2]]
    assert files[1].read_text() == "mine"
    with pytest.raises(CourseError, match="chapter 02 exists: delete"):
        new_chapter(chapter(PLANNED), tmp_path)


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
