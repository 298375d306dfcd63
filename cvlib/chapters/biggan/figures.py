"""The pictures of chapter 10; each function draws on given axes or returns a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from cvlib.chapters.biggan.probes import filter_cosines, mixed_classes, swept_chunk
from cvlib.course.page.figures import (
    BLUE,
    ORANGE,
    PAPER,
    RECORDED,
    SKY,
    VERMILION,
)
from cvlib.gan.pictures import Curve, drawn, rows, show_tiles, threshold_name

Seeds = Sequence[float | None]


def hero(G: nn.Module, curves: Sequence[Curve]) -> Figure:
    """Samples at three thresholds above the curve of precision and recall of every seed."""
    fig = plt.figure(figsize=(8, 7.2))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1.35, 1.0))
    for ax, threshold in zip(top.subplots(3, 1), (None, 1.0, 0.3), strict=True):
        images = drawn(G, threshold, 4).unflatten(0, (-1, 4))  # (K, 4, C, R, R)
        # two rows, and two columns for each class
        tiled = images.unflatten(1, (2, 2)).transpose(0, 1).flatten(0, 2)
        show_tiles(ax, tiled, 2 * len(images))
        ax.set_title(threshold_name(threshold), loc="left")
    dial(bottom.subplots(), curves)
    return fig


def dial(ax: Axes, curves: Sequence[Curve]) -> None:
    """Precision against recall as the threshold falls, a line per seed, thresholds on the first."""
    for i, curve in enumerate(curves):
        recall = [100 * point["recall"] for point in curve]
        precision = [100 * point["precision"] for point in curve]
        ax.plot(recall, precision, **{**RECORDED, "alpha": 1.0 if i == 0 else 0.45})
        if i == 0:
            for point, x, y in zip(curve, recall, precision, strict=True):
                name = "t = ∞" if point["threshold"] is None else f"{point['threshold']:g}"
                ax.annotate(name, (x, y), (4, -11), textcoords="offset points", fontsize=9)
    ax.set(xlabel="recall: share of real digits within reach of the samples (%)",
           ylabel="precision (%)")  # fmt: skip
    ax.margins(0.06, 0.12)
    ax.invert_xaxis()


def draw_dial(G: nn.Module, curves: Sequence[Curve], shown: int) -> Any:
    """A function for `explore`: samples at a threshold, and where it stands on both curves.

    `shown` is the place of G's own curve, the dark one; `inf` is no truncation.
    """

    def draw(ax: Axes, t: float) -> None:
        ax.axis("off")
        threshold = None if t == math.inf else t
        show_tiles(ax.inset_axes((0, 0.53, 1, 0.47)), drawn(G, threshold, 2), 4)  # two of a class
        for place, (x, y) in ((0.29, ("recall", "precision")), (0.0, ("inception", "frechet"))):
            stand = ax.inset_axes((0.2, place, 0.8, 0.17))
            _stand(stand, curves, shown, threshold, x, y)

    return draw


SCALES = {  # factor, range and name of what the dial trades; variety falls to the right
    "recall": (100, (57, -3), "recall (%)"), "precision": (100, (82, 98), "precision"),
    "inception": (1, (8.8, 10.1), "class score"), "frechet": (1, (0, 145), "distance"),
}  # fmt: skip


def _stand(
    ax: Axes, curves: Sequence[Curve], shown: int, threshold: float | None, x: str, y: str
) -> None:
    """Two scores of every threshold, a line per seed; a black dot where the dial stands."""
    for i, curve in enumerate(curves):
        values = [[SCALES[key][0] * point[key] for point in curve] for key in (x, y)]
        ax.plot(*values, color=BLUE, alpha=1.0 if i == shown else 0.3, linewidth=1)
        if i == shown:
            at = [point["threshold"] for point in curve].index(threshold)
            ax.plot(values[0][at], values[1][at], "o", color="black", markersize=7, clip_on=False)
    ax.set(xlim=SCALES[x][1], ylim=SCALES[y][1])
    ax.set_xlabel(SCALES[x][2], fontsize=7, labelpad=1)
    ax.set_ylabel(SCALES[y][2], fontsize=7, labelpad=1)
    ax.tick_params(labelsize=6.5, pad=1)


def dots(ax: Axes, values: Mapping[str, Seeds], color: str) -> None:
    """One dot per seed and a bar at the mean, a column per name."""
    for i, seeds in enumerate(values.values()):
        known = [v for v in seeds if v is not None]
        if known:
            ax.plot([i] * len(known), known, "o", color=color, alpha=0.7)
            ax.hlines(np.mean(known), i - 0.22, i + 0.22, color=color)
    ax.set_xticks(range(len(values)), list(values))
    ax.set_xlim(-0.5, len(values) - 0.5)


PANELS = {  # of the scaling picture: what each column is called, and its score
    "batch, equal steps": {"16": "b16", "64": "b64", "256": "b256"},
    "batch, equal images": {"16": "b16_images", "64": "b64", "256": "b256_images"},
    "width, equal steps": {"×½": "half", "×1": "b64", "×2": "double"},
}


def scaling(metrics: Mapping[str, Mapping[str, Any]], fixed: Mapping[str, Tensor]) -> Figure:
    """The Fréchet distance of every seed by batch and width; below, what one noise draws there.

    `fixed` holds bytes (2 K, C, R, R) by score: two samples of each class, of the median seed; the
    first of each of the first five classes are drawn.
    """
    fig = plt.figure(figsize=(8, 4.8))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1.9, 1))
    above, below = top.subplots(1, 3, sharey=True), bottom.subplots(1, 3)
    for ax, strip, (title, marks) in zip(above, below, PANELS.items(), strict=True):
        seeds = {name: metrics[f"frechet_{mark}"]["values"] for name, mark in marks.items()}
        dots(ax, seeds, BLUE)
        ax.set_title(title)
        images = torch.cat([fixed[mark][:10:2] for mark in marks.values()])  # (3 * 5, C, R, R)
        rows(strip, images, list(marks))
    above[0].set_yscale("log")
    above[0].set_ylabel("Fréchet distance (log)")
    return fig


def signs(
    growths: Sequence[Mapping[str, Mapping[str, float]]], metrics: Mapping[str, Mapping[str, Any]],
    paper: Mapping[str, Mapping[str, Any]],
) -> Figure:  # fmt: skip
    """How much sigma_0 of every layer grew, in G and in D, and what D remembers; dots are seeds."""
    fig, axes = plt.subplots(1, 3, figsize=(8, 4.2), width_ratios=(1, 1, 0.75))
    for ax, net, color in zip(axes, ("G", "D"), (VERMILION, BLUE), strict=False):
        names = list(growths[0][net])
        for i, name in enumerate(names):
            values = [seed[net][name] for seed in growths]
            ax.plot(values, [i] * len(values), "o", color=color, alpha=0.7, markersize=4)
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.invert_yaxis()
        ax.axvline(1, color="black", linewidth=0.8)
        ax.set(title=f"{net}: stored weights", xlabel="σ₀, end over start", xlim=(0.9, 2.55))
    asked = {"training": "train_real", "held out": "held_out_real"}
    pairs = zip(*(metrics[name]["values"] for name in asked.values()), strict=True)
    for pair in pairs:  # a seed's two shares
        axes[2].plot(pair, **RECORDED, alpha=0.8)
    axes[2].plot([paper[name]["value"] for name in asked.values()], **PAPER, label="paper")
    axes[2].set_xticks([0, 1], list(asked))
    axes[2].set(title="called real by D (%)", xlim=(-0.3, 1.3), ylim=(-3, 103))
    axes[2].legend(loc=(0.1, 0.25), fontsize=8)
    return fig


def gram_pair(nets: Mapping[str, nn.Module], layer: str) -> Figure:
    """|cos| between the filters of one layer in several nets, on one colour scale."""
    fig, axes = plt.subplots(1, len(nets), figsize=(8, 3.4))
    for ax, (name, net) in zip(axes, nets.items(), strict=True):
        picture = ax.imshow(filter_cosines(net, layer).abs(), cmap="magma", vmin=0, vmax=1)
        ax.set(title=name, xlabel="filter", ylabel="filter")
        ax.grid(False)
    fig.colorbar(picture, ax=axes, label="|cos|")
    return fig


def collapse_panel(
    histories: Sequence[Sequence[Mapping[str, float]]], fixed: Mapping[str, Tensor], shown: int
) -> Figure:
    """The monitor's readings, a line per seed; below, one noise through two trainings.

    `fixed` holds bytes (steps, 2 K, C, R, R) of "base" and "collapse"; the first step, which is
    noise, is left out. `shown` is the place of the seed whose every sigma_0 is drawn.
    """
    fig = plt.figure(figsize=(8, 5.3))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1.2, 1))
    axes = top.subplots(1, 3)
    for i, history in enumerate(histories):
        read = [line for line in history if "frechet" in line]
        steps = [line["step"] + 1 for line in read]
        axes[0].plot(steps, [line["frechet"] for line in read], color=BLUE, alpha=0.8)
        if i == shown:
            _race(axes[1], read, steps)
        axes[2].plot(steps, [100 * line["train_real"] for line in read], color=SKY, linewidth=4)
        held_out = [100 * line["held_out_real"] for line in read]
        axes[2].plot(steps, held_out, color="black", linestyle="--", linewidth=1)
    axes[0].set(title="Fréchet distance (log)", yscale="log", xlabel="step")
    axes[1].set(title="σ₀ over its first reading", xlabel="step")
    axes[2].set(title="called real by D (%)", xlabel="step", ylim=(-3, 103))
    axes[2].plot([], [], color=SKY, linewidth=4, label="training")
    axes[2].plot([], [], color="black", linestyle="--", linewidth=1, label="held out")
    axes[2].legend(loc=(0.28, 0.66), fontsize=7, handlelength=1.2)
    titles = {"base": "the base", "collapse": "driven too hard"}
    for ax, (name, title) in zip(bottom.subplots(1, 2), titles.items(), strict=True):
        names = [str(step) for step in fixed["steps"][1:].tolist()]
        rows(ax, fixed[name][1:, ::2].flatten(0, 1), names)
        ax.set_title(title)
    return fig


def _race(ax: Axes, read: Sequence[Mapping[str, float]], steps: Sequence[int]) -> None:
    """Every sigma_0 over its first reading: D's and G's layers, and G's first one in front."""
    for prefix, color in (("sigma_d/", BLUE), ("sigma_g/", ORANGE)):
        for name in (key for key in read[0] if key.startswith(prefix)):
            first = name == "sigma_g/linear"
            look = {"color": VERMILION, "linewidth": 2.5, "zorder": 3} if first else {
                "color": color, "linewidth": 0.8, "alpha": 0.7}  # fmt: skip
            ax.plot(steps, [line[name] / read[0][name] for line in read], **look)
    for label, color in (("G's first", VERMILION), ("G", ORANGE), ("D", BLUE)):
        ax.plot([], [], color=color, label=label)
    ax.legend(loc="upper left", fontsize=8)


def draw_mix(G: nn.Module) -> Any:
    """A function for `explore`: four noises, their class vector `mix` of the way to another's."""

    def draw(ax: Axes, mix: float, start: int, end: int) -> None:
        images = [mixed_classes(G, start, end, [mix], seed) for seed in range(4)]
        show_tiles(ax, torch.cat(images), 2)

    return draw


def chunk_sweep(G: nn.Module, label: int, values: Sequence[float]) -> Figure:
    """One row per chunk of the noise: the same digit while that chunk alone is swept."""
    fig, axes = plt.subplots(G.chunks, 1, figsize=(8, 1.05 * G.chunks + 0.3))
    for chunk, ax in enumerate(axes):
        show_tiles(ax, swept_chunk(G, chunk, label, values), len(values))
        enters = "first linear layer" if chunk == 0 else f"block {chunk}"
        ax.set_title(f"chunk {chunk}: {enters}", fontsize=9, loc="left")
    return fig
