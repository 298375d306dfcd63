"""Every stored notebook is as `make notebooks` left it; nothing is executed here."""

import pytest

from cvlib.course.chapters import CHAPTERS, written
from cvlib.course.notebooks import problems
from cvlib.course.notebooks.verify import shares
from cvlib.course.paths import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_has_no_problems(path):
    assert problems(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_keeps_the_promise_of_the_readme(path):
    ((_, share),) = shares([path])
    assert share.enough, share


def test_notebooks_and_chapter_table_agree():
    names = {entry.notebook for entry in written()}
    assert names <= {entry.notebook for entry in CHAPTERS}
    assert set(NOTEBOOKS) == names
