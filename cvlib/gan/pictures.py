"""Samples as tiles, and what truncation does: three kinds of noise, and curves of their scores.

Colours are places in matplotlib's cycle, which the course's pages set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from cvlib.gan.sampling import Sampler, class_grid
from cvlib.gan.truncation import sampler, scaled, scaled_truncated, with_statistics

Curve = Sequence[Mapping[str, Any]]  # rows of `truncation.Point`, one per threshold
STYLES = ("-", "--", ":")  # of the seeds, where two curves of each are compared
STANDING = 1000  # samples behind the batch-norm statistics of a picture
MEANINGS = {"cut at t": sampler, "t × (cut at 2)": scaled_truncated, "t × normal": scaled}


def tiles(images: Tensor, columns: int) -> np.ndarray:
    """Images (n, C, R, R) as one picture: rows of `columns`, a white pixel apart.

    They are bytes or lie in [-1, 1].
    """
    whole = images.dtype == torch.uint8
    pixels = images.cpu() / 255 if whole else (images.float().cpu() + 1) / 2
    pixels = pixels.clamp(0, 1)
    padded = torch.nn.functional.pad(pixels, (0, 1, 0, 1), value=1.0)  # (n, C, R+1, R+1)
    rows = [torch.cat(list(row), dim=2) for row in padded.split(columns)]
    return torch.cat(rows, dim=1).permute(1, 2, 0).squeeze(-1).numpy()


def show_tiles(ax: Axes, images: Tensor, columns: int) -> None:
    """Images (n, C, R, R), bytes or in [-1, 1], as tiles on axes without ticks."""
    ax.imshow(tiles(images, columns), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")


def rows(ax: Axes, images: Tensor, names: Sequence[str]) -> None:
    """Images (n K, C, R, R) as n rows of tiles, each with its name on the left."""
    show_tiles(ax, images, len(images) // len(names))
    height = images.shape[2] + 1
    for i, name in enumerate(names):
        ax.text(-3, (i + 0.45) * height, name, ha="right", va="center", fontsize=8)


def drawn(G: nn.Module, threshold: float | None, columns: int, seed: int = 3) -> Tensor:
    """Samples (K columns, C, R, R), class by class, with the statistics of this threshold."""
    net = with_statistics(G, threshold, STANDING)
    return class_grid(net, columns, seed, sampler=sampler(threshold))


def threshold_name(threshold: float | None) -> str:
    """`no truncation` or `t = 0.5`."""
    return "no truncation" if threshold is None else f"t = {threshold:g}"


def draw_meanings(ax: Axes, t: float) -> None:
    """Densities of one component of the noise under the three meanings of truncation."""
    generator = torch.Generator()
    for (name, make), color in zip(MEANINGS.items(), ("C0", "C1", "C3"), strict=True):
        z = noise_of(make(t), generator.manual_seed(0))
        ax.hist(z, np.linspace(-3, 3, 61), density=True, histtype="step", color=color, label=name)
    ax.set(xlim=(-3, 3), yticks=[], xlabel="a component of z")
    if t < 0.3:  # where the curves leave room
        ax.legend(fontsize=7, loc="upper left", handlelength=1, borderaxespad=0)


def noise_of(make: Sampler, generator: torch.Generator) -> np.ndarray:
    """50,000 components of noise, (50000,)."""
    return make(5000, 10, generator).flatten().numpy()


def truncation_curves(curves: Mapping[str, Sequence[Curve]]) -> Figure:
    """Fréchet distance, precision and recall over the threshold, for two kinds of statistics."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3))
    for (name, seeds), color in zip(curves.items(), ("C0", "C4"), strict=False):
        for i, curve in enumerate(seeds):
            t = _thresholds(curve)
            label = name if i == 0 else None
            style = {"linestyle": STYLES[i % 3], "color": color, "label": label}
            left.plot(t, [p["frechet"] for p in curve], marker="o", **style)
    shown = next(iter(curves.values()))
    for key, color in (("precision", "C2"), ("recall", "C3")):
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
