"""Pictures of a session: a trial to scale, exposures, shares, and a belief that grows.

Colours are places in matplotlib's cycle, which the course's pages set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.psychophysics.exposure import ExposurePlan, Phase
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.posterior import density, growing
from cvlib.psychophysics.shares import Share

BLUE, VERMILION, GREEN, ORANGE, SKY, BLACK = "C0", "C1", "C2", "C4", "C5", "black"


def _colour(name: str) -> str:
    fixed = {"fixation": "#BBBBBB", "picture": VERMILION, "blank": "#E3E3E3"}
    return fixed.get(name, "#222222" if name.endswith(("1", "3", "5", "7", "9")) else "#888888")


def draw_phases(ax: Axes, phases: Sequence[Phase], row: float) -> None:
    """A trial's phases one after the other, to scale; the picture begins at 0 ms."""
    start = -phases[0].ms
    for phase in phases:
        ax.barh(row, phase.ms, left=start, height=0.6, color=_colour(phase.name))
        start += phase.ms


def draw_onset(ax: Axes, hz: float) -> None:
    """Picture and first masks on a screen of this rate, a tick for every frame."""
    plan = ExposurePlan()
    phases = plan.phases(hz)
    draw_phases(ax, phases, 0)
    frames = np.arange(-2, round(0.25 * hz)) * 1000 / hz
    ax.vlines(frames, -0.42, -0.32, color=BLACK, linewidth=0.8)
    ax.axvline(plan.stimulus_ms, color=BLUE, linestyle="--", linewidth=1.2)
    ax.text(phases[1].ms / 2, 0.36, f"{phases[1].frames} frames", ha="center", va="bottom")
    ax.set(xlim=(-40, 220), ylim=(-0.5, 0.75), yticks=[], xlabel="ms")
    ax.grid(False)


def trial_timeline(rates: Sequence[float] = (60, 240)) -> Figure:
    """One whole trial to scale, and below it the moment of the picture, frame by frame."""
    plan = ExposurePlan()
    fig, (whole, *moments) = plt.subplots(len(rates) + 1, 1, figsize=(8, 1.3 + 1.25 * len(rates)))
    draw_phases(whole, plan.phases(rates[0]), 0)
    whole.set(yticks=[], xlabel="ms from the picture's onset", title="a trial, to scale")
    whole.grid(False)
    for name, x in (("cross", -480), ("picture", -30), ("ten masks", 330), ("answer", 1650)):
        whole.text(x, 0.36, name, ha="center", va="bottom", fontsize=9)
    whole.set_ylim(-0.4, 0.8)
    for ax, hz in zip(moments, rates, strict=True):
        draw_onset(ax, hz)
        ax.set_title(f"{hz:.0f} Hz; dashed: the 63 ms that were asked for", fontsize=9)
    return fig


def exposure_histogram(responses: Sequence[Response], plan: ExposurePlan, hz: float) -> Figure:
    """How long the pictures really stood, of all trials, beside what the plan says."""
    fig, ax = plt.subplots(figsize=(8, 2.6))
    shown = [r.stimulus_ms for r in responses if r.stimulus_ms is not None]
    frame = 1000 / hz
    planned = plan.phases(hz)[1]
    edges = (np.arange(-3, 4) + planned.frames - 0.5) * frame  # a bin per number of frames
    ax.hist(np.clip(shown, edges[0], edges[-1]), bins=edges, color=SKY, edgecolor="white")
    ax.axvline(plan.stimulus_ms, color=BLUE, linestyle="--", label="asked for")
    ax.set_xticks((edges[:-1] + edges[1:]) / 2)
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:.1f}")
    ax.set(xlabel="ms that the picture stood (a bar per frame)", ylabel="trials")
    ax.legend()
    return fig


def condition_shares(table: Mapping[str, Share], false: Share) -> Figure:
    """Accuracy in image, adv and flip, and choices of the target in false, with 95 % intervals."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    rows = {**table, "false: target": false}
    colours = [GREEN, VERMILION, SKY, ORANGE]
    for i, (share, colour) in enumerate(zip(rows.values(), colours, strict=True)):
        low, high = share.interval
        ax.plot([low, high], [i, i], color=colour, linewidth=3)
        ax.plot(share.value, i, "o", color=colour, markersize=9)
        ax.text(1.02, i, f"{share.k} of {share.n}", va="center", fontsize=9)
    ax.axvline(0.5, color=BLACK, linewidth=0.8)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlim=(0, 1.15), xlabel="share right; in false: share of the target")
    ax.invert_yaxis()
    return fig


def growing_belief(answers: Sequence[bool]) -> Figure:
    """The posterior of the share of target choices, trial by trial, and its shape on the way."""
    belief = growing(answers)
    trials = np.arange(len(belief.mean))
    fig, (course, shape) = plt.subplots(1, 2, figsize=(8, 3), width_ratios=(3, 2))
    course.fill_between(trials, belief.low, belief.high, color=SKY, alpha=0.4, linewidth=0)
    course.plot(trials, belief.mean, color=BLUE)
    course.axhline(0.5, color=BLACK, linewidth=0.8)
    course.set(ylim=(0, 1), xlabel="trials in false", ylabel="share that chooses the target")
    grid = np.linspace(0.001, 0.999, 300)
    stops = sorted({0, min(5, len(answers)), len(answers) // 2, len(answers)})
    for n, width in zip(stops, np.linspace(0.8, 2.4, len(stops)), strict=True):
        shape.plot(grid, density(answers[:n], grid), color=BLUE, linewidth=width, label=f"{n}")
    shape.axvline(0.5, color=BLACK, linewidth=0.8)
    shape.set(xlabel="share that chooses the target", ylabel="density")
    shape.legend(title="trials", fontsize=8)
    return fig
