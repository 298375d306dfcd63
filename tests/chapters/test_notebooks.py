"""Every stored notebook is as `make notebooks` left it; nothing is executed here."""

import builtins
import re
import symtable

import pytest

from cvlib.course.chapters import CHAPTERS, written
from cvlib.course.notebooks import problems
from cvlib.course.notebooks.canonical import read
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_section_starts_in_a_cell_of_its_own(path):
    texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert [t for text in texts for t in re.findall(r"(?<=\n)## .+", text)] == []


def short_path(nb):
    """The code cells of the sections marked ◆."""
    marked = True
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for title in re.findall(r"^##? (.+)$", cell.source, re.MULTILINE):
                marked = "◆" in title
        elif marked:
            yield cell.source


def names(source):
    """The names that a cell binds, and those that it reads from outside of its functions."""
    table = symtable.symtable(source, "cell", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    tables, found = [table], set()
    while tables:
        part = tables.pop()
        tables += part.get_children()
        symbols = [s for s in part.get_symbols() if s.is_referenced()]
        found |= {s.get_name() for s in symbols if part is table or s.is_global()}
    return bound, found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_short_path_needs_nothing_of_the_sections_that_it_leaves_out(path):
    known, missing = set(dir(builtins)), set()
    for source in short_path(read(path)):
        bound, found = names(source)
        missing |= found - known - bound
        known |= bound
    assert missing == set()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_shows_its_scoreboard(path):
    shown = [html for cell in read(path).cells for html in html_of(cell)]
    assert sum(html.startswith('<div class="scoreboard">') for html in shown) == 1


def html_of(cell):
    shown = (output.get("data", {}) for output in cell.get("outputs", []))
    return [data["text/html"] for data in shown if "text/html" in data]


def test_notebooks_and_chapter_table_agree():
    names = {entry.notebook for entry in written()}
    assert names <= {entry.notebook for entry in CHAPTERS}
    assert set(NOTEBOOKS) == names
