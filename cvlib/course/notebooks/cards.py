"""A chapter's picture, as its stored page shows it: on the README and on the site's cards."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import Chapter, written
from cvlib.course.editions import ENGLISH, Edition
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.cells import CARD as CARD_TAG
from cvlib.course.paths import ROOT

ACROSS = 5  # pictures in a row of the gallery
WIDTH = 180  # of a picture there, in pixels of the screen


class Picture(NamedTuple):
    """An image file with the words that stand for it."""

    kind: str  # its suffix: png, jpeg
    content: bytes
    alt: str


def picture(entry: Chapter, nb: NotebookNode) -> Picture:
    """The chapter's picture.

    It is the first figure of the cell that is tagged `card`; without such a cell the first of the
    page, which is the result that section 2 opens with.
    """
    tagged = [cell for cell in nb.cells if CARD_TAG in cell.metadata.get("tags", [])]
    for found in _pictures(tagged or nb.cells):
        return found
    raise CourseError(f"{entry.name} shows no figure for its card")


def _pictures(cells: Iterable[NotebookNode]) -> Iterator[Picture]:
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        for kind, content in output.get("data", {}).items():
            if kind.startswith("image/"):
                alt = output.metadata[kind]["alt"]
                yield Picture(kind.removeprefix("image/"), base64.b64decode(content), alt)


def gallery(edition: Edition = ENGLISH) -> str:
    """All written chapters' pictures as a table of links, for the top of an edition's README.

    A chapter that the edition does not have is linked in English.
    """
    cells = [_cell(entry, edition) for entry in written()]
    rows = [cells[i : i + ACROSS] for i in range(0, len(cells), ACROSS)]
    lines = [line for row in rows for line in ("<tr>", *row, "</tr>")]
    return "\n".join(["<table>", *lines, "</table>"]) + "\n"


def _cell(entry: Chapter, edition: Edition) -> str:
    page = (edition if edition.has(entry) else ENGLISH).file(entry)
    shown = picture(entry, read(entry.notebook))
    source = f"{entry.recorded.relative_to(ROOT).as_posix()}/card.{shown.kind}"
    image = f'<img src="{source}" width="{WIDTH}" alt="{escape(shown.alt)}">'
    title = f"{entry.number:02d} {escape(edition.title(entry))}"
    return f'<td width="20%" valign="top"><a href="{page}">{image}<br>{title}</a></td>'


def refresh() -> None:
    """Write the pictures that the gallery links, where they changed."""
    for entry in written():
        shown = picture(entry, read(entry.notebook))
        target = entry.recorded / f"card.{shown.kind}"
        if target.is_file() and target.read_bytes() == shown.content:
            continue
        for old in entry.recorded.glob("card.*"):
            old.unlink()
        atomic.write(target, shown.content)
