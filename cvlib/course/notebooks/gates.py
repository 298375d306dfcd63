"""What every stored notebook must be, each gate one sentence; nothing is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from cvlib.course.editions.edition import badge_of
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import deviations, read
from cvlib.course.notebooks.cells import IGNORED, METADATA, SETUP_CELL, TAGS, WIDGET, badge_url
from cvlib.course.notebooks.source import source_problems

MAX_KB, MAX_FIGURES, MAX_IGNORED = 400, 12, 4
MIME = {"image/png", "image/jpeg", "text/plain", "text/html", "text/markdown", "text/latex"}
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:work|root|tmp|opt|Users|home/\w+)(?=[/\s'\"`]|$)(?:/[\w.-]+)*"
    r"|\b[A-Z]:\\{1,2}Users\b"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
CLOCK = re.compile(
    r"\b\d{1,2}:\d\d:\d\d\b|\b\d+(\.\d+)? ?it/s\b|\bETA \d"
    r"|\b(in|took|after) \d+\.\d+ ?(s|ms|sec|seconds)\b"
)
IMAGE_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
ALT = re.compile(r"""\balt\s*=\s*(?:"\s*[^"\s]|'\s*[^'\s]|[^\s"'>])""")
EMPTY_ALT = re.compile(r"!\[\s*\]\(")

Found = Iterator[tuple[int | None, str]]  # the cell's number, counted from 1, and a sentence


def problems(path: Path) -> list[str]:
    """Everything that keeps a notebook from being stored, as sentences; empty when it may be.

    The cells are counted from 1. A file that is no notebook gives one sentence too.
    """
    path = Path(path)
    try:
        nb = read(path)
        found = [s if n is None else f"cell {n} {s}" for gate in GATES for n, s in gate(path, nb)]
        return found or deviations(path)
    except CourseError as error:
        return [str(error)]


def code(nb: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """The code cells with their numbers."""
    return [(i, cell) for i, cell in enumerate(nb.cells, 1) if cell.cell_type == "code"]


def outputs(nb: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """The outputs with their cells' numbers."""
    for number, cell in code(nb):
        for output in cell.outputs:
            yield number, output


def shown(output: NotebookNode) -> str:
    """What an output says in words: its text, without pictures."""
    data = output.get("data", {})
    parts = [str(v) for kind, v in data.items() if not kind.startswith("image/")]
    return "\n".join([output.get("text", ""), *parts, *output.get("traceback", [])])


def _file(path: Path, nb: NotebookNode) -> Found:
    size = path.stat().st_size / 1000
    if size > MAX_KB:
        yield None, f"the file has {size:.0f} KB, more than {MAX_KB}: make the figures smaller"
    for key, wanted in METADATA.items():
        if nb.metadata.get(key) != wanted:
            yield None, f"the notebook's metadata {key!r} must be {json.dumps(wanted)}"
    for key in set(nb.metadata) - set(METADATA):
        what = "widget state" if key == "widgets" else f"unknown metadata {key!r}"
        yield None, f"the notebook holds {what}: run `make notebooks`"


def _cell_metadata(path: Path, nb: NotebookNode) -> Found:
    for number, cell in enumerate(nb.cells, 1):
        if extra := set(cell.metadata) - {"tags"}:
            yield number, f"has unknown metadata ({', '.join(sorted(extra))}): run `make notebooks`"
        if unknown := set(cell.metadata.get("tags", [])) - set(TAGS):
            yield number, f"has an unknown tag ({', '.join(sorted(unknown))})"
        if IGNORED in cell.metadata.get("tags", []) and "scoreboard(" in cell.source:
            yield number, f"shows the scoreboard, which is compared: it may not be tagged {IGNORED}"
    ignored = sum(IGNORED in cell.metadata.get("tags", []) for cell in nb.cells)
    if ignored > MAX_IGNORED:
        yield None, f"{ignored} cells are tagged {IGNORED}, more than {MAX_IGNORED}"


def _executed(path: Path, nb: NotebookNode) -> Found:
    counts = [cell.get("execution_count") for _, cell in code(nb)]
    if counts != list(range(1, len(counts) + 1)):
        yield None, f"the execution counts {counts} have a gap: run `make notebooks`"


def _outputs(path: Path, nb: NotebookNode) -> Found:
    for number, output in outputs(nb):
        text = shown(output)
        if output.output_type == "error":
            yield number, f"stores an error: {output.ename}"
        if output.get("name") == "stderr":
            yield number, f"writes to stderr ({text.strip()[:60]!r}): mend what it warns of"
        if WIDGET in output.get("data", {}):
            yield number, "stores a widget's view: run `make notebooks`"
        elif unknown := set(output.get("data", {})) - MIME:
            yield number, f"shows {', '.join(sorted(unknown))}, which not every page can show"
        if clock := CLOCK.search(text):
            yield number, f"prints a time of this run ({clock[0]!r}), which differs at every run"
        if address := ADDRESS.search(text):
            yield number, f"prints an address ({address[0]}), which differs at every run"


def _paths(path: Path, nb: NotebookNode) -> Found:
    texts = [(number, cell.source) for number, cell in enumerate(nb.cells, 1)]
    for number, text in [*texts, *((n, shown(output)) for n, output in outputs(nb))]:
        if found := MACHINE_PATH.search(text):
            yield number, f"holds a path of one machine: {found[0]!r}"


def _pictures(path: Path, nb: NotebookNode) -> Found:
    figures = 0
    for number, output in outputs(nb):
        for kind in [k for k in output.get("data", {}) if k.startswith("image/")]:
            figures += 1
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "").strip()
            if not alt:
                yield number, "shows a picture without alt text: use show(fig, alt=, caption=)"
            elif alt != output.data.get("text/plain", ""):
                yield (
                    number,
                    f"has two alt texts for one picture ({alt[:40]!r}): run `make notebooks`",
                )
    if figures > MAX_FIGURES:
        yield None, f"it has {figures} figures, more than {MAX_FIGURES}"
    for number, cell in enumerate(nb.cells, 1):
        text = cell.source if cell.cell_type == "markdown" else ""
        text += "".join(shown(output) for output in cell.get("outputs", []))
        tags = [tag for tag in IMAGE_TAG.findall(text) if not ALT.search(tag)]
        if tags or EMPTY_ALT.search(text):
            yield number, "has a picture without alt text in its Markdown or HTML"


def _headings(path: Path, nb: NotebookNode) -> Found:
    level = titles = 0
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.DOTALL | re.MULTILINE)
        for marks, title in re.findall(r"^(#{1,6})\s+(.+)", text, re.MULTILINE):
            titles += len(marks) == 1
            if len(marks) > level + 1:
                yield number, f"skips from heading level {level} to {len(marks)} at {title!r}"
            level = len(marks)
    if titles != 1:
        yield None, f"it has {titles} headings of level 1 instead of one"


def _fixed_cells(path: Path, nb: NotebookNode) -> Found:
    cells = code(nb)
    if not cells or cells[0][1].source != SETUP_CELL:
        yield None, "the first code cell is not cvlib.course.notebooks.SETUP_CELL"
    first = nb.cells[0].source if nb.cells else ""
    opened = badge_url(badge_of(path))
    if opened + ")" not in first:
        yield None, f"the first cell has no Colab badge that opens {opened}"


def _source(path: Path, nb: NotebookNode) -> Found:
    yield from source_problems(code(nb))


GATES: tuple[Callable[[Path, NotebookNode], Found], ...] = (
    _file, _cell_metadata, _executed, _outputs, _paths, _pictures, _headings, _fixed_cells, _source,
)  # fmt: skip
