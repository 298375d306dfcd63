"""The chapter's pictures: functions that take data and return a Figure, or draw into axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.chapters.group_normalization.experiment import BN, GN
from cvlib.course.page.figures import BLUE, GREEN, LIVE, PAPER, RECORDED, VERMILION
from cvlib.normalization.reference import Kind

PALE = "#EDEDED"


def index_set(
    kind: Kind, shape: tuple[int, int, int], at: tuple[int, int], groups: int
) -> np.ndarray:  # fmt: skip
    """Which of (N, C, P) share one mean with the value at image `at[0]`, channel `at[1]`."""
    n, c, p = shape
    images, channels, _ = np.indices((n, c, p))
    same_image, same_channel = images == at[0], channels == at[1]
    block = channels // (c // groups) == at[1] // (c // groups)
    return {
        "bn": same_channel,
        "ln": same_image,
        "in": same_image & same_channel,
        "gn": same_image & block,
    }[kind]


def cube(ax: Axes, member: np.ndarray) -> None:
    """A feature tensor (N, C, P) as a block of cells; the cells of `member` are coloured."""
    n, c, p = member.shape
    right, back, up = np.array([1.0, 0.0]), np.array([0.45, 0.38]), np.array([0.0, 0.8])

    def quad(corner: np.ndarray, a: np.ndarray, b: np.ndarray, inside: bool, light: float) -> None:
        colour = np.array(plt.matplotlib.colors.to_rgb(BLUE if inside else PALE)) * light
        xy = np.stack([corner, corner + a, corner + a + b, corner + b])
        ax.fill(*xy.T, facecolor=colour, edgecolor="white", linewidth=0.8)

    for i in range(n):  # front: images to the right, pixels upwards, channels to the back
        for j in range(p):
            quad(i * right + j * up, right, up, member[i, 0, j], 1.0)
        for k in range(c):
            quad(i * right + k * back + p * up, right, back, member[i, k, p - 1], 0.93)
    for k in range(c):
        for j in range(p):
            quad(n * right + k * back + j * up, back, up, member[n - 1, k, j], 0.8)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.annotate("N", (n / 2, -0.25), ha="center", va="top")
    ax.annotate("H, W", (-0.2, 0.4 * p), ha="right", va="center")
    ax.annotate("C", n * right + c / 2 * back + np.array([0.5, -0.3]), ha="left", va="top")


INDEX_SETS: dict[str, tuple[Kind, int]] = {
    "batch norm": ("bn", 1),
    "layer norm (G = 1)": ("ln", 1),
    "group norm, G = 2": ("gn", 2),
    "group norm, G = 4": ("gn", 4),
    "instance norm (G = C)": ("in", 8),
}


def draw_index_set(ax: Axes, name: str) -> None:
    """One of `INDEX_SETS`, on a tensor of 4 images, 8 channels and 4 pixels."""
    kind, groups = INDEX_SETS[name]
    cube(ax, index_set(kind, (4, 8, 4), (3, 0), groups))


def size_axis(ax: Axes) -> None:
    """Images per worker from 32 down to 2, as in the paper's Fig. 1."""
    ax.set_xscale("log", base=2)
    ax.set_xticks([32, 16, 8, 4, 2], ["32", "16", "8", "4", "2"])
    ax.minorticks_off()
    ax.invert_xaxis()
    ax.set_xlabel("images per worker")


def errors(record: Mapping[str, Any], kind: str) -> tuple[list[int], list[float], list[float]]:
    """Images per worker, mean and sd of the test error of `bn` or `gn` in a record."""
    found = [(n, record["metrics"][f"{kind}_error_{n}"]) for n in BN]
    found = [(n, m) for n, m in found if m["mean"] is not None]
    return [n for n, _ in found], [m["mean"] for _, m in found], [m["sd"] or 0.0 for _, m in found]


def hero(
    live: Mapping[str, Any] | None = None, recorded: Mapping[str, Any] | None = None
) -> Figure:  # fmt: skip
    """Error against images per worker: this run, the recorded run, and the paper's two curves."""
    fig, ax = plt.subplots(figsize=(8, 3.6))
    paper = ax.twinx()
    paper.spines["right"].set_visible(True)
    paper.spines["right"].set_color(PAPER["color"])
    paper.plot(list(BN), list(BN.values()), **PAPER, linewidth=1.0, label="BN, paper")
    grey = {**PAPER, "linestyle": "-"}
    paper.plot(list(GN), list(GN.values()), **grey, linewidth=1.0, label="GN, paper")
    paper.set_ylabel("ImageNet error in %, paper †", color=PAPER["color"])
    paper.set_ylim(20, 40)
    paper.grid(False)
    for record, mark, who in ((recorded, RECORDED, "recorded full run"), (live, LIVE, "this run")):
        if record is not None:
            _band(ax, record, "bn", {**mark, "color": VERMILION}, f"BN, {who}")
            _band(ax, record, "gn", {**mark, "color": BLUE}, f"GN, {who}")
    size_axis(ax)
    ax.set_ylabel("test error in %")
    ax.set_ylim(bottom=0)
    ax.set_zorder(paper.get_zorder() + 1)
    ax.patch.set_visible(False)
    lines = [*ax.get_lines(), *paper.get_lines()]
    ax.legend(lines, [line.get_label() for line in lines], loc="upper left")
    if live is None and recorded is None:
        ax.set_yticks([])
        ax.set_ylabel("")
    return fig


def _band(ax: Axes, record: Mapping[str, Any], kind: str, mark: dict[str, str], name: str) -> None:
    n, mean, sd = (np.array(v) for v in errors(record, kind))
    ax.plot(n, mean, **mark, label=name)
    ax.fill_between(n, mean - sd, mean + sd, color=mark["color"], alpha=0.15, linewidth=0)


def against_m(points: Sequence[tuple[str, int, float, float]]) -> Figure:
    """Points lost by batch norm at N = 2 against m of the last stage, one bar a network."""
    fig, ax = plt.subplots(figsize=(8, 2.6))
    for i, (_, _, small, large) in enumerate(points):
        ax.plot([large, small], [i, i], color="#BBBBBB", linewidth=3, zorder=1)
        ax.scatter(large, i, color=GREEN, zorder=2, label="32 images per worker" if not i else None)
        ax.scatter(
            small, i, color=VERMILION, zorder=2, label="2 images per worker" if not i else None
        )
    ax.set_yticks(range(len(points)), [f"{name}\nlast stage: m = {m}" for name, m, _, _ in points])
    ax.set_ylim(-0.6, len(points) - 0.4)
    ax.set_xlim(left=0)
    ax.set_xlabel("test error of batch norm in %")
    ax.legend(loc="lower right")
    return fig


def one_bit(x: np.ndarray, batch_norm: np.ndarray, group_norm: np.ndarray) -> Figure:
    """One image's activation x before, and after, in 200 batches of two."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
    for ax, y, name in zip(
        axes, (batch_norm, group_norm), ("batch norm", "group norm"), strict=True
    ):
        ax.scatter(x, y, s=12, alpha=0.6, color=VERMILION if name == "batch norm" else BLUE)
        ax.set_title(f"{name}, 2 images, 1x1 map")
        ax.set_xlabel("the other image's activation")
    axes[0].set_ylabel("the same image's output")
    axes[0].set_ylim(-1.6, 1.6)
    return fig


def variance_histogram(ax: Axes, m: int, draws: np.ndarray) -> None:
    """Estimates of a variance of 1 from m values, over the law's one-sigma band."""
    law = np.sqrt(2 / (m - 1))
    ax.hist(draws, bins=np.linspace(0, 4, 41), color=BLUE, density=True)
    ax.axvspan(max(0, 1 - law), 1 + law, color=VERMILION, alpha=0.2, linewidth=0)
    ax.set_xlim(0, 4)
    ax.set_yticks([])
    ax.set_xlabel("estimate")


def percentiles(curves: Mapping[str, np.ndarray]) -> Figure:
    """Percentiles 1, 20, 80, 99 of a late layer over training, one panel a normalisation."""
    fig, axes = plt.subplots(1, len(curves), figsize=(9, 2.8), sharey=True)
    for ax, (name, values) in zip(axes, curves.items(), strict=True):
        for column, style in zip(values.T, (":", "--", "--", ":"), strict=True):
            ax.plot(column, color=BLUE, linestyle=style)
        ax.set_title(name)
        ax.set_xlabel("SGD step")
    axes[0].set_ylabel("pre-activation, percentile\n1, 20, 80, 99")
    return fig


def stage_bars(stages: Sequence[str], norm_ms: Sequence[float], conv_ms: Sequence[float]) -> Figure:
    """The least time of normalisation and of convolution in every stage, side by side."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    place = np.arange(len(stages))
    ax.bar(place - 0.2, norm_ms, 0.4, color=VERMILION, label="normalisation: bytes / bandwidth")
    ax.bar(place + 0.2, conv_ms, 0.4, color=BLUE, label="convolution: FLOPs / peak rate")
    ax.set_xticks(place, stages)
    ax.set_ylabel("least time per image in µs")
    ax.legend()
    return fig


def logit_spread(batch_norm: np.ndarray, group_norm: np.ndarray) -> Figure:
    """The logits (batches, classes) of one image in many batches, as dots per class."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
    for ax, logits, name in zip(
        axes, (batch_norm, group_norm), ("batch norm in training mode", "group norm"), strict=True
    ):
        classes = np.tile(np.arange(logits.shape[1]), len(logits))
        colour = VERMILION if name.startswith("batch") else BLUE
        ax.scatter(classes, logits.ravel(), s=12, alpha=0.6, color=colour)
        ax.set_title(name)
        ax.set_xlabel("class")
        ax.set_xticks(range(logits.shape[1]))
    axes[0].set_ylabel("logit of one image")
    return fig


def batch_statistics(result: Mapping[str, Any]) -> Figure:
    """Top-1 of a trained network when batch norm takes its statistics from N test images."""
    fig, ax = plt.subplots(figsize=(8, 3))
    sizes = sorted((int(n) for n in result["accuracy"]), reverse=True)
    means = [np.mean(result["accuracy"][str(n)]) for n in sizes]
    spread = [np.std(result["accuracy"][str(n)]) for n in sizes]
    ax.errorbar(
        sizes, means, spread, **RECORDED, capsize=3, label="statistics of the N test images"
    )
    ax.axhline(result["running"], color=GREEN, label="running statistics of training")
    size_axis(ax)
    ax.set_xlabel("N, test images per batch")
    ax.set_ylabel("top-1 in %")
    ax.set_ylim(0, 100)
    ax.legend(loc="upper right")
    return fig
