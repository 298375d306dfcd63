"""The pictures of chapter 10; each function draws on given axes or returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from cvlib.chapters.biggan.probes import filter_cosines, mixed_classes, swept_chunk
from cvlib.course.page.figures import BLUE, GREEN, ORANGE, PURPLE, RECORDED, SKY, VERMILION
from cvlib.gan.sampling import Sampler, class_grid
from cvlib.gan.truncation import sampler, scaled, scaled_truncated, with_statistics

Seeds = Sequence[float | None]
Curve = Sequence[Mapping[str, Any]]  # rows of `truncation.Point`, one per threshold
MEANINGS = {"cut at t": sampler, "t x (cut at 2)": scaled_truncated, "t x normal": scaled}
TONES = (VERMILION, ORANGE, GREEN)
STANDING = 1000  # samples behind the batch-norm statistics of a picture


def tiles(images: Tensor, columns: int) -> np.ndarray:
    """Images (n, C, R, R) in [-1, 1] as one picture: rows of `columns`, a white pixel apart."""
    pixels = ((images.float().cpu() + 1) / 2).clamp(0, 1)
    padded = torch.nn.functional.pad(pixels, (0, 1, 0, 1), value=1.0)  # (n, C, R+1, R+1)
    rows = [torch.cat(list(row), dim=2) for row in padded.split(columns)]
    return torch.cat(rows, dim=1).permute(1, 2, 0).squeeze(-1).numpy()


def show_tiles(ax: Axes, images: Tensor, columns: int) -> None:
    """Images (n, C, R, R) in [-1, 1] as tiles on axes without ticks."""
    ax.imshow(tiles(images, columns), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")


def drawn(G: nn.Module, threshold: float | None, columns: int, seed: int = 3) -> Tensor:
    """Samples (K columns, C, R, R), class by class, with the statistics of this threshold."""
    net = with_statistics(G, threshold, STANDING)
    return class_grid(net, columns, seed, sampler=sampler(threshold))


def threshold_name(threshold: float | None) -> str:
    """`no truncation` or `t = 0.5`."""
    return "no truncation" if threshold is None else f"t = {threshold:g}"


def montage(G: nn.Module, thresholds: Sequence[float | None], columns: int = 4) -> Figure:
    """One block of samples per threshold: a row per class, the same seed in all blocks."""
    fig, axes = plt.subplots(1, len(thresholds), figsize=(8, 5.0))
    for ax, threshold in zip(axes, thresholds, strict=True):
        show_tiles(ax, drawn(G, threshold, columns), columns)
        ax.set_title(threshold_name(threshold))
    return fig


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


def draw_dial(G: nn.Module, curve: Curve) -> Any:
    """A function for `explore`: samples at a threshold, its two numbers below them."""
    at = {point["threshold"]: point for point in curve}

    def draw(ax: Axes, t: float) -> None:
        show_tiles(ax, drawn(G, t, 2), 4)  # two of each class
        point = at[t]
        ax.text(0.5, -0.02, f"precision {100 * point['precision']:.0f} %\nrecall "
                f"{100 * point['recall']:.0f} %", ha="center", va="top",
                transform=ax.transAxes, fontsize=9)  # fmt: skip

    return draw


def draw_meanings(ax: Axes, t: float) -> None:
    """Densities of one component of the noise under the three meanings of truncation."""
    generator = torch.Generator()
    for (name, make), color in zip(MEANINGS.items(), (BLUE, VERMILION, PURPLE), strict=True):
        z = noise_of(make(t), generator.manual_seed(0))
        ax.hist(z, np.linspace(-3, 3, 61), density=True, histtype="step", color=color, label=name)
    ax.set(xlim=(-3, 3), yticks=[], xlabel="a component of z")
    if t == 0.5:
        ax.legend(fontsize=7, loc="upper right", handlelength=1)


def noise_of(make: Sampler, generator: torch.Generator) -> np.ndarray:
    """50,000 components of noise, (50000,)."""
    return make(5000, 10, generator).flatten().numpy()


def truncation_curves(curves: Mapping[str, Sequence[Curve]]) -> Figure:
    """Fréchet distance, precision and recall over the threshold, for two kinds of statistics."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3))
    for (name, seeds), color in zip(curves.items(), (BLUE, ORANGE), strict=False):
        for i, curve in enumerate(seeds):
            t = _thresholds(curve)
            label = name if i == 0 else None
            left.plot(t, [p["frechet"] for p in curve], "o-", color=color, label=label)
    shown = next(iter(curves.values()))
    for key, color in (("precision", GREEN), ("recall", PURPLE)):
        for i, curve in enumerate(shown):
            values = [100 * p[key] for p in curve]
            right.plot(_thresholds(curve), values, "o-", color=color, label=key if i == 0 else None)
    left.set(ylabel="Fréchet distance (digit features)", xlabel="threshold t")
    right.set(ylabel="%", xlabel="threshold t")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xticks([0.04, 0.3, 1, 2, 4], ["0.04", "0.3", "1", "2", "∞"])
        ax.minorticks_off()
        ax.legend()
    return fig


def _thresholds(curve: Curve) -> list[float]:
    """Thresholds for an axis; no truncation stands at 4, where its tick says infinity."""
    return [4.0 if point["threshold"] is None else point["threshold"] for point in curve]


def dots(ax: Axes, values: Mapping[str, Seeds], color: str) -> None:
    """One dot per seed and a bar at the mean, a column per name."""
    for i, seeds in enumerate(values.values()):
        known = [v for v in seeds if v is not None]
        if known:
            ax.plot([i] * len(known), known, "o", color=color, alpha=0.7)
            ax.hlines(np.mean(known), i - 0.22, i + 0.22, color=color)
    ax.set_xticks(range(len(values)), list(values))
    ax.set_xlim(-0.5, len(values) - 0.5)


def scaling(metrics: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Batch at equal steps, batch at equal images, width: the Fréchet distance of every seed."""
    panels = {
        "batch, equal steps": {"16": "b16", "64": "b64", "256": "b256"},
        "batch, equal images": {"16": "b16_images", "64": "b64", "256": "b256_images"},
        "width, equal steps": {"x½": "half", "x1": "b64", "x2": "double"},
    }
    fig, axes = plt.subplots(1, 3, figsize=(8, 3.2), sharey=True)
    for ax, (title, marks) in zip(axes, panels.items(), strict=True):
        seeds = {name: metrics[f"frechet_{mark}"]["values"] for name, mark in marks.items()}
        dots(ax, seeds, BLUE)
        ax.set_title(title)
    axes[0].set_yscale("log")
    axes[0].set_ylabel("Fréchet distance (log)")
    return fig


def growth_bars(growths: Sequence[Mapping[str, Mapping[str, float]]]) -> Figure:
    """How much sigma_0 of every layer grew, G's layers above D's; a dot per seed."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 4.2), sharex=True)
    for ax, net, color in zip(axes, ("G", "D"), (VERMILION, BLUE), strict=True):
        names = list(growths[0][net])
        for i, name in enumerate(names):
            values = [seed[net][name] for seed in growths]
            ax.plot(values, [i] * len(values), "o", color=color, alpha=0.7, markersize=4)
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.invert_yaxis()
        ax.axvline(1, color="black", linewidth=0.8)
        ax.set(title=f"{net}: stored weights", xlabel="sigma_0, end over start")
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


def collapse_panel(histories: Sequence[Sequence[Mapping[str, float]]]) -> Figure:
    """Score, sigma_0 of G's first layer, and D's memory over the steps, a line per seed."""
    fig, axes = plt.subplots(1, 3, figsize=(8, 3.2))
    for history in histories:
        read = [line for line in history if "frechet" in line]
        steps = [line["step"] + 1 for line in read]
        axes[0].plot(steps, [line["frechet"] for line in read], color=BLUE, alpha=0.8)
        axes[1].plot(steps, [line["sigma_g/linear"] for line in read], color=VERMILION, alpha=0.8)
        axes[2].plot(steps, [100 * line["train_real"] for line in read], color=GREEN, alpha=0.8)
        axes[2].plot(steps, [100 * line["held_out_real"] for line in read], color=SKY, alpha=0.8)
    axes[0].set(title="Fréchet distance (log)", yscale="log", xlabel="step")
    axes[1].set(title="sigma_0, G's first layer", xlabel="step")
    axes[2].set(title="called real by D (%)", xlabel="step", ylim=(-3, 103))
    axes[2].plot([], [], color=GREEN, label="training")
    axes[2].plot([], [], color=SKY, label="held out")
    axes[2].legend(loc="lower left")
    return fig


def draw_mix(G: nn.Module, a: int, b: int) -> Any:
    """A function for `explore`: four noises whose class vector is `mix` of the way from a to b."""

    def draw(ax: Axes, mix: float) -> None:
        images = [mixed_classes(G, a, b, [mix], seed) for seed in range(4)]
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
