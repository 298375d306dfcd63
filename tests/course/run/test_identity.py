"""Which code made a number: what counts as a change, and whose commit it is."""

import shutil
import subprocess

import pytest

from cvlib.course.chapters import written
from cvlib.course.paths import PACKAGE
from cvlib.course.run import identity

MAIN = PACKAGE / "chapters" / "group_normalization" / "experiment.py"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the package that a test may change, hashed anew at each call."""
    package = tmp_path / "cvlib"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "data", "share"))
    monkeypatch.setattr(identity, "PACKAGE", package)
    main = package / MAIN.relative_to(PACKAGE)

    def code(change=None, path="chapters/group_normalization/train.py"):
        file = package / path
        before = file.read_text(encoding="utf-8")
        if change:
            file.write_text(change(before), encoding="utf-8")
        identity._hash_of.cache_clear()
        found = identity._hash_of(main)
        file.write_text(before, encoding="utf-8")
        return found

    return code


def test_comments_docstrings_and_layout_do_not_count(copied):
    def reworded(text):
        return text.replace('"""', '"""Another word. ', 1).replace("\n\n\n", "\n\n\n# a comment\n")

    assert copied(reworded) == copied()


@pytest.mark.parametrize(
    "path",
    [
        "chapters/group_normalization/train.py",
        "chapters/group_normalization/config.py",
        "normalization/protocols.py",
        "normalization/layers.py",
    ],
)
def test_what_trains_counts_wherever_it_stands(copied, path):
    assert copied(lambda text: f"{text}\nCHANGED = 1\n", path) != copied()


@pytest.mark.parametrize(
    "path",
    [
        "course/run/run.py",
        "chapters/group_normalization/figures.py",
        "chapters/group_normalization/exercises.py",
        "gan/losses.py",
    ],
)
def test_the_machinery_the_page_and_other_papers_do_not(copied, path):
    assert copied(lambda text: f"{text}\nCHANGED = 1\n", path) == copied()


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_every_chapter_has_a_hash(entry):
    found = identity.code_hash(entry.module("experiment").EXPERIMENT.units)
    assert len(found) == 16


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder in which the course is said to be, inside somebody's repository."""
    monkeypatch.delenv("CVLIB_COMMIT", raising=False)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "theirs"], check=True)
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.setattr(identity, "ROOT", folder)
    identity.commit.cache_clear()
    yield folder
    identity.commit.cache_clear()


def test_an_outer_repository_does_not_lend_its_commit(course):
    assert identity.commit() == "unknown"


def test_a_carried_file_or_the_environment_names_the_commit(course, monkeypatch):
    (course / "COMMIT").write_text("abc123\n")
    assert identity.commit() == "abc123"
    identity.commit.cache_clear()
    monkeypatch.setenv("CVLIB_COMMIT", "def456")
    assert identity.commit() == "def456"


def test_the_courses_own_commit_says_when_files_differ(course, monkeypatch):
    monkeypatch.setattr(identity, "ROOT", course.parent)
    clean = identity.commit()
    assert len(clean) == 40
    (course / "new.py").write_text("x = 1\n")
    identity.commit.cache_clear()
    assert identity.commit() == f"{clean}-dirty"
