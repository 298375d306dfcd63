"""TEACHING.md's tables: how long every section of a chapter takes, computing and reading."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.execute import execute
from cvlib.course.paths import ROOT

TEACHING = ROOT / "notebooks" / "TEACHING.md"
WORDS_PER_MINUTE = 150  # of prose with formulas, read aloud or with care
CODE_LINES_PER_MINUTE = 12


@dataclass
class Section:
    """One `##` section: seconds that its cells computed, minutes to read it."""

    title: str
    seconds: float = 0.0
    reading: float = 0.0


def sections(notebook: dict[str, Any]) -> list[Section]:
    """The sections of a notebook that papermill executed (it wrote every cell's duration)."""
    found = [Section("header")]
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found[-1].seconds += cell["metadata"]["papermill"]["duration"] or 0.0
            found[-1].reading += len(text.splitlines()) / CODE_LINES_PER_MINUTE
            continue
        for part in re.split(r"^(?=## )", text, flags=re.M):
            if heading := re.match(r"## (.+)", part):
                found.append(Section(heading[1]))
            found[-1].reading += len(part.split()) / WORDS_PER_MINUTE
    return found


def table(chapter: Chapter, found: list[Section]) -> str:
    """The Markdown table of a chapter."""
    lines = [
        f"### {chapter.number:02d} {chapter.title}", "",
        "| section | computing, smoke (measured) | reading (estimated) |", "|---|---|---|",
    ]  # fmt: skip
    rows = [
        *found,
        Section("**all**", sum(s.seconds for s in found), sum(s.reading for s in found)),
    ]
    lines += [f"| {s.title} | {s.seconds:.1f} s | {s.reading:.0f} min |" for s in rows]
    short = [s for s in found if "◆" in s.title]
    lines.append(f"| **◆ path** | {sum(s.seconds for s in short):.1f} s"
                 f" | {sum(s.reading for s in short):.0f} min |")  # fmt: skip
    return "\n".join(lines)


def refresh(chapter: Chapter) -> None:
    """Execute the chapter once, alone, and rewrite its table in TEACHING.md."""
    with tempfile.TemporaryDirectory() as folder:
        (outcome,) = execute([chapter.notebook], Path(folder), jobs=1)
        if outcome.error:
            raise CourseError(f"{chapter.notebook.name} failed: {outcome.error}")
        executed = json.loads((Path(folder) / chapter.notebook.name).read_text(encoding="utf-8"))
    text = TEACHING.read_text(encoding="utf-8")
    begin, end = (f"<!-- times of {chapter.number:02d}{tail} -->" for tail in ("", " end"))
    if text.count(begin) != 1 or text.count(end) != 1:
        raise CourseError(f"TEACHING.md lacks the marks {begin} and {end}")
    before, rest = text.split(begin)
    body = table(chapter, sections(executed))
    atomic.write(TEACHING, f"{before}{begin}\n\n{body}\n\n{end}{rest.split(end)[1]}")
