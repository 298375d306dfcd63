"""Sizes of a notebook, for the review of a chapter."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from cvlib.course.notebooks.canonical import read


@dataclass(frozen=True)
class Stats:
    """Cells, lines per code cell, words of Markdown, kilobytes and figures."""

    cells: int
    code_cells: int
    line_median: float
    line_p90: int
    words: int
    kilobytes: int
    figures: int


def stats(path: Path) -> Stats:
    """Measure a notebook; formulas and links' addresses do not count as words."""
    nb = read(path)
    lines = sorted(c.source.count("\n") + 1 for c in nb.cells if c.cell_type == "code")
    text = " ".join(c.source for c in nb.cells if c.cell_type == "markdown")
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|<[^>]*>", " ", text, flags=re.DOTALL)
    kinds = [k for c in nb.cells for o in c.get("outputs", []) for k in o.get("data", {})]
    return Stats(
        cells=len(nb.cells),
        code_cells=len(lines),
        line_median=statistics.median(lines) if lines else 0,
        line_p90=lines[int(0.9 * (len(lines) - 1) + 0.5)] if lines else 0,
        words=len(re.findall(r"\b[^\W\d_]{2,}\b", text)),
        kilobytes=round(path.stat().st_size / 1000),
        figures=sum(kind.startswith("image/") for kind in kinds),
    )
