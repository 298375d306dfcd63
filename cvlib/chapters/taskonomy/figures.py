"""The pictures of chapter 05."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.chapters.taskonomy.probes import Curve
from cvlib.course.page.figures import (
    BLACK,
    LIVE,
    ORANGE,
    PAPER,
    RECORDED,
    SKY,
    VERMILION,
)
from cvlib.taskonomy.names import group, label
from cvlib.taskonomy.pictures import GROUPS, draw_tree
from cvlib.taskonomy.tasks import RANDOM, TASKS

AXES = (VERMILION, SKY, ORANGE)  # of the room: x, y, z


def label_maps(
    photo: np.ndarray, maps: Mapping[str, np.ndarray], edges: Sequence[tuple[int, np.ndarray]]
) -> Figure:
    """A photo and its label maps; the room's edges are drawn last, coloured by vanishing point."""
    fig = plt.figure(figsize=(4.2, 3.85))
    cells = fig.add_gridspec(4, 5)
    axes = [fig.add_subplot(cells[:2, :2])]
    axes += [fig.add_subplot(cells[i, j]) for i in range(4) for j in range(5) if i > 1 or j > 1]
    pictures = {"the picture": photo, **maps, "vanishing points": 0.4 + 0.6 * photo}
    for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
        whole = "segments" in name or "classes" in name
        ax.imshow(picture, cmap="tab20" if whole else None, interpolation="antialiased")
        ax.set_title(name, fontsize=6.5)
        ax.axis("off")
    size = photo.shape[0]
    for axis, points in edges:
        axes[-1].plot(*(points.T * size), color=AXES[axis], linewidth=1.4)
    axes[-1].set(xlim=(0, size), ylim=(size, 0))
    return fig


def curves(
    published: Curve | None, recorded: Curve | None = None, live: Curve | None = None
) -> Figure:
    """Gain and quality against the share of tasks that have all their labels."""
    fig, axes = plt.subplots(1, 2, figsize=(6.8, 2.8))
    sets = ((published, PAPER, "authors' data"), (recorded, RECORDED, "rooms, recorded"),
            (live, LIVE, "rooms, this run"))  # fmt: skip
    for ax, what in zip(axes, ("gain", "quality"), strict=True):
        for curve, mark, who in sets:
            if curve is not None:
                _curve(ax, curve, what, mark, who)
        ax.axhline(0.5, color=BLACK, linewidth=0.8, linestyle="--")
        ax.set(
            xlabel="share of the tasks with all labels", ylabel=what, xlim=(0, 1.03), ylim=(0, 1)
        )
    axes[0].set_title("gain: wins against scratch")
    axes[1].set_title("quality: wins against full supervision")
    axes[1].legend(loc="upper left", fontsize=7.5)
    return fig


def _curve(ax: Axes, curve: Curve, what: str, mark: dict[str, Any], who: str) -> None:
    values, band = getattr(curve, what), getattr(curve, f"{what}_band")
    ax.plot(curve.share, values.mean(0), **{**mark, "markersize": 4}, label=who)
    if len(values) > 1:
        for row in values:
            ax.plot(curve.share, row, linestyle="", marker=".", markersize=3, color=mark["color"])
    ax.fill_between(curve.share, *band.T, color=mark["color"], alpha=0.15, linewidth=0,
                    label=f"random policies, {who}")  # fmt: skip


def losses_by_source(losses: Sequence[Mapping[str, float]], marked: Sequence[str]) -> Figure:
    """Depth's loss over full supervision's, read from every code: dots are seeds."""
    names = sorted(losses[0], key=lambda s: float(np.mean([x[s] for x in losses])))
    fig, ax = plt.subplots(figsize=(6.8, 3.2))
    for i, name in enumerate(names):
        values = [x[name] for x in losses]
        colour = BLACK if name == "scratch" else GROUPS[group(name)]
        ax.plot([1, np.mean(values)], [i, i], color=colour, linewidth=5, alpha=0.35)
        ax.scatter(values, [i] * len(values), color=colour, s=22, zorder=3)
    titles = {"scratch": "no code: trained from scratch", RANDOM: "an untrained encoder's code"}
    ax.set_yticks(range(len(names)), [titles.get(n, f"code of {label(n)}") for n in names])
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_fontweight("bold" if name in marked else "normal")
    ax.invert_yaxis()
    ax.set_xlabel("loss on z-depth, full supervision = 1")
    return fig


def draw_weights(
    ax: Axes, players: Sequence[str], weights: np.ndarray, order: Sequence[int]
) -> None:
    """The weights of the players after some iterations; player 0 is full supervision."""
    colours = [BLACK if i == 0 else GROUPS[group(players[i])] for i in order]
    ax.barh(range(len(order)), weights[list(order)], color=colours)
    for row, i in enumerate(order):
        name = "full supervision" if i == 0 else label(players[i])
        ax.text(weights[i] + 0.01, row, name, va="center", fontsize=6.5)
    ax.set(yticks=[], xlim=(0, 0.6))
    ax.invert_yaxis()
    ax.grid(False)


Table = Mapping[tuple[str, str], np.ndarray]  # (source, target) -> a value per seed


def structure(
    ours: Table, theirs: Table, trees: Mapping[str, tuple[Sequence[str], np.ndarray]]
) -> Figure:
    """log10 affinity over full supervision's, ours and the authors'; below, trees by title.

    A tree is its tasks, and its merges (n - 1, 4) in SciPy's format.
    """
    fig = plt.figure(figsize=(7, 7.6))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1))
    axes = top.subplots(1, 2, sharey=True)
    for ax, table, title in zip(axes, (ours, theirs), trees, strict=True):
        image = _matrix(ax, table, ours)
        ax.set_title(title)
    axes[0].set_ylabel("source")
    top.colorbar(image, ax=axes, label="log10 of p / p(full)", extend="min")
    for ax, (title, tree) in zip(bottom.subplots(1, 2), trees.items(), strict=True):
        draw_tree(ax, title, *tree)
    return fig


def _matrix(ax: Axes, table: Table, ours: Table) -> Any:
    """The mean over seeds, sources by targets, for the tasks of our rooms alone."""
    targets = [n for n in TASKS if any(t == n for _, t in ours)]
    sources = [n for n in (*TASKS, RANDOM) if any(s == n for s, _ in ours)]
    values = np.full((len(sources), len(targets)), np.nan)
    for (source, target), logs in table.items():
        if source in sources and target in targets:
            values[sources.index(source), targets.index(target)] = np.mean(logs)
    image = ax.imshow(values, vmin=-2.5, vmax=0, cmap="cividis", aspect="auto")
    ax.set_facecolor("#DDDDDD")
    names = [label(t) for t in targets]
    ax.set_xticks(range(len(targets)), names, rotation=60, ha="right", fontsize=8.5)
    ax.set_yticks(range(len(sources)), [label(s) for s in sources], fontsize=8.5)
    ax.grid(False)
    return image


def asymmetric(pairs: Sequence[tuple[str, str]], ours: Table, theirs: Table) -> Figure:
    """Both directions of some pairs of tasks; dots are seeds, squares the authors' data."""
    fig, ax = plt.subplots(figsize=(7, 0.5 + 0.42 * len(pairs)))
    for i, (a, b) in enumerate(pairs):
        for pair, colour, lift in (((a, b), SKY, -0.14), ((b, a), VERMILION, 0.14)):
            values = ours[pair]
            ax.scatter(values, [i + lift] * len(values), color=colour, s=26, zorder=3)
            if pair in theirs:
                ax.scatter(np.mean(theirs[pair]), i + lift, marker="s", s=24, zorder=2,
                           facecolor="none", edgecolor=PAPER["color"])  # fmt: skip
    names = [f"{label(a)} → {label(b)}\nand back" for a, b in pairs]
    ax.set_yticks(range(len(pairs)), names, fontsize=8.5)
    ax.invert_yaxis()
    ax.set_xlabel("log10 of p / p(full supervision): 0 is as good as full")
    return fig


def readings(
    rgb: np.ndarray, truth: np.ndarray, read: Mapping[str, np.ndarray], count: int = 3
) -> Figure:
    """Rooms (N, H, W, 3), their true depth (N, H, W), and the depth read from several codes."""
    rows = {"picture": rgb, "true z-depth": truth, **{f"from {k}": v for k, v in read.items()}}
    fig, axes = plt.subplots(len(rows), count, figsize=(3.4, 0.8 * len(rows)))
    low, high = np.percentile(truth, (1, 99))
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(line, pictures, strict=False):
            ax.imshow(picture, vmin=low, vmax=high)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.grid(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return fig


def spreads(record: Mapping[str, Any]) -> Figure:
    """How much the choice of the source matters: dots are seeds, bars means."""
    rows = {
        "spread_little": "little transfer data", "spread_plenty": "plenty of it",
        "spread_narrow": "small read-outs", "spread_wide": "4x as wide",
        "spread_floor": "two untrained encoders: noise",
    }  # fmt: skip
    fig, ax = plt.subplots(figsize=(6.8, 2.3))
    for i, name in enumerate(rows):
        metric = record["metrics"][name]
        values = [v for v in metric["values"] if v is not None]
        colour = PAPER["color"] if name == "spread_floor" else RECORDED["color"]
        ax.barh(i, metric["mean"] or 0, color=colour, alpha=0.3, height=0.6)
        ax.scatter(values, [i] * len(values), color=colour, s=24, zorder=3)
    ax.set_yticks(range(len(rows)), list(rows.values()))
    ax.invert_yaxis()
    ax.set_xlabel("spread of the losses over the sources, in %")
    return fig
