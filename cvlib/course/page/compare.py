"""Rows of a record drawn side by side: the paper's value, every recorded seed, and this run.

The three marks are those of all chapters (`figures.PAPER`, `RECORDED`, `LIVE`); a mean is large,
its seeds are small dots of the same colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cvlib.course.page.figures import LIVE, PAPER, RECORDED

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line: a row of the record, or its difference to another row, and the paper's value.

    Without `metric` the line has the paper's value alone.
    """

    label: str
    metric: str = ""
    minus: str = ""
    paper: float | None = None


def seeds(record: Record, metric: str, minus: str = "") -> list[float]:
    """What each seed of a record measured of a row, or of the difference of two rows."""
    values = record["metrics"][metric]["values"]
    others = record["metrics"][minus]["values"] if minus else [0.0] * len(values)
    pairs = zip(values, others, strict=True)
    return [v - w for v, w in pairs if v is not None and w is not None]


def runs(live: Record | None, recorded: Record | None) -> list[tuple[str, Record, dict[str, str]]]:
    """The runs there are, each with its name and its mark."""
    found = []
    if recorded is not None:
        found.append((f"recorded run ({recorded['profile']})", recorded, RECORDED))
    if live is not None:
        found.append(("this run", live, LIVE))
    return found


def compare(
    panels: Mapping[str, Sequence[Line]], unit: str, live: Record | None, recorded: Record | None
) -> Figure:
    """One panel for each title, its lines from top to bottom, values in `unit` to the right."""
    most = max(map(len, panels.values()))
    fig, axes = plt.subplots(1, len(panels), figsize=(8.6, 1.3 + 0.4 * most), squeeze=False)
    found = runs(live, recorded)
    for ax, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for place, line in enumerate(reversed(lines)):
            _draw(ax, line, place, found)
        ax.axvline(0, color="#BBBBBB", linewidth=1)
        ax.set_yticks(range(len(lines)), [line.label for line in reversed(lines)])
        ax.set_ylim(-0.6, len(lines) - 0.4)
        ax.set_xlabel(unit)
        ax.set_title(title)
    every = [line for lines in panels.values() for line in lines]
    marks = [("paper", PAPER)] if any(line.paper is not None for line in every) else []
    marks += [(name, mark) for name, _, mark in found]
    handles = [Line2D([], [], **{**mark, "linestyle": ""}, label=name) for name, mark in marks]
    fig.legend(handles=handles, loc="outside upper center", ncols=3)
    return fig


def _draw(ax: Axes, line: Line, place: int, found: Sequence[tuple[str, Record, Any]]) -> None:
    """The paper a little above the line's place, the recorded run on it, this run below."""
    if line.paper is not None:
        ax.plot(line.paper, place + 0.22, **{**PAPER, "linestyle": ""})
    for _, record, mark in found:
        points = seeds(record, line.metric, line.minus) if line.metric else []
        height = place - (0.22 if mark is LIVE else 0.0)
        if points:
            ax.plot(np.mean(points), height, **{**mark, "linestyle": ""})
            ax.scatter(points, [height] * len(points), s=10, color=mark["color"], alpha=0.5)
