"""The pictures of chapter 06; each function draws on given axes or returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from torch import Tensor

from cvlib.chapters.self_attention_gan.claims import CONFIRMED, TABLE_1, WITHOUT
from cvlib.course.page import frontend
from cvlib.course.page.figures import BLUE, LIVE, PAPER, SKY, VERMILION, png
from cvlib.gan.probe import power_path

Curve = Sequence[tuple[int, float]]  # (step, value)
Record = Mapping[str, Any]
SAME_CLASS = 0.707  # pair correlation of two different digits of one class (`make_twins`)


def _picture(ax: Axes, image: Tensor) -> None:
    """Show an image (C, H, W) in [-1, 1] without axes."""
    pixels = ((image.float().cpu() + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
    ax.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")


def draw_attention(ax: Axes, image: Tensor, beta: Tensor, query: int) -> None:
    """Where query `query` of a map looks: the more orange, the more weight.

    `image` is (C, R, R) in [-1, 1], `beta` its attention map (N, M), N queries row-major on a
    square map; the query, 0 .. N-1, is marked with a dot.
    """
    R, size, keys = image.shape[-1], int(beta.shape[0] ** 0.5), int(beta.shape[1] ** 0.5)
    _picture(ax, image)
    weight = beta[query].view(keys, keys).float().cpu()
    veil = np.zeros((keys, keys, 4))
    veil[..., :3] = to_rgb(VERMILION)
    veil[..., 3] = 0.85 * weight / weight.max()
    ax.imshow(veil, extent=(-0.5, R - 0.5, R - 0.5, -0.5), interpolation="nearest", zorder=2)
    row, column = divmod(query, size)
    step = R / size
    ax.plot((column + 0.5) * step - 0.5, (row + 0.5) * step - 0.5, "o", color=SKY,
            markeredgecolor="white", markersize=7, zorder=3)  # fmt: skip


def click_query(image: Tensor, beta: Tensor) -> None:
    """In a live notebook: a board of buttons, one per query; a click shows where it looks.

    Without a front end it shows nothing, so print a strip first (`explore`).
    """
    if not frontend.is_live():
        return
    import ipywidgets
    from IPython.display import display

    size = int(beta.shape[0] ** 0.5)
    view = ipywidgets.Image(format="png", width=320)

    def press(query: int) -> None:
        fig, ax = plt.subplots(figsize=(3.2, 3.2))
        draw_attention(ax, image, beta, query)
        view.value = png(fig)
        plt.close(fig)

    small = torch.nn.functional.adaptive_avg_pool2d((image.float().cpu() + 1) / 2, size).mean(0)
    buttons = []
    for query, grey in enumerate((255 * small.clamp(0, 1)).int().flatten().tolist()):
        button = ipywidgets.Button(tooltip=f"query {divmod(query, size)}")
        button.style.button_color = f"rgb({grey},{grey},{grey})"
        button.layout = ipywidgets.Layout(width="26px", height="26px", margin="1px")
        button.on_click(lambda _, query=query: press(query))
        buttons.append(button)
    board = ipywidgets.GridBox(
        buttons, layout=ipywidgets.Layout(grid_template_columns=f"repeat({size}, 28px)")
    )
    press(size * size // 2 + size // 2)
    display(ipywidgets.HBox([board, view]))


TWINS_ROWS = {
    "attention": "attention in G and D",
    "none": "no attention",
    "local": "residual block",
    "g_only": "in G only",
    "d_only": "in D only",
    "feat4": "on 4x4",
    "feat16": "on 16x16, G only",
}


def twins_dots(record: Record | None, longer: Record | None = None) -> Figure:
    """Every seed a dot: pair correlation and share of two glyphs of the arms of a record.

    The seeds of a second record, `longer`, are hollow dots below.
    """
    fig, axes = plt.subplots(1, 2, sharey=True)
    rows = {arm: words for arm, words in TWINS_ROWS.items() if _values(record, f"twins_{arm}")}
    for source, shift, fill in ((record, 0.0, "full"), (longer, 0.28, "none")):
        for place, arm in enumerate(rows):
            for ax, name in zip(axes, (f"twins_{arm}", f"two_{arm}"), strict=True):
                values = _values(source, name)
                if values:
                    at = place + shift
                    ax.plot(values, [at] * len(values), "o", color=BLUE, alpha=0.75, fillstyle=fill)
                    ax.plot([np.mean(values)], [at], "k|", markersize=14, zorder=3)
    axes[0].axvline(SAME_CLASS, color=PAPER["color"], linestyle="--", linewidth=1.2)
    axes[0].text(SAME_CLASS, len(rows) - 0.55, " two of a class", fontsize=9, va="bottom")
    axes[0].set(xlabel="pair correlation (1: two equal glyphs)")
    axes[1].set(xlabel="share of images with two glyphs")
    axes[0].set_yticks(range(len(rows)), list(rows.values()))
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return fig


def _values(record: Record | None, name: str) -> list[float]:
    if record is None:
        return []
    return [v for v in record["metrics"][name]["values"] if v is not None]


def placement() -> Figure:
    """The paper's Table 1: FID by the height of the map, attention and its residual control."""
    fig, ax = plt.subplots()
    heights = list(TABLE_1)
    kinds = {"attention": (0, VERMILION, "D"), "local": (1, BLUE, "s")}
    words = {"attention": "attention", "local": "residual block of equal size"}
    for kind, (column, color, marker) in kinds.items():
        aside = 0.07 * (2 * column - 1)  # so that equal values do not hide each other
        for place, height in enumerate(heights):
            known = (height, kind) in CONFIRMED
            ax.plot(
                place + aside, TABLE_1[height][column], marker, color=color, markersize=9,
                markerfacecolor=color if known else "white",
                label=words[kind] if place == 0 else None,
            )  # fmt: skip
    ax.axhline(WITHOUT, color="black", linewidth=0.8, linestyle=":")
    ax.text(3.45, WITHOUT + 0.5, "without (recalled)", ha="right", fontsize=9)
    labels = [f"{h} of 128 px\n(1/{128 // h} of the height)" for h in heights]
    ax.set_xticks(range(len(heights)), labels)
    ax.set(ylabel="FID, ImageNet", xlim=(-0.5, 3.5), ylim=(15, 45))
    ax.legend()
    return fig


def receptive_field_steps(
    plain: Sequence[tuple[int, int]], attentive: Sequence[tuple[int, int]], resolution: int
) -> Figure:
    """Pixels that a cell of D sees against the 3x3 layers before it, without and with attention."""
    fig, ax = plt.subplots()
    for found, style, name in (
        (plain, {"color": BLUE, "marker": "o"}, "convolutions and pooling"),
        (attentive, {"color": VERMILION, "marker": "D"}, "with attention after 4 layers"),
    ):
        layers, pixels = zip(*found, strict=True)
        ax.plot(layers, pixels, label=name, **style)
    for layers, pixels in plain:
        ax.annotate(f"{pixels}", (layers, pixels), (10, -12), textcoords="offset points",
                    ha="center", fontsize=9)  # fmt: skip
    ax.axhline(resolution, color=PAPER["color"], linestyle="--", linewidth=1)
    ax.text(2, resolution - 9, "the whole image", fontsize=9)
    ax.set(xlabel="3x3 layers of D", ylabel="pixels that a cell sees", ylim=(-8, resolution + 12))
    ax.legend(loc="center right")
    return fig


def draw_power_iteration(ax: Axes, ratio: float, steps: int = 5) -> None:
    """The unit vectors u of a power iteration on `diag(1, ratio)`, in the ellipse it maps to."""
    matrix = torch.diag(torch.tensor([1.0, ratio]))
    path, estimates = power_path(matrix, torch.tensor([0.35, 1.0]), steps)
    angle = torch.linspace(0, 2 * torch.pi, 200)
    circle = torch.stack([angle.cos(), angle.sin()])
    ax.plot(*circle, color=PAPER["color"], linewidth=1)
    ax.plot(*(matrix @ circle), color=BLUE, linewidth=1.2)
    for i, u in enumerate(path):
        shade = plt.cm.autumn(1 - i / max(steps, 1))
        ax.annotate("", u.tolist(), (0, 0), arrowprops={"arrowstyle": "->", "color": shade})
    ax.text(0, -1.33, f"estimate {estimates[-1]:.4f}", ha="center", fontsize=9)
    ax.set(xlim=(-1.15, 1.15), ylim=(-1.5, 1.15), aspect="equal")
    ax.axis("off")


def norm_bars(norms: Mapping[str, tuple[float, float]]) -> Figure:
    """Per layer: first singular value of the flattened kernel and gain of the convolution."""
    fig, ax = plt.subplots()
    at = np.arange(len(norms))
    matrix, operator = np.array(list(norms.values())).T
    ax.bar(at - 0.2, matrix, 0.38, color=BLUE, label="flattened matrix")
    ax.bar(at + 0.2, operator, 0.38, color=VERMILION, label="convolution, by Fourier transform")
    ax.axhline(3, color=PAPER["color"], linestyle="--", linewidth=1)
    ax.text(len(norms) - 0.5, 3.03, "bound for 3x3", ha="right", va="bottom", fontsize=9)
    ax.set_xticks(at, list(norms), rotation=30, ha="right", fontsize=9)
    ax.set(ylabel="norm", ylim=(0, 3.9))
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", ncols=2)
    return fig


PANEL_TITLES = {  # in the order of what is added
    "no_sn": "no spectral\nnorm", "sn_d": "spectral norm\nin D", "sn_gd": "and in G",
    "ttur": "and two\nlearning rates", "attention": "and attention", "local": "or a residual",
    "attention_quarter": "attention\nat a quarter", "local_quarter": "residual\nat a quarter",
}  # fmt: skip


def stability_panel(
    recorded: Mapping[str, Sequence[Curve]], live: Mapping[str, Curve], diverged: Sequence[str]
) -> Figure:
    """Distance of the live weights over steps, a panel per arm, on one scale.

    `recorded` has an arm's curves, one per seed: blue; `live` those of this run: diamonds. The
    arms in `diverged` say so in their title.
    """
    trained = {*recorded, *live}
    names = [arm for arm in PANEL_TITLES if arm in trained] or ["no arm was trained"]
    fig, axes = plt.subplots(1, len(names), sharey=True, squeeze=False, figsize=(8, 2.6))
    for ax, name in zip(axes[0], names, strict=True):
        for curve in recorded.get(name, ()):
            ax.plot(*zip(*curve, strict=True), "o-", color=BLUE, linewidth=1.2, markersize=3)
        if name in live:
            ax.plot(*zip(*live[name], strict=True), **LIVE)
        words = PANEL_TITLES.get(name, name)
        ax.set_title(f"{words}\n(diverged)" if name in diverged else words, fontsize=9)
        ax.set(yscale="log", xlabel="steps of G")
        ax.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 4)))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    axes[0][0].set_ylabel("Fréchet distance, live G")
    return fig


def gamma_lines(scores: Mapping[float, Any]) -> Figure:
    """Both twins scores of one trained net against the factor on its gamma."""
    fig, ax = plt.subplots()
    factors = list(scores)
    pair = [scores[f].pair for f in factors]
    two = [scores[f].two for f in factors]
    ax.plot(factors, pair, "o-", color=BLUE, label="pair correlation")
    ax.plot(factors, two, "s--", color=VERMILION, label="share with exactly two glyphs")
    ax.axvline(1, color=PAPER["color"], linestyle=":", linewidth=1)
    ax.set(xlabel="factor on the trained γ", ylabel="score")
    ax.set_xticks(factors)
    ax.legend()
    return fig
