"""Pictures of a taxonomy: a policy as a graph with its ledger, and trees of tasks.

Colours are places in matplotlib's cycle, which the course's pages set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import dendrogram

from cvlib.taskonomy.names import group, label

GROUPS = {"2D": "C4", "3D": "C5", "semantic": "C3", "geometric": "C2"}
WIDE = 220  # pixels from which on a policy's tasks are named
BEND = 0.15  # how far from the centre the middle of a line is pulled


def draw_policy(
    ax: Axes, policy: Mapping[str, Sequence[str]], nodes: Sequence[str], ledger: Mapping[str, float]
) -> None:
    """Tasks on a circle by group; a filled one has all labels, a line teaches its other end.

    Below it the shares in `ledger` are bars, with a stroke at one half.
    """
    order = sorted(nodes, key=lambda n: (list(GROUPS).index(group(n)), n))
    angle = {n: 2 * np.pi * i / len(order) for i, n in enumerate(order)}
    place = {n: np.array([np.cos(a), np.sin(a)]) for n, a in angle.items()}
    for target, sources in policy.items():
        for source in (s for s in sources if s != target):
            _teach(ax, place[source], place[target], GROUPS[group(source)])
    used = {s for sources in policy.values() for s in sources}
    wide = ax.get_window_extent().width > WIDE
    for n, xy in place.items():
        colour = GROUPS[group(n)]
        face = colour if n in used else "white"
        ax.scatter(*xy, s=60 if wide else 26, facecolor=face, edgecolor=colour, zorder=2)
        if wide:
            _name(ax, xy, np.degrees(angle[n]), label(n))
    reach = 2.1 if wide else 1.15
    low = -reach - 0.2 if not wide else -reach
    _bars(ax, ledger, low)
    ax.set(xlim=(-reach, reach), ylim=(low - 0.32 * len(ledger), reach), aspect="equal")
    ax.axis("off")


def _teach(ax: Axes, start: np.ndarray, end: np.ndarray, colour: str) -> None:
    """A line between two places (2,) on the circle, bent towards its centre."""
    t = np.linspace(0, 1, 20)[:, None]
    middle = BEND * (start + end)
    line = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end  # (20, 2)
    ax.plot(*line.T, color=colour, linewidth=0.9, alpha=0.8, zorder=1)


def _name(ax: Axes, xy: np.ndarray, turn: float, name: str) -> None:
    """A task's name outside its place (2,), read outwards from the circle."""
    flip = 180 if 90 < turn < 270 else 0
    ax.text(*(1.1 * xy), name, rotation=turn + flip, rotation_mode="anchor",
            ha="right" if flip else "left", va="center", fontsize=7)  # fmt: skip


def _bars(ax: Axes, ledger: Mapping[str, float], top: float) -> None:
    """Shares between 0 and 1 as bars below each other; the stroke is one half."""
    for i, (name, share) in enumerate(ledger.items()):
        y = top - 0.32 * i
        ax.barh(y, 1, 0.2, left=-0.35, color="#E3E3E3")
        ax.barh(y, min(share, 1), 0.2, left=-0.35, color="#767676")
        ax.plot([0.15, 0.15], [y - 0.13, y + 0.13], color="black", linewidth=0.8)
        ax.text(-0.42, y, name, ha="right", va="center", fontsize=7.5)
        ax.text(0.72, y, f"{share:.2f}", ha="left", va="center", fontsize=7.5)


def draw_tree(ax: Axes, title: str, tasks: Sequence[str], merges: np.ndarray) -> None:
    """A tree of tasks from merges (n - 1, 4) in SciPy's format; names have their group's colour."""
    names = [label(t) for t in tasks]
    dendrogram(np.asarray(merges), labels=names, orientation="left", ax=ax,
               color_threshold=0, above_threshold_color="#555555")  # fmt: skip
    for tick in ax.get_yticklabels():
        name = tasks[names.index(tick.get_text())]
        tick.set(color=GROUPS[group(name)], fontsize=8.5, fontweight="bold")
    ax.set(title=title, xlabel="1 - correlation")
    ax.grid(False)
