"""The pictures of chapter 02; each function returns a figure, or draws on given axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans.probes import radial_power
from cvlib.course.page.figures import BLACK, BLUE, GREEN, ORANGE, PURPLE, RECORDED, VERMILION

Metrics = Mapping[str, Mapping[str, Any]]  # of a record
Verdict = tuple[int, float]
ATTACK_NAMES = {
    "clean": "no attack", "noise": "noise", "flip": "flip", "single": "one net",
    "ensemble": "three nets", "aware": "three, retina",
}  # fmt: skip
SPREAD = 0.14  # between the two rows of dots of one attack
COUNTS, LEVELS = (1, 2, 3), (8, 16, 32, 48)  # networks attacked; bounds
NOISE = {"color": BLACK, "marker": "x", "linestyle": ":"}
NOISE_ON_PHOTOS = {"marker": "x", "linestyle": ":"}


def picture(ax: Axes, image: Tensor) -> None:
    """One uint8 image (C, S, S) without ticks."""
    ax.imshow(image.permute(1, 2, 0).squeeze(-1), cmap="gray", vmin=0, vmax=255)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)


def hero(
    shown: Mapping[str, Tensor], read: Mapping[str, Sequence[Verdict]], right: Sequence[int],
    metrics: Metrics,
) -> Figure:  # fmt: skip
    """Digits (N, C, S, S) under four conditions, a net's verdicts, and the recorded success."""
    fig = plt.figure(figsize=(8, 7.4))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1.75, 1.0))
    axes = top.subplots(len(shown), len(right))
    for row, (name, images) in zip(axes, shown.items(), strict=True):
        for ax, image, (digit, p), true in zip(row, images, read[name], right, strict=True):
            picture(ax, image)
            color = BLACK if digit == true else VERMILION
            ax.set_xlabel(f"{digit}  {p:.0%}", color=color, fontsize=10, labelpad=2)
        row[0].set_ylabel(name, fontsize=11)
    attack_dots(bottom.subplots(), metrics)
    return fig


def attack_dots(ax: Axes, metrics: Metrics) -> None:
    """Success of every attack on a held-out net, bare and behind a retina, a dot per seed."""
    looks = (("plain", BLUE, "o", "bare net"), ("retina", ORANGE, "D", "behind a retina"))
    for shift, (viewer, color, marker, label) in zip((-SPREAD, SPREAD), looks, strict=True):
        for place, attack in enumerate(ATTACK_NAMES):
            values = metrics[f"{attack}_{viewer}"]["values"]
            ax.plot(values, [place + shift] * len(values), marker, color=color, alpha=0.75,
                    label=label if place == 0 else None)  # fmt: skip
    ax.set_yticks(range(len(ATTACK_NAMES)), ATTACK_NAMES.values())
    ax.set(xlim=(-2, 102), xlabel="taken for the target by a net that nobody attacked (%)")
    ax.invert_yaxis()
    ax.legend(loc="upper right", title="who is asked")


def transfer_matrix(names: Sequence[str], success: Tensor) -> Figure:
    """Success (5, 4): who is attacked by row, who is asked by column."""
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    drawn = ax.imshow(success, cmap="viridis", vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(success.numpy()):
        text = "–" if np.isnan(value) else f"{value:.0f}"
        color = "white" if np.isnan(value) or value < 60 else "black"
        ax.text(column, row, text, ha="center", va="center",
                color="black" if np.isnan(value) else color)  # fmt: skip
    ax.set_xticks(range(success.shape[1]), names[: success.shape[1]])
    ax.set_yticks(range(len(names)), names)
    ax.axhline(success.shape[1] - 0.5, color="white", linewidth=4)
    ax.set(xlabel="asked", ylabel="attacked")
    ax.grid(False)
    fig.colorbar(drawn, ax=ax, label="success (%)")
    return fig


def eye_map(retina: RetinaBlur, geometry: ViewingGeometry) -> Figure:
    """The blur of every pixel with circles of equal eccentricity, and the stack's weights."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), width_ratios=(1, 1.3))
    degrees = torch.rad2deg(geometry.eccentricity())
    steps = plt.get_cmap("viridis", 12)  # few colors make a small file
    drawn = left.imshow(retina.sigma, cmap=steps)
    rings = left.contour(degrees, levels=[2, 4, 6, 8], colors="white", linewidths=1)
    left.clabel(rings, fmt="%g°", fontsize=9)
    left.set(xticks=[], yticks=[], title="blur of every pixel")
    left.grid(False)
    fig.colorbar(drawn, ax=left, label="sigma (px)")

    colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(retina.rungs)))
    for weight, variance, color in zip(retina.weights, retina.rungs, colors, strict=True):
        sigma = float(variance) ** 0.5
        right.plot(torch.diagonal(weight), color=color, label=f"{sigma:.2f}")
    right.set(xlabel="pixel of the diagonal", ylabel="weight", title="five blurred images, mixed")
    right.legend(title="sigma (px)", fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_seen(photo: Tensor, alpha: float) -> Callable[[Axes, float], None]:
    """A function for `explore`: a photo (1, 3, S, S), gazed at right of its centre (metres)."""
    geometry = ViewingGeometry(photo.shape[-1])

    def draw(ax: Axes, gaze: float) -> None:
        seen = RetinaBlur(geometry, alpha, fixation=(gaze, 0.0))(photo)[0]  # (3, S, S)
        middle = geometry.size_px / 2
        ax.imshow(seen.clamp(0, 1).permute(1, 2, 0))
        ax.plot(middle + gaze * geometry.px_per_m, middle, "+", color="white", markersize=9)
        ax.axis("off")

    return draw


def perturbation_sheet(deltas: Mapping[str, Tensor], example: int) -> Figure:
    """Perturbations (N, C, S, S) of one image, and the mean radial spectrum of all."""
    fig = plt.figure(figsize=(8, 4.9))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1.15))
    for ax, (name, delta) in zip(top.subplots(1, len(deltas)), deltas.items(), strict=True):
        ax.imshow(delta[example].permute(1, 2, 0).squeeze(-1), cmap="RdBu_r", vmin=-32, vmax=32)
        ax.set(xticks=[], yticks=[], title=name)
        ax.grid(False)
    ax = bottom.subplots()
    for (name, delta), color in zip(deltas.items(), (PURPLE, BLUE, ORANGE, BLACK), strict=True):
        ax.plot(*radial_power(delta), "o-", color=color, label=name, markersize=4)
    ax.set(xlabel="cycles an image", ylabel="power (log)", yscale="log")
    ax.legend(ncols=2)
    return fig


def seed_dots(ax: Axes, places: Sequence[float], values: Sequence[Sequence[float]], **look) -> None:
    """A dot per seed at each place and a line through the means."""
    for place, seeds in zip(places, values, strict=True):
        ax.plot(
            [place] * len(seeds), seeds, look.get("marker", "o"), color=look["color"], alpha=0.6
        )
    ax.plot(places, [np.mean(seeds) for seeds in values], **look)


def success_curves(metrics: Metrics) -> Figure:
    """Success on the bare held-out net against the nets attacked and against the bound."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True)
    by_count = [metrics[f"{name}_plain"]["values"] for name in ("single", "pairs", "ensemble")]
    by_bound, noise = curves_of(metrics, "{}_plain")
    seed_dots(axes[0], COUNTS, by_count, **RECORDED)
    seed_dots(axes[1], LEVELS, by_bound, label="three nets attacked", **RECORDED)
    seed_dots(axes[1], LEVELS, noise, label="random signs", **NOISE)
    label_curves(axes, "success (%)")
    axes[1].legend(loc="center left", bbox_to_anchor=(0, 0.75))
    return fig


def curves_of(metrics: Metrics, name: str) -> tuple[list[Any], list[Any]]:
    """Values by seed at every bound of `LEVELS`: attacked, and with noise; `name` is a pattern."""
    attacked = ["ensemble" if eps == 32 else f"eps{eps}" for eps in LEVELS]
    noisy = ["noise" if eps == 32 else f"noise{eps}" for eps in LEVELS]
    return (
        [metrics[name.format(a)]["values"] for a in attacked],
        [metrics[name.format(a)]["values"] for a in noisy],
    )


def label_curves(axes: Sequence[Axes], what: str) -> None:
    """What two panels show: `what` against the networks attacked, and against the bound."""
    axes[0].set(xlabel="networks attacked", ylabel=what, xticks=COUNTS, ylim=(-3, 103))
    axes[1].set(xlabel="bound (levels of 255)", xticks=LEVELS)


def photo_sheet(metrics: Metrics) -> Figure:
    """Forced choices on photographs: a dot per seed by attack, by networks attacked, by bound."""
    fig = plt.figure(figsize=(8, 6.4))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1.1, 1))
    photo_dots(top.subplots(1, 3, sharey=True, width_ratios=(5, 5, 3)), metrics)
    axes = bottom.subplots(1, 2, sharey=True)
    looks = (("cousin", "o", BLUE, "a cousin"), ("stranger", "D", ORANGE, "a stranger"))
    for held, marker, color, label in looks:
        look = {"marker": marker, "color": color}
        names = ("single", "pair", "ensemble")
        by_bound, noise = curves_of(metrics, held + "_{}")
        seed_dots(axes[0], COUNTS, [metrics[f"{held}_{n}"]["values"] for n in names], **look)
        seed_dots(axes[1], LEVELS, by_bound, label=label, **look)
        seed_dots(axes[1], LEVELS, noise, label=f"{label}, noise", **look | NOISE_ON_PHOTOS)
    label_curves(axes, "target chosen (%)")
    axes[1].legend(fontsize=8)
    return fig


def photo_dots(axes: Sequence[Axes], metrics: Metrics) -> None:
    """Forced choices for the target: by a cousin, a stranger, and the cousin behind a retina."""
    panels = {
        "lite2, a cousin": {title: f"cousin_{a}" for a, title in ATTACK_NAMES.items()},
        "SqueezeNet, a stranger": {title: f"stranger_{a}" for a, title in ATTACK_NAMES.items()},
        "lite2, retina": {"three nets": "cousin_retina", "three, retina": "cousin_through"},
    }
    for ax, (title, names), color in zip(axes, panels.items(), (BLUE, ORANGE, BLUE), strict=True):
        for place, name in enumerate(names.values()):
            values = metrics[name]["values"]
            ax.plot([place] * len(values), values, "o", color=color, alpha=0.7)
            ax.hlines(np.mean(values), place - 0.25, place + 0.25, color=color)
        ax.set_xticks(range(len(names)), names, rotation=35, ha="right")
        ax.set(title=title, xlim=(-0.6, len(names) - 0.4), ylim=(-3, 103))
    axes[0].set_ylabel("target chosen (%)")


def look_curves(curves: Sequence[Mapping[str, Sequence[float]]], metrics: Metrics) -> Figure:
    """Right choices after 1, 2, ... looks, a line per seed; and by the accumulator's time."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, width_ratios=(2, 1))
    for name, color in (("image", GREEN), ("flip", BLUE), ("adv", VERMILION)):
        for i, curve in enumerate(curves):
            looks = range(1, len(curve[name]) + 1)
            left.plot(looks, curve[name], "o-", color=color, alpha=0.7,
                      label=name if i == 0 else None)  # fmt: skip
    left.set(xlabel="looks", ylabel="right (%)", ylim=(-3, 103), title="glimpses")
    left.legend(loc="center right")
    for brief, long in zip(metrics["brief_adv"]["values"], metrics["long_adv"]["values"],
                           strict=True):  # fmt: skip
        right.plot([63, 1000], [brief, long], "o-", color=VERMILION, alpha=0.7)
    right.set(xscale="log", xlabel="time (ms, log)", title="accumulator, adv")
    right.set_xticks([63, 1000], ["63", "1,000"])
    right.minorticks_off()
    return fig
