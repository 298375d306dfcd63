"""The chapter's pictures: functions that take data and return a Figure, or draw into axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.course.page.figures import (
    BLACK,
    BLUE,
    DPI,
    GREEN,
    LIVE,
    ORANGE,
    PAPER,
    PURPLE,
    RECORDED,
    SKY,
    VERMILION,
)
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.wct import covariance, wct, whiten

HEAT = (SKY, ORANGE, VERMILION)
# Sec. 4's run-time table, as recalled: width x height -> seconds on the authors' GPU.
PAPER_PIXELS = (256 * 128, 512 * 256, 768 * 384, 1024 * 512)
PAPER_SECONDS = {
    "paper: Luan et al. †": (79.61, 186.52, 380.82, 650.45),
    "paper: PhotoWCT + smoothing †": (0.96, 2.95, 7.05, 13.16),
    "paper: with guided filter †": (0.41, 0.47, 0.55, 0.64),
}


Rows = Sequence[Mapping[str, float]]
# What a row of seconds says of each curve; None where it was not measured.
PARTS = {
    "optimisation, extrapolated": lambda row: row["optimise_extrapolated"],
    "stylise + smooth": lambda row: row["stylise"] + row["smooth"],
    "smooth again, factorised": lambda row: row.get("again"),
}


def picture(ax: Axes, photo: Tensor, title: str = "") -> None:
    """A photo (3, H, W) without axes."""
    ax.imshow(photo.detach().cpu().float().clamp(0, 1).permute(1, 2, 0).numpy())
    ax.set_title(title)
    ax.axis("off")


def ellipse(ax: Axes, x: Tensor, colour: str) -> None:
    """The 2-sigma ellipse of a cloud (2, N)."""
    mean, cov = covariance(x)
    values, vectors = torch.linalg.eigh(cov)
    angle = torch.linspace(0, 2 * torch.pi, 100, dtype=torch.float64)
    circle = 2 * torch.stack([angle.cos(), angle.sin()])
    ring = (vectors * values.clamp_min(0).sqrt()) @ circle + mean
    ax.plot(*ring.numpy(), color=colour)


def whitening(content: Tensor, style: Tensor) -> Figure:
    """Two channels on their way from the content's cloud to the style's: (2, N), (2, M)."""
    steps = {
        "content": (content, BLUE),
        "whitened": (whiten(content), BLACK),
        "coloured": (wct(content, style), GREEN),
        "style": (style, VERMILION),
    }
    fig, axes = plt.subplots(1, 4, figsize=(6.8, 2))
    for ax, (name, (cloud, colour)) in zip(axes, steps.items(), strict=True):
        ax.scatter(*cloud.numpy(), s=3, alpha=0.25, color=colour, linewidths=0)
        ellipse(ax, cloud, colour)
        ax.set_title(name)
        ax.set_aspect("equal", "datalim")
    return fig


def draw_influence(ax: Axes, system: SmoothingSystem, content: Tensor, y: int, x: int) -> None:
    """How much every pixel's colour counts for pixel (y, x) after smoothing, over the photo."""
    # D-self-adjoint: a row of the operator is a column, weighted by the degrees.
    spike = torch.zeros(1, *content.shape[1:])
    spike[0, y, x] = 1
    column = system.solve(spike, "direct").image[0]
    row = (column * system.degree.to(column) / system.degree[y, x].to(column)).numpy()
    grey = np.round(6 * content.mean(0).numpy()) / 6  # a sketch: the heat is the subject
    ax.imshow(grey, cmap="gray", vmin=-0.3, vmax=1.3)
    top = np.quantile(np.abs(row), 0.995)
    ax.contourf(row / top, levels=[0.05, 0.2, 0.5, np.inf], colors=HEAT, alpha=0.75)
    ax.plot(x, y, marker="+", color=BLUE, markersize=12, markeredgewidth=2.5)
    ax.axis("off")


def frames(pictures: Mapping[str, Tensor], columns: int = 4, width: float = 8) -> Figure:
    """Named photos of about one shape in rows; `width` in inches."""
    rows = -(-len(pictures) // columns)
    height, across = next(iter(pictures.values())).shape[1:]
    row = width / columns * height / across + 0.28
    fig, axes = plt.subplots(rows, columns, squeeze=False, figsize=(width, rows * row))
    for ax in axes.flat:
        ax.axis("off")
    for ax, (name, photo) in zip(axes.flat, pictures.items(), strict=False):
        picture(ax, photo, name)
        ax.title.set_fontsize(9 if len(name) < 28 else 7.5)  # within two columns of a page
    return fig


def before_and_after(content: Tensor, style: Tensor, result: Tensor) -> Figure:
    """Two photos above the result, which is shown pixel for pixel; (3, H, W) each."""
    _, height, width = result.shape
    title, gap = 24, 6  # pixels
    above = width // 2 - gap // 2
    upper = round(above * max(p.shape[1] / p.shape[2] for p in (content, style)))
    total = height + upper + 2 * title
    fig = plt.figure(figsize=(width / DPI, total / DPI), layout="none")
    for photo, left, name in ((content, 0, "the photo"), (style, width - above, "the look")):
        tall = round(above * photo.shape[1] / photo.shape[2])
        box = (left / width, (total - title - tall) / total, above / width, tall / total)
        picture(fig.add_axes(box), photo, name)
    picture(fig.add_axes((0, 0, 1, height / total)), result, "the photo with that look")
    for ax in fig.axes:
        ax.images[0].set_interpolation("lanczos" if ax is not fig.axes[-1] else "none")
        ax.title.set_fontsize(9)
    return fig


def outlined(pairs: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Named photos (3, H, W) with the borders of their regions (H, W) drawn in."""
    fig, axes = plt.subplots(1, len(pairs), figsize=(4.8, 1.5), squeeze=False)
    for ax, (name, (photo, mask)) in zip(axes[0], pairs.items(), strict=True):
        picture(ax, photo, name)
        ax.contour(mask.cpu().numpy(), levels=[0.5], colors=[VERMILION], linewidths=1.5)
        ax.title.set_fontsize(9)
    return fig


def convergence(
    errors: Mapping[str, Sequence[float]], every: int, bound: Sequence[float]
) -> Figure:
    """Errors of conjugate gradients against iterations, one line a photo size, and the bound."""
    fig, ax = plt.subplots(figsize=(6.4, 2.3))
    for colour, (name, values) in zip((BLUE, GREEN, ORANGE), errors.items(), strict=True):
        ax.semilogy(np.arange(len(values)) * every, values, color=colour, label=name)
    steps = np.arange(len(bound)) * every
    ax.semilogy(
        steps, bound, color=BLACK, linestyle="--", linewidth=1, label="bound from $\\alpha$"
    )
    ax.axhline(1e-2, color=PAPER["color"], linestyle=":", linewidth=1)
    ax.set_xlabel("iteration")
    ax.set_ylabel("error, energy norm")
    ax.legend()
    return fig


def seconds(recorded: Rows = (), live: Rows = ()) -> Figure:
    """Seconds against pixels: the paper's three curves, the record's and a run's rows."""
    fig, ax = plt.subplots(figsize=(7.4, 3))
    for (name, values), style in zip(PAPER_SECONDS.items(), ("--", "-", ":"), strict=True):
        ax.plot(PAPER_PIXELS, values, **{**PAPER, "linestyle": style}, label=name)
    for rows, mark, whose in ((recorded, RECORDED, "record"), (live, LIVE, "this run")):
        pixels = [row["height"] * row["width"] for row in rows]
        for (name, of), style in zip(PARTS.items(), ("--", "-", "-."), strict=True):
            if rows and all(of(row) for row in rows):
                label = f"{whose}: {name}"
                ax.plot(pixels, [of(r) for r in rows], **{**mark, "linestyle": style}, label=label)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.minorticks_off()
    sizes = ["256×128", "512×256", "768×384", "1024×512"]
    ax.set_xticks(PAPER_PIXELS, sizes, fontsize=8)
    ax.set_xlabel("pixels")
    ax.set_ylabel("seconds")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    return fig


# Which methods the scatter names, and with which mark.
FAMILIES = {
    "colours, whole photo": (("reinhard", "idt", "affine"), GREEN, "^"),
    "colours by region": (("regions", "regions_smooth"), BLACK, "v"),
    "WCT (upsampling)": (("wct", "wct_smooth", "wct_guided"), ORANGE, "o"),
    "PhotoWCT (unpooling)": (("photowct", "photowct_smooth", "photowct_guided"), BLUE, "s"),
    "optimisation": (("luan", "optimised"), PURPLE, "D"),
}
SHORT = {
    "idt": "distribution transfer", "affine": "one affine map", "regions": "one map per region",
    "wct": "WCT", "photowct": "PhotoWCT", "luan": "Luan et al.", "optimised": "a few steps",
    "reinhard": "Reinhard",
}  # fmt: skip
# Places of the names beside their marks, in points, where up and right is taken.
SHIFTS = {
    "affine": (5, -13), "photowct": (5, -13), "optimised": (5, -13), "regions": (-100, 5),
    "wct": (-30, 3),
}  # fmt: skip


def pareto(metrics: Mapping[str, Any]) -> Figure:
    """Style distance against edge-SSIM, a mark a method; arrows lead to the smoothed result."""
    fig, ax = plt.subplots(figsize=(7, 3.4))

    def place(name: str) -> tuple[float, float]:
        return metrics[f"{name}_edge_ssim"]["mean"], metrics[f"{name}_style"]["mean"]

    for family, (names, colour, marker) in FAMILIES.items():
        spots = {name: place(name) for name in names if place(name)[0] is not None}
        for name, spot in spots.items():
            face = "white" if name.endswith("guided") else colour
            label = family if name == next(iter(spots)) else None
            ax.plot(*spot, marker, color=colour, markerfacecolor=face, markersize=7, label=label)
            ax.annotate(SHORT.get(name, ""), spot, xytext=SHIFTS.get(name, (5, 5)),
                        color=colour, textcoords="offset points", fontsize=8.5)  # fmt: skip
        _arrow(ax, spots, colour)
    ax.set_xlim(0, 1.15)
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    ax.set_title(
        f"hollow: guided filter · the content itself: 1 and {place('content')[1]:.3g}, off the top",
        loc="right",
    )
    ax.set_xlabel("edge-SSIM to the content (structure, more is better)")
    ax.set_ylabel("style distance by region")
    ax.legend(loc="upper left", fontsize=9)
    return fig


def _arrow(ax: Axes, spots: Mapping[str, tuple[float, float]], colour: str) -> None:
    """From a method to the same one with smoothing."""
    for name, spot in spots.items():
        if smoothed := spots.get(f"{name}_smooth"):
            ax.annotate("", smoothed, spot, arrowprops={"arrowstyle": "->", "color": colour})
