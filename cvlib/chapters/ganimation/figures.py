"""The pictures of chapter 07; each function draws on given axes or returns a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from cvlib.chapters.ganimation import probes
from cvlib.chapters.ganimation.claims import ARMS
from cvlib.chapters.ganimation.config import SHOWN
from cvlib.course.page.figures import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from cvlib.course.run.record import history_of
from cvlib.faces.aus import EMOTION_RECIPES, UNITS, expression
from cvlib.faces.identity import Identity
from cvlib.faces.render import render_many
from cvlib.faces.trials import Trials, answers

TONES = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
PORTRAIT = probes.PORTRAIT
SMOOTH = "bilinear"  # small faces are read better without the edges of their pixels
SCHEDULES = {"base": "price late", "free": "never", "eager": "high at once",
             "cold": "late, no warm-up"}  # fmt: skip
JUDGES = {"fit": "analysis by synthesis", "estimator": "independent net", "judge": "own judge"}


def row_of(pictures: Tensor, gap: int = 1) -> np.ndarray:
    """Pictures (n, 3, S, S) in [0, 1] side by side, `gap` white pixels apart: (S, n S, 3)."""
    padded = nn.functional.pad(pictures.clamp(0, 1), (0, gap, 0, gap), value=1.0)
    return torch.cat(list(padded), dim=2).permute(1, 2, 0).numpy()


def show_rows(ax: Axes, rows: Mapping[str, Tensor]) -> None:
    """Rows of pictures (n, 3, S, S) in [0, 1] under each other, their names on the left."""
    drawn = [row_of(pictures) for pictures in rows.values()]
    ax.imshow(np.concatenate(drawn), interpolation=SMOOTH)
    height = drawn[0].shape[0]
    ax.set_yticks([height * (i + 0.5) for i in range(len(rows))], list(rows), fontsize=8)
    ax.set_xticks([])
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def in_grey(attention: Tensor) -> Tensor:
    """Attention maps (n, 1, S, S) as grey pictures (n, 3, S, S)."""
    return attention.expand(-1, 3, -1, -1)


def hero(face: Identity, G: nn.Module, t: Trials) -> Figure:
    """Rendered emotions of one face, above what the trained generator paints on others."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 3.8), height_ratios=(1, 2.75))
    recipes = ("happiness", "surprise", "fear", "anger", "disgust")
    aus = torch.cat([expression(()), *(expression(EMOTION_RECIPES[name]) for name in recipes)])
    drawn = render_many(face.repeated(len(aus)), aus, 144, PORTRAIT)
    top.imshow(row_of(drawn), interpolation=SMOOTH)
    top.set_xticks([145 * (i + 0.5) for i in range(len(aus))], ["no unit", *recipes])
    top.set_yticks([])
    top.grid(False)
    top.tick_params(length=0)
    top.spines[:].set_visible(False)
    painted = answers(G, t)
    show_rows(
        bottom,
        {
            "input": (t.before + 1) / 2,
            "generator": (painted.image + 1) / 2,
            "attention": in_grey(painted.attention),
            "true": (t.truth + 1) / 2,
        },
    )
    return fig


def fading(face: Identity, recipe: Sequence[int], size: int = 110) -> Figure:
    """A cross-fade of two pictures above the renderer's way through expressions."""
    start, end = expression(()), expression(recipe)
    steps = [probes.crossfade(face, start, end, t, size) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    fig, ax = plt.subplots(figsize=(5.2, 2.1))
    show_rows(ax, {
        "pixels": torch.stack([faded for _, faded in steps]),
        "muscles": torch.stack([moved for moved, _ in steps]),
    })  # fmt: skip
    return fig


def unit_sheet(face: Identity, size: int = 64) -> Figure:
    """All seventeen units at full strength on one face, the unchanged one first."""
    aus = torch.cat([expression(()), torch.eye(len(UNITS))])
    aus[UNITS.index(next(u for u in UNITS if u.number == 26)) + 1] = expression((25, 26))[0]
    pictures = render_many(face.repeated(len(aus)), aus, size, PORTRAIT)
    fig, axes = plt.subplots(3, 6, figsize=(4.5, 3.2))
    names = ["no unit", *(f"{u.number} {_short(u.title)}" for u in UNITS)]
    for ax, picture, name in zip(axes.flat, pictures, names, strict=True):
        ax.imshow(picture.permute(1, 2, 0).numpy(), interpolation=SMOOTH)
        ax.set_title(_stacked(name), fontsize=6)
        ax.axis("off")
    return fig


def _short(title: str) -> str:
    """The first words of a unit's title, for a small picture."""
    return title.split(",")[0].removeprefix("lip ")


def draw_muscles(
    face: Identity, names: Mapping[str, int], size: int = 128
) -> Callable[[Axes, Mapping[str, float]], None]:
    """A function for `board`: a face whose units, by their sliders' names, have these strengths."""

    def draw(ax: Axes, values: Mapping[str, float]) -> None:
        aus = expression({names[name]: value for name, value in values.items()})
        ax.imshow(
            render_many(face, aus, size, PORTRAIT)[0].permute(1, 2, 0).numpy(), interpolation=SMOOTH
        )
        ax.axis("off")

    return draw


def draw_split(G: nn.Module, face: Identity, number: int) -> Callable[[Axes, float], None]:
    """A function for `explore`: truth, generator and their difference at a strength."""

    def draw(ax: Axes, strength: float) -> None:
        t = probes.one_request(face, {number: strength})
        painted = (answers(G, t).image + 1) / 2
        truth = (t.truth + 1) / 2
        show_rows(ax, {"true": truth, "painted": painted, "|diff|": 2 * (painted - truth).abs()})
        if strength > 0:
            ax.set_yticks([])

    return draw


def decomposition(G: nn.Module, t: Trials) -> Figure:
    """Input, colour, attention, their composition, and what comes back: a column per request."""
    painted = answers(G, t)
    _, _, back = probes.triangle(G, t)
    fig, ax = plt.subplots(figsize=(3.4, 3.9))
    rows = {
        "input I": (t.before + 1) / 2,
        "colour C": (painted.color + 1) / 2,
        "attention A": in_grey(painted.attention),
        "result": (painted.image + 1) / 2,
        "true": (t.truth + 1) / 2,
        "and back": back,
    }
    show_rows(ax, rows)
    return fig


def penalty_fields(weights: Sequence[float]) -> Figure:
    """The length of a toy critic's slope over the plane, without and with a gradient penalty."""
    fig, axes = plt.subplots(1, len(weights), figsize=(5.4, 2.0))
    for ax, weight in zip(axes, weights, strict=True):
        scores, slopes = probes.penalty_field(weight)
        extent = (-2, 2, -2, 2)
        picture = ax.imshow(slopes, origin="lower", extent=extent, vmin=0, vmax=2, cmap="magma")
        line = np.linspace(-2, 2, 33)
        ax.contour(line, line, scores, levels=8, colors="white", linewidths=0.6)
        ax.plot([1], [0], "o", color=SKY)
        ax.plot([-1], [0], "s", color=ORANGE)
        ax.set_title(f"weight {weight:g}")
        ax.grid(False)
    fig.colorbar(picture, ax=axes, label="length of the slope")
    return fig


def fooled(metrics: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The same generators judged three ways: a dot per seed, a column per arm."""
    fig, ax = plt.subplots(figsize=(7.6, 3))
    for k, (kind, title) in enumerate(JUDGES.items()):
        for i, arm in enumerate(ARMS):
            values = metrics[f"{kind}_{arm}"]["values"]
            x = i + 0.24 * (k - 1)
            ax.plot([x] * len(values), values, "oDs"[k], color=TONES[k], alpha=0.75,
                    label=title if i == 0 else None)  # fmt: skip
    ax.axhline(metrics["fit_copy"]["mean"], color="black", linewidth=0.8)
    ax.set_xticks(range(len(ARMS)), [_stacked(title) for title in ARMS.values()], fontsize=7)
    ax.set(ylabel="ICC, mean of three units", ylim=(-0.15, 1.05))
    ax.legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1))
    return fig


def draw_noise(
    nets: Mapping[str, nn.Module], t: Trials, metrics: Mapping[str, Mapping[str, Any]]
) -> Callable[[Axes, float], None]:
    """A function for `explore`: what was painted under a noise, and what three judges say of it."""
    arms = probes.noises()

    def draw(ax: Axes, sigma: float) -> None:
        arm = arms[sigma]
        painted = answers(nets[arm], t)
        show_rows(ax, {"true": (t.truth + 1) / 2, "painted": (painted.image + 1) / 2,
                       "attention": in_grey(painted.attention)})  # fmt: skip
        said = [f"{title} {metrics[f'{k}_{arm}']['mean']:.2f}" for k, title in JUDGES.items()]
        ax.set_xlabel("\n".join(said), fontsize=8)
        if sigma > 0:
            ax.set_yticks([])

    return draw


def _stacked(title: str) -> str:
    """A title in lines of one or two words, for a tick."""
    words = title.split()
    return "\n".join(" ".join(words[i : i + 2]) for i in range(0, len(words), 2))


def collapse_lab(told: Mapping[str, Any]) -> Figure:
    """Agreement and mean attention over the steps for schedules of the price, a line per seed."""
    fig, axes = plt.subplots(1, 2, figsize=(6.4, 2.6))
    for (arm, title), color in zip(SCHEDULES.items(), TONES, strict=False):
        for i, seed in enumerate(told["seeds"]):
            read = [line for line in history_of(told, arm, seed) if "fit" in line]
            steps = [line["step"] + 1 for line in read]
            label = title if i == 0 else None
            axes[0].plot(steps, [p["fit"] for p in read], "o-", color=color, label=label)
            axes[1].plot(steps, [100 * p["repainted"] for p in read], "o-", color=color)
    axes[0].axhline(told["metrics"]["fit_copy"]["mean"], color="black", linewidth=0.8)
    axes[0].set(title="ICC by analysis by synthesis", xlabel="step")
    axes[1].set(title="mean attention (%)", xlabel="step", ylim=(0, None))
    fig.legend(loc="outside upper center", ncols=4)
    return fig


def talk(matrices: Mapping[str, Tensor]) -> Figure:
    """Slopes (n, n) of shown strengths on requested ones, a matrix per arm on one scale."""
    fig, axes = plt.subplots(1, len(matrices), figsize=(6.4, 2.3))
    for ax, (title, slopes) in zip(axes, matrices.items(), strict=True):
        picture = ax.imshow(slopes, cmap="RdBu_r", vmin=-1, vmax=1)
        for i in range(len(SHOWN)):
            for j in range(len(SHOWN)):
                ax.text(j, i, f"{slopes[i, j]:.2f}", ha="center", va="center", fontsize=7)
        ax.set(title=title, xlabel="AU shown")
        ax.set_xticks(range(3), SHOWN)
        ax.set_yticks(range(3), SHOWN)
        ax.grid(False)
    axes[0].set_ylabel("AU requested")
    fig.colorbar(picture, ax=axes, label="slope")
    return fig
