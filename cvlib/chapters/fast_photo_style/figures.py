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

from cvlib.chapters.fast_photo_style.methods import METHODS
from cvlib.course.page.figures import BLACK, BLUE, GREEN, LIVE, ORANGE, PAPER, PURPLE, VERMILION
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.wct import covariance, wct, whiten

# Sec. 4's run-time table, as recalled: width x height -> seconds on the authors' GPU.
PAPER_PIXELS = (256 * 128, 512 * 256, 768 * 384, 1024 * 512)
PAPER_SECONDS = {
    "paper: Luan et al. †": (79.61, 186.52, 380.82, 650.45),
    "paper: PhotoWCT + smoothing †": (0.96, 2.95, 7.05, 13.16),
    "paper: with guided filter †": (0.41, 0.47, 0.55, 0.64),
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
    fig, axes = plt.subplots(1, 4, figsize=(8, 2.4))
    for ax, (name, (cloud, colour)) in zip(axes, steps.items(), strict=True):
        ax.scatter(*cloud.numpy(), s=3, alpha=0.25, color=colour, linewidths=0)
        ellipse(ax, cloud, colour)
        ax.set_title(name)
        ax.set_aspect("equal", "datalim")
    return fig


def pooling(x: Tensor) -> Figure:
    """A map (4, 4), its 2x2 maxima, and what unpooling and upsampling make of them."""
    pooled, indices = torch.nn.functional.max_pool2d(x[None, None], 2, return_indices=True)
    unpooled = torch.nn.functional.max_unpool2d(pooled, indices, 2)[0, 0]
    repeated = pooled[0, 0].repeat_interleave(2, 0).repeat_interleave(2, 1)
    fig, axes = plt.subplots(1, 4, figsize=(8, 2.2))
    maps = {"map": x, "max pooled": pooled[0, 0], "unpooled": unpooled, "upsampled": repeated}
    for ax, (name, values) in zip(axes, maps.items(), strict=True):
        ax.imshow(values, vmin=0, vmax=float(x.max()), cmap="Blues")
        for (row, column), value in np.ndenumerate(values.numpy()):
            dark = value > 0.6 * float(x.max())
            ax.text(column, row, f"{value:.0f}", ha="center", va="center",
                    color="white" if dark else "black")  # fmt: skip
        ax.set_title(name)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
    return fig


def draw_influence(ax: Axes, system: SmoothingSystem, content: Tensor, y: int, x: int) -> None:
    """How much every pixel's colour counts for pixel (y, x) after smoothing, over the photo."""
    # D-self-adjoint: a row of the operator is a column, weighted by the degrees.
    spike = torch.zeros(1, *content.shape[1:])
    spike[0, y, x] = 1
    column = system.solve(spike).image[0]
    row = (column * system.degree.to(column) / system.degree[y, x].to(column)).numpy()
    grey = content.mean(0).numpy()
    ax.imshow(grey, cmap="gray", vmin=-0.3, vmax=1.3)
    top = np.quantile(np.abs(row), 0.995)
    heat = np.clip(row / top, 0, 1)
    ax.imshow(heat, cmap="inferno", alpha=np.sqrt(heat), vmin=0, vmax=1)
    ax.plot(x, y, marker="+", color=BLUE, markersize=12, markeredgewidth=2.5)
    ax.axis("off")


def frames(pictures: Mapping[str, Tensor], columns: int = 4) -> Figure:
    """Named photos of one size in rows."""
    rows = -(-len(pictures) // columns)
    height, width = next(iter(pictures.values())).shape[1:]
    fig, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(5, rows * (5 / columns * height / width + 0.28))
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, (name, photo) in zip(axes.flat, pictures.items(), strict=False):
        picture(ax, photo, name)
        ax.title.set_fontsize(8)
    return fig


def convergence(histories: Mapping[str, Sequence[float]], every: int, bound: int) -> Figure:
    """Residuals of conjugate gradients against iterations, one line a photo size."""
    fig, ax = plt.subplots(figsize=(8, 3))
    for colour, (name, residuals) in zip(
        (BLUE, GREEN, ORANGE, PURPLE), histories.items(), strict=False
    ):
        ax.semilogy(np.arange(len(residuals)) * every, residuals, color=colour, label=name)
    ax.axvline(bound, color=PAPER["color"], linestyle="--", linewidth=1)
    ax.annotate(f"bound for 1e-2: {bound}", (bound, ax.get_ylim()[1]), xytext=(4, -12),
                textcoords="offset points", color=PAPER["color"])  # fmt: skip
    ax.axhline(1e-2, color=PAPER["color"], linestyle=":", linewidth=1)
    ax.set_xlabel("iteration")
    ax.set_ylabel("relative residual")
    ax.legend()
    return fig


def alpha_curve(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Edge-SSIM and style distance against alpha, on an axis of 1 / (1 - alpha)."""
    reach = [1 / (1 - row["alpha"]) for row in rows]
    fig, ax = plt.subplots(figsize=(8, 2.8))
    for name, key, colour in (
        ("edge-SSIM (structure)", "edge_ssim", BLUE), ("style distance", "style", VERMILION),
    ):  # fmt: skip
        ax.plot(reach, [row[key] for row in rows], marker="o", color=colour, label=name)
    ax.set_xscale("log")
    ax.set_xticks(reach, [f"{row['alpha']:g}" for row in rows])
    ax.minorticks_off()
    ax.set_xlabel("α")
    ax.set_ylim(bottom=0)
    ax.legend()
    return fig


def seconds(rows: Sequence[Mapping[str, float]] = ()) -> Figure:
    """Seconds against pixels: the paper's three curves and a run's rows, if there are any."""
    fig, ax = plt.subplots(figsize=(8, 3.6))
    for (name, values), style in zip(PAPER_SECONDS.items(), ("--", "-", ":"), strict=True):
        ax.plot(PAPER_PIXELS, values, **{**PAPER, "linestyle": style}, label=name)
    pixels = [row["height"] * row["width"] for row in rows]
    ours = {
        "optimisation, extrapolated": [row["optimise_extrapolated"] for row in rows],
        "stylise + smooth": [row["stylise"] + row["smooth"] for row in rows],
        "stylise + guided filter": [row["stylise"] + row["guided"] for row in rows],
    }
    for (name, values), style in zip(ours.items(), ("--", "-", ":"), strict=True):
        if pixels:
            ax.plot(pixels, values, **{**LIVE, "linestyle": style}, label=f"this run: {name}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.set_xticks(PAPER_PIXELS, ["256×128", "512×256", "768×384", "1024×512"])
    ax.set_xlabel("pixels")
    ax.set_ylabel("seconds")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    return fig


# Which methods the scatter names, and with which mark.
FAMILIES = {
    "colours only": (("reinhard", "idt", "affine"), GREEN, "^"),
    "WCT (upsampling)": (("wct", "wct_smooth", "wct_guided"), ORANGE, "o"),
    "PhotoWCT (unpooling)": (("photowct", "photowct_smooth", "photowct_guided"), BLUE, "s"),
    "optimisation": (("luan",), PURPLE, "D"),
}


def pareto(metrics: Mapping[str, Any]) -> Figure:
    """Style distance against edge-SSIM, a mark a method; arrows: what smoothing does."""
    fig, ax = plt.subplots(figsize=(8, 3.8))

    def place(name: str) -> tuple[float, float]:
        return metrics[f"{name}_edge_ssim"]["mean"], metrics[f"{name}_style"]["mean"]

    for family, (names, colour, marker) in FAMILIES.items():
        spots = [place(name) for name in names]
        ax.plot(*zip(*spots, strict=True), marker, color=colour, markersize=7, label=family)
        for name, spot in zip(names, spots, strict=True):
            label = METHODS[name].split(" + ")[-1].split(" (")[0]
            below = marker == "s" or name in ("idt", "affine")
            ax.annotate(label, spot, xytext=(4, -13 if below else 6), color=colour,
                        textcoords="offset points", fontsize=8.5)  # fmt: skip
        if len(names) == 3 and marker != "^":
            arrow = {"arrowstyle": "->", "color": colour}
            ax.annotate("", spots[1], spots[0], arrowprops=arrow)
    ax.set_xlim(0, 1.12)
    ax.set_ylim(0, 1.35 * max(place(n)[1] for names, *_ in FAMILIES.values() for n in names))
    ax.set_title(
        f"the content photo itself: 1 and {place('content')[1]:.3g}, off the top", loc="right"
    )
    ax.set_xlabel("edge-SSIM to the content (structure, more is better)")
    ax.set_ylabel("style distance (less is better)")
    ax.legend(loc="upper left")
    return fig
