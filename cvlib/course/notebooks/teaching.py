"""TEACHING.md's tables: how long every section of a chapter takes, computing and reading.

The times are kept in `data/recorded/NN_slug/times.json`, which only a run writes; the tables are
drawn from these files and from nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import Chapter, written
from cvlib.course.paths import ROOT

TEACHING = ROOT / "notebooks" / "TEACHING.md"
BEGIN, END = "<!-- times: written by `cvlib notebooks times`, do not edit -->", "<!-- times end -->"
WORDS_PER_MINUTE = 150  # of prose with formulas, read aloud or with care
CODE_LINES_PER_MINUTE = 12


@dataclass
class Section:
    """One `##` section: processor seconds of its cells, minutes to read it."""

    title: str
    seconds: float = 0.0
    reading: float = 0.0


def sections(nb: NotebookNode) -> list[Section]:
    """The sections of a notebook that `refresh` executed (each cell with its processor time)."""
    found = [Section("header")]
    for cell in nb.cells:
        if cell.cell_type == "code":
            found[-1].seconds += cell.metadata.get("seconds", 0.0)
            found[-1].reading += len(cell.source.splitlines()) / CODE_LINES_PER_MINUTE
            continue
        for part in re.split(r"^(?=## )", cell.source, flags=re.M):
            if heading := re.match(r"## (.+)", part):
                found.append(Section(heading[1]))
            found[-1].reading += len(part.split()) / WORDS_PER_MINUTE
    return found


def keep(path: Path, nb: NotebookNode, always: bool = False) -> None:
    """Write a run's times beside the chapter's records, where it has other sections or none."""
    entry = next((c for c in written() if c.notebook == path), None)
    if entry is None:
        return
    found = sections(nb)
    if always or [s.title for s in found] != [s.title for s in kept(entry)]:
        rows = [
            {**asdict(s), "seconds": round(s.seconds, 1), "reading": round(s.reading, 1)}
            for s in found
        ]
        atomic.write(times_file(entry), json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def times_file(entry: Chapter) -> Path:
    """Where a chapter's times are kept."""
    return entry.recorded / "times.json"


def kept(entry: Chapter) -> list[Section]:
    """The times of a chapter's last timed run; empty when there is none."""
    path = times_file(entry)
    if not path.is_file():
        return []
    return [Section(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def table(entry: Chapter) -> str:
    """The Markdown table of a chapter."""
    found = kept(entry)
    if not found:
        return f"### {entry.number:02d} {entry.title}\n\nNot measured yet.\n"
    short = [s for s in found if "◆" in s.title]
    lines = [
        f"### {entry.number:02d} {entry.title}", "",
        "| section | computing, smoke (measured) | reading (estimated) |", "|---|---|---|",
        *(f"| {s.title} | {s.seconds:.1f} s | {s.reading:.0f} min |" for s in found),
        _total("all", found), _total("◆ path", short), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _total(name: str, found: list[Section]) -> str:
    seconds, minutes = sum(s.seconds for s in found), sum(s.reading for s in found)
    return f"| **{name}** | **{seconds:.1f} s** | **{minutes:.0f} min** |"


def rendered(text: str, between: Callable[[str, str, str, str], str]) -> str:
    """TEACHING.md's text with the tables as the kept times have them now."""
    return between(text, BEGIN, END, "\n".join(table(entry) for entry in written()))
