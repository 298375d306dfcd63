"""The chapter's pictures: functions that take data and return a Figure, or draw into axes."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.course.page.figures import BLUE, LIVE, VERMILION


def errors(at: Sequence[float], values: Sequence[float]) -> Figure:
    """Error in % over the place of a threshold."""
    fig, ax = plt.subplots()
    ax.plot(at, values, **LIVE)
    ax.set(xlabel="threshold", ylabel="error (%)")
    return fig


def clouds(ax: Axes, x: Tensor, y: Tensor) -> None:
    """Points x (B, 2) in the colour of their class y (B,)."""
    for label, colour in enumerate((BLUE, VERMILION)):
        ax.scatter(*x[y == label].T, s=8, color=colour, label=f"class {label}")
    ax.set(xlabel="first coordinate", ylabel="second coordinate")
    ax.legend()
