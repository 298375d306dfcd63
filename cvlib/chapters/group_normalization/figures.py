"""The chapter's pictures: functions that take data and return a Figure, or draw into axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.chapters.group_normalization.claims import BN, BY_GROUPS, COCO, GN, GROUPS, TABLE_1
from cvlib.chapters.group_normalization.config import SIZES, Study
from cvlib.course.page.compare import Line, Record, compare, runs, seeds
from cvlib.course.page.figures import BLUE, GREEN, PAPER, RECORDED, VERMILION
from cvlib.normalization.reference import Kind

PALE = "#EDEDED"
HOLLOW = {"fillstyle": "none", "linestyle": "-."}


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
    ax.margins(0.08)
    ax.annotate("N", (n / 2, -0.25), ha="center", va="top")
    ax.annotate("H, W", (-0.2, 0.4 * p), ha="right", va="center")
    ax.annotate("C", n * right + c / 2 * back + np.array([0.5, -0.3]), ha="left", va="top")


INDEX_SETS: dict[str, tuple[Kind, int]] = {
    "batch": ("bn", 1),
    "layer, G = 1": ("ln", 1),
    "group, G = 2": ("gn", 2),
    "group, G = 4": ("gn", 4),
    "instance, G = C": ("in", 8),
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


def hero(
    live: Record | None = None, recorded: Record | None = None, longer: Record | None = None
) -> Figure:
    """Points lost since 32 images per worker: batch norm on the left, group norm on the right.

    `longer` is a second recorded run, drawn hollow.
    """
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.3), sharey=True)
    norms = (("batch norm", BN, "bn_error_{}"), ("group norm", GN, "gn_error"))
    for ax, (title, table, name) in zip(axes, norms, strict=True):
        ax.plot(list(table), [v - table[32] for v in table.values()], **PAPER, label="paper")
        hollow = [(label, r, {**m, **HOLLOW}) for label, r, m in runs(None, longer)]
        for label, record, mark in [*runs(live, recorded), *hollow]:
            lost = {n: seeds(record, name.format(n), name.format(32)) for n in SIZES}
            lost = {n: points for n, points in lost.items() if points}
            ax.plot(list(lost), [np.mean(points) for points in lost.values()], **mark, label=label)
            for n, points in lost.items():
                ax.scatter([n] * len(points), points, s=12, color=mark["color"], alpha=0.5)
        size_axis(ax)
        ax.set_title(title)
    axes[0].set_ylabel("points of error lost\nsince 32 images per worker")
    axes[0].legend(loc="upper left")
    return fig


def curves(record: Record, tasks: Mapping[str, str]) -> Figure:
    """Training loss of the record's first seed against SGD steps, smoothed; task -> label."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    colours = dict(zip(tasks, (GREEN, VERMILION, BLUE), strict=False))
    first = record["seeds"][0]
    for line in record["history"]:
        if line["task"] in tasks and line["seed"] == first:
            points = [p for p in line["points"] if "loss" in p]
            loss = np.array([p["loss"] for p in points])
            window = max(1, len(loss) // 20)
            smooth = np.convolve(loss, np.ones(window) / window, "valid")
            steps = [p["step"] for p in points][window - 1 :]
            ax.plot(steps, smooth, color=colours[line["task"]], label=tasks[line["task"]])
    ax.set_xlabel("SGD step")
    ax.set_ylabel("training loss")
    ax.legend()
    return fig


def tables(live: Record | None, recorded: Record | None, study: Study) -> Figure:
    """The paper's Table 1, and the part of its Table 3 that varies the number of groups."""
    norms = [
        Line("BN (32)", "bn_error_32", "gn_error", TABLE_1["BN"] - TABLE_1["GN"]),
        Line("LN", "ln_error", "gn_error", TABLE_1["LN"] - TABLE_1["GN"]),
        Line("IN", "in_error", "gn_error", TABLE_1["IN"] - TABLE_1["GN"]),
    ]
    best = BY_GROUPS[32]
    counts = [Line("G = 1 (LN)", "ln_error", "gn_error", BY_GROUPS[1] - best)]
    for g in sorted(g for g in GROUPS if g != study.groups):
        counts.append(Line(f"G = {g}", f"groups_error_{g}", "gn_error", BY_GROUPS[g] - best))
    panels = {"Table 1: the norms": norms, "Table 3: the number of groups": counts}
    return compare(panels, "points of error above GN", live, recorded)


def one_thing_changed(live: Record | None, recorded: Record | None) -> Figure:
    """Section 12: the last stride, and the order of the images inside the SGD batch."""
    stride = [
        Line("last stride 2", "bn_error_2", "bn_error_32"),
        Line("last stride 1", "large_bn_error_2", "large_bn_error_32"),
    ]
    order = [
        Line("BN, 8 a worker", "sorted_bn_error_8", "bn_error_8"),
        Line("GN", "sorted_gn_error", "gn_error"),
    ]
    panels = {"BN loses from 32 to 2 images": stride, "lost by sorting the batch": order}
    return compare(panels, "points of error", live, recorded)


def transfer(live: Record | None, recorded: Record | None) -> Figure:
    """Fine-tuning: the paper's Mask R-CNN on COCO, ours on CamVid, each against frozen BN."""
    frozen = COCO["BN* (frozen)"][0]
    names = ("GN", "GN, 270k iterations", "GN from scratch, 270k")
    paper = [Line(name, paper=COCO[name][0] - frozen) for name in names]
    ours = [
        Line("GN", "transfer_gn", "transfer_frozen"),
        Line("GN from scratch", "transfer_scratch", "transfer_frozen"),
        Line("BN, trained on", "transfer_bn", "transfer_frozen"),
        Line("BN turned into GN", "transfer_converted", "transfer_frozen"),
    ]
    panels = {"the paper: COCO, box AP": paper, "ours: CamVid, mean IoU": ours}
    return compare(panels, "points above BN* (frozen)", live, recorded)


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
    spread = [result["sd"][str(n)] for n in sizes]
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
