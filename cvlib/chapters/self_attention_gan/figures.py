"""The pictures of chapter 06; each function draws on given axes or returns a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter
from torch import Tensor

from cvlib.chapters.self_attention_gan.claims import PAPER as PAPER_VALUES
from cvlib.course.page import frontend
from cvlib.course.page.figures import BLUE, PALETTE, PAPER, RECORDED, SKY, VERMILION, png
from cvlib.gan.probe import layers_to_meet, power_path
from cvlib.gan.twins import TwinScores

Curve = Sequence[tuple[int, float]]  # (step, FID)


def _picture(ax: Axes, image: Tensor) -> None:
    """Show an image (C, H, W) in [-1, 1] without axes."""
    pixels = ((image.float().cpu() + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
    ax.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")


def draw_attention(ax: Axes, image: Tensor, beta: Tensor, query: int) -> None:
    """Where query ``query`` of a map looks: the more orange, the more weight.

    Args:
        image: (C, R, R) in [-1, 1].
        beta: attention map (N, M) of that image, N queries row-major on a square map.
        query: 0 .. N-1, marked with a dot.
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

    Without a front end it shows nothing, so print a strip first (``explore``).
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


def receptive_field_race(sizes: Sequence[int] = (4, 8, 16, 32, 64, 128)) -> Figure:
    """3x3 layers until one position sees two opposite corners, against one attention layer."""
    fig, ax = plt.subplots()
    ax.plot(sizes, [layers_to_meet(s) for s in sizes], "o-", color=BLUE, label="3x3 convolutions")
    ax.plot(sizes, [1] * len(sizes), "D-", color=VERMILION, label="self-attention")
    for s in sizes:
        ax.annotate(f"{layers_to_meet(s)}", (s, layers_to_meet(s)), (0, 6),
                    textcoords="offset points", ha="center")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="height of the map (px)", ylabel="layers needed")
    ax.set_xticks(sizes, [str(s) for s in sizes])
    ax.set_yticks([1, 10, 100], ["1", "10", "100"])
    ax.set_ylim(0.7, 120)
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return fig


def draw_power_iteration(ax: Axes, ratio: float, steps: int = 5) -> None:
    """The unit vectors u of a power iteration on ``diag(1, ratio)``, in the ellipse it maps to."""
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


def stability_panel(curves: Mapping[str, Sequence[Curve]], diverged: Mapping[str, int]) -> Figure:
    """FID over steps, one colour per arm, a band between the seeds, a cross where an arm left.

    Args:
        curves: arm -> one curve per seed.
        diverged: arm -> step.
    """
    fig, ax = plt.subplots()
    for color, (name, runs) in zip(PALETTE, curves.items(), strict=False):
        steps = [step for step, _ in runs[0]]
        values = np.array([[fid for _, fid in run][: len(steps)] for run in runs])
        ax.plot(steps, values.mean(0), "o-", color=color, label=name, markersize=3.5)
        if len(runs) > 1:
            ax.fill_between(
                steps, values.min(0), values.max(0), color=color, alpha=0.2, linewidth=0
            )
        if name in diverged:
            at = steps.index(diverged[name])
            ax.plot(steps[at], values.mean(0)[at], "x", color=color, markersize=11, zorder=4)
    ax.set(xlabel="steps of G", ylabel="FID", yscale="log")
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_formatter(FormatStrFormatter("%g"))
    ax.legend(fontsize=9)
    return fig


def hinge_margins(real: Tensor, fake: Tensor) -> Figure:
    """Histograms of D's scores over the two halves of the hinge loss."""
    fig, ax = plt.subplots()
    low, high = float(min(real.min(), fake.min(), -2)), float(max(real.max(), fake.max(), 2))
    bins = np.linspace(low, high, 40)
    ax.hist(real.cpu().numpy(), bins, color=BLUE, alpha=0.55, label="D(real)")
    ax.hist(fake.cpu().numpy(), bins, color=VERMILION, alpha=0.55, label="D(fake)")
    loss, x = ax.twinx(), np.linspace(low, high, 200)
    loss.plot(x, np.maximum(0, 1 - x), color=BLUE, label="max(0, 1 - D)")
    loss.plot(x, np.maximum(0, 1 + x), color=VERMILION, linestyle="--", label="max(0, 1 + D)")
    loss.set(ylabel="loss of one image", ylim=(0, None))
    loss.grid(False)
    loss.spines["right"].set_visible(True)
    ax.set(xlabel="score of D", ylabel="images")
    handles = [h for a in (ax, loss) for h in a.get_legend_handles_labels()[0]]
    ax.legend(handles=handles, fontsize=9, loc="upper center", ncols=4, bbox_to_anchor=(0.5, 1.18))
    return fig


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


def distance_histogram(distances: Mapping[str, Tensor], baselines: Mapping[str, float]) -> Figure:
    """How far queries look, with the means of baseline maps as lines (cells of the map)."""
    fig, ax = plt.subplots()
    for color, (name, values) in zip(PALETTE, distances.items(), strict=False):
        flat = values.flatten().cpu().numpy()
        ax.hist(flat, 30, color=color, alpha=0.55, density=True, label=f"{name}: {flat.mean():.2f}")
    for style, (name, value) in zip(("--", ":"), baselines.items(), strict=False):
        ax.axvline(value, color="black", linestyle=style, label=f"{name}: {value:.2f}")
    ax.set(xlabel="mean distance that a query looks (cells)", ylabel="density", xlim=(0, None))
    ax.legend()
    return fig


def grouped_bars(
    table: Mapping[str, Mapping[str, float]],
    ylabel: str,
    reference: tuple[str, float] | None = None,
) -> Figure:
    """Bars of ``table[group][series]`` with their values on top.

    Args:
        reference: text and height of a dashed line, e.g. ("real digits", 1.0).
    """
    fig, ax = plt.subplots()
    series = list(next(iter(table.values())))
    width, at = 0.8 / len(series), np.arange(len(table))
    for i, (name, color) in enumerate(zip(series, PALETTE, strict=False)):
        heights = [group[name] for group in table.values()]
        bars = ax.bar(at + (i - (len(series) - 1) / 2) * width, heights, 0.92 * width, color=color,
                      label=name)  # fmt: skip
        ax.bar_label(bars, [f"{h:.3g}" for h in heights], fontsize=9, padding=2)
    if reference:
        ax.axhline(reference[1], color=PAPER["color"], linestyle="--", linewidth=1)
        ax.text(-0.48, reference[1], reference[0], va="bottom", fontsize=9)
    ax.set_xticks(at, list(table))
    ax.set(ylabel=ylabel)
    ax.margins(y=0.15)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


def twin_bars(scores: Mapping[str, TwinScores]) -> Figure:
    """Both twins scores of several nets as groups of bars, real twins (1) as a line."""
    table = {
        "pair correlation": {name: s.pair for name, s in scores.items()},
        "share with exactly two glyphs": {name: s.two for name, s in scores.items()},
    }
    return grouped_bars(table, "score", ("real twins", 1.0))


PLACES = {
    "8 px": "ratio_feat8",
    "16 px": "ratio_attention",
    "32 px": "ratio_feat32",
    "residual block, 16 px": "ratio_local",
}


def placement(recorded: Mapping[str, Any] | None) -> Figure:
    """FID divided by the FID without attention: the paper's table 1 and the recorded full run."""
    fig, ax = plt.subplots()
    places = list(PLACES)
    paper = [PAPER_VALUES[name].value for name in PLACES.values()]
    bare = {"linestyle": "none", "markersize": 9}  # places are no axis: no line between them
    ax.plot(places, paper, label="paper, ImageNet 128 px †", **{**PAPER, **bare})
    if recorded:
        ours = [recorded["metrics"][name]["mean"] for name in PLACES.values()]
        ax.plot(places, ours, label=f"recorded, {recorded['data']}", **{**RECORDED, **bare})
    ax.axhline(1, color="black", linewidth=0.8)
    ax.text(3.45, 1.004, "no attention", ha="right", fontsize=9)
    ax.set(ylabel="FID / FID without attention", xlim=(-0.5, 3.5))
    ax.legend(loc="lower left")
    return fig
