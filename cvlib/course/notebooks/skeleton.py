"""The builder: a new chapter with every section and every file in its place, all of it running.

The notebook's cells and the files of the package and of its tests are templates beside this
module; the stub that they hold, two clouds and a linear classifier, is there to be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbformat.v4 import new_notebook as _notebook

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import canonical, dumps
from cvlib.course.notebooks.cells import PARAMETERS_CELL, SETUP_CELL, badge
from cvlib.course.paths import ROOT

TEMPLATES = Path(__file__).with_name("templates")
CELL = re.compile(r"^%% (md|code)\n", re.MULTILINE)  # what begins a cell in notebook.txt


def new_chapter(entry: Chapter, root: Path = ROOT) -> list[Path]:
    """Write what a chapter lacks of notebook, package and tests; returns the new files.

    The notebook is canonical and not executed: `cvlib notebooks refresh` does that. Raises
    `CourseError` where nothing is missing; never writes over a file.
    """
    written = []
    for path, text in _files(entry, root):
        if not path.exists():
            written.append(atomic.write(path, text))
    if not written:
        raise CourseError(
            f"chapter {entry.number:02d} exists: delete {entry.notebook.name} or a file of "
            f"cvlib/chapters/{entry.slug} first to start it anew"
        )
    return written


def _files(entry: Chapter, root: Path) -> Iterator[tuple[Path, str]]:
    words = {
        "number": f"{entry.number:02d}", "n": str(entry.number), "title": entry.title,
        "paper": entry.paper, "arxiv": entry.arxiv, "slug": entry.slug,
        "badge": badge(entry.notebook.name), "setup": SETUP_CELL, "parameters": PARAMETERS_CELL,
    }  # fmt: skip
    tests = root / "tests" / "chapters"
    yield root / "notebooks" / entry.notebook.name, dumps(canonical(_page(words)))
    for template in sorted((TEMPLATES / "package").glob("*.txt")):
        yield root / "cvlib" / "chapters" / entry.slug / template.stem, _filled(template, words)
    for template in sorted((TEMPLATES / "tests").glob("test_*.txt")):
        yield tests / entry.slug / template.stem, _filled(template, words)
    page_test = _filled(TEMPLATES / "tests" / "notebook.py.txt", words)
    yield tests / f"test_ch{entry.number:02d}.py", page_test


def _filled(template: Path, words: dict[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)


def _page(words: dict[str, str]) -> NotebookNode:
    """The notebook: `notebook.txt` cut at its marks. Formulas there write `$$` for a dollar."""
    _, *parts = CELL.split(_filled(TEMPLATES / "notebook.txt", words))
    cells = []
    for kind, source in zip(parts[::2], parts[1::2], strict=True):
        if kind == "md":
            cells.append(new_markdown_cell(source.strip()))
        else:
            tags = ["parameters"] if source.strip() == PARAMETERS_CELL else []
            cells.append(new_code_cell(source.strip(), metadata={"tags": tags}))
    return _notebook(cells=cells)
