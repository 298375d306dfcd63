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

from cvlib.chapters.spherical_cnns.claims import COLUMNS
from cvlib.chapters.spherical_cnns.claims import PAPER as STATED
from cvlib.course.page.figures import BLUE, GREEN, LIVE, ORANGE, PAPER, RECORDED, VERMILION
from cvlib.course.run.record import note
from cvlib.spherical.fourier import S2Transform
from cvlib.spherical.globe import FROM_CENTRE, graticule, line, show_globe, view_from
from cvlib.spherical.grids import Grid, sphere_points
from cvlib.spherical.images import image_to_sphere
from cvlib.spherical.rotations import rotation_matrix

SIDE = view_from(180, -30)  # digits tilt towards this side


def tilt_of(degrees: float) -> Tensor:
    """The rotation `(3, 3)` by this angle about the y axis: what the pictures turn by."""
    return rotation_matrix(torch.tensor([0.0, degrees * torch.pi / 180, 0.0], dtype=torch.float64))


Record = Mapping[str, Any]


# ---- results -------------------------------------------------------------------------------------


def hero(record: Record | None, live: Record | None = None, seven: Tensor | None = None) -> Figure:
    """What the run measured: accuracy over the tilt of the digits, and the table of Sec. 5.2.

    `seven` is a picture `(1, 1, H, W)` that is shown at the tilts; `record` is the recorded run.
    """
    fig = plt.figure(figsize=(8, 4.2), layout="constrained")
    left, right = fig.subfigures(1, 2, width_ratios=[1.5, 1])
    globes, curve = left.subfigures(2, 1, height_ratios=[1, 3])
    tilts = range(0, 181, 30)
    for ax, tilt in zip(globes.subplots(1, len(tilts)), tilts, strict=True):
        ax.axis("off")
        if seven is not None:
            signal = image_to_sphere(seven, 30, tilt_of(tilt))[0, 0]
            show_globe(ax, signal, SIDE, "gray")
    _tilt_curves(curve.subplots(), record, live)
    _table_marks(right.subplots(2, 1, sharex=True), record, live)
    return fig


def _tilt_curves(ax: Axes, record: Record | None, live: Record | None) -> None:
    for source, style, name in ((record, RECORDED, _named(record)), (live, LIVE, "this run")):
        for net, fill in ((main_net(source), "full"), ("planar", "none")) if source else ():
            curves = [note(source, f"{net}-nr", "tilt", seed) for seed in source["seeds"]]
            curves = [curve for curve in curves if curve]
            if curves:
                mean = np.mean([curve["accuracy"] for curve in curves], 0)
                what = "planar" if net == "planar" else "spherical"
                ax.plot(curves[0]["degrees"], mean, **style, fillstyle=fill, markersize=5,
                        label=f"{what}, {name}")  # fmt: skip
    ax.axhline(10, color=GREEN, linewidth=1, label="guessing")
    ax.set(xlabel="tilt of the test digits, degrees", ylabel="accuracy, %", ylim=(0, 102),
           xlim=(-8, 188), xticks=range(0, 181, 30))  # fmt: skip
    ax.legend(fontsize=7, loc="center right", bbox_to_anchor=(1, 0.42))


def _table_marks(axes: Sequence[Axes], record: Record | None, live: Record | None) -> None:
    for ax, row in zip(axes, ("spherical", "planar"), strict=True):
        stated = [STATED[f"{row}_{column}"].value for column in COLUMNS]
        ax.plot(range(3), stated, **PAPER, markersize=6, label="paper")
        for source, style, name in ((record, RECORDED, _named(record)), (live, LIVE, "this run")):
            if source:
                net = main_net(source) if row == "spherical" else row
                _dots(ax, source, net, style, name)
        ax.axhline(10, color=GREEN, linewidth=1)
        ax.set(ylim=(0, 102), xlim=(-0.3, 2.3), ylabel="accuracy, %")
        ax.set_title(row, fontsize=9)
        ax.legend(fontsize=7, loc="center left" if row == "spherical" else "upper right")
    axes[-1].set_xticks(range(3), ["NR/NR", "R/R", "NR/R"])


def _dots(ax: Axes, source: Record, net: str, style: dict, name: str) -> None:
    """A dot per seed and a line through the means."""
    metrics = [source["metrics"][f"{net}_{column}"] for column in COLUMNS]
    known = [(k, m) for k, m in enumerate(metrics) if m["mean"] is not None]
    if not known:
        return
    for k, metric in known:
        values = [v for v in metric["values"] if v is not None]
        ax.plot([k] * len(values), values, **{**style, "linestyle": "none"}, markersize=4)
    ax.plot([k for k, _ in known], [m["mean"] for _, m in known], **style, markersize=4,
            label=name)  # fmt: skip


def main_net(record: Record) -> str:
    """The spherical network that a run trained under both protocols."""
    return "small" if record["metrics"]["small_r_r"]["mean"] is not None else "spherical"


def _named(record: Record | None) -> str:
    return f"recorded ({record['profile']})" if record else ""


def aliasing(
    power: tuple[Tensor, Tensor], record: Record | None, live: Mapping[str, Any]
) -> Figure:
    """What a ReLU leaks, what that does to equivariance, and what training makes of it.

    `power` per degree before and after a ReLU; the errors over the depth come from `record`, or
    from the notes of this run `live`; the accuracies are the record's.
    """
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 2.9), width_ratios=[1, 1.15, 1])
    degrees = np.arange(len(power[0]))
    left.bar(degrees - 0.2, power[0] + 1e-12, 0.4, color=BLUE, label="before")
    left.bar(degrees + 0.2, power[1], 0.4, color=VERMILION, label="after the ReLU")
    left.set(yscale="log", ylim=(1e-3, None), xlabel="degree l", ylabel="power",
             xticks=degrees[::2])  # fmt: skip
    left.legend(fontsize=7)
    _error_lines(middle, note(record, "commuting", "errors") if record else live)
    _coarse_and_fine(right, record)
    return fig


def _error_lines(ax: Axes, errors: Mapping[str, Any]) -> None:
    kinds = (("relu", VERMILION, "ReLU, grid = degrees"), ("finer", ORANGE, "ReLU, grid 5/3 finer"),
             ("linear", BLUE, "no ReLU"))  # fmt: skip
    for kind, colour, label in kinds:
        for k, row in enumerate(errors[kind]):
            ax.plot(range(1, len(row) + 1), row, color=colour, linewidth=0.8 + 0.5 * k,
                    label=f"{label}" if k == 0 else None)  # fmt: skip
    ax.set(yscale="log", xlabel="layers on SO(3)", ylabel="error of equivariance",
           xticks=range(1, len(errors["linear"][0]) + 1), ylim=(1e-7, 2))  # fmt: skip
    ax.legend(fontsize=7, loc="center")


def _coarse_and_fine(ax: Axes, record: Record | None) -> None:
    names = ("coarse", "small")
    labels = ["grids 8, 5\n(too coarse)", "grids 9, 6"]
    for k, name in enumerate(names):
        for column, colour, shift in (("nr_nr", BLUE, -0.12), ("nr_r", VERMILION, 0.12)):
            metric = record["metrics"].get(f"{name}_{column}") if record else None
            values = [v for v in metric["values"] if v is not None] if metric else []
            what = {"nr_nr": "tested upright", "nr_r": "tested turned"}[column]
            ax.plot([k + shift] * len(values), values, "o", color=colour, markersize=5,
                    label=what if k == 0 else None)  # fmt: skip
    ax.set_xticks(range(2), labels)
    ax.set(xlim=(-0.5, 1.5), ylabel="accuracy, %", title="trained upright, recorded")
    ax.title.set_fontsize(8)
    if record:
        ax.legend(fontsize=7)


# ---- why flat maps fail --------------------------------------------------------------------------


def cap(longitude: float, latitude: float, radius: float = 12.0) -> np.ndarray:
    """The edge of a round island, unit vectors `(n, 3)`; angles in degrees."""
    t = np.linspace(0, 2 * np.pi, 241)
    r = np.radians(radius)
    right, up, toward = view_from(longitude, latitude)
    ring = np.outer(np.cos(t), right) + np.outer(np.sin(t), up)
    return np.cos(r) * toward + np.sin(r) * ring


def footprint(longitude: float, latitude: float) -> np.ndarray:
    """The edge of a planar filter of 3x3 pixels of 9 degrees `(n, 2)`, on the flat map."""
    half = 9.0 * 3 / 2
    t = np.linspace(-half, half, 31)
    edges = [(t, -half), (half, t), (-t, half), (-half, -t)]
    square = np.concatenate([np.stack(np.broadcast_arrays(u, v), 1) for u, v in edges])
    return square + np.array([longitude, latitude])


def greenland(latitudes: Sequence[float] = (0, 45, 70)) -> Figure:
    """Islands of one size, and one planar filter, on a flat map and on the globe."""
    fig, (flat, globe) = plt.subplots(1, 2, figsize=(7, 2.7), width_ratios=[2, 1])
    view = view_from(0, 25)
    graticule(globe, view)
    for k, (latitude, colour) in enumerate(zip(latitudes, (BLUE, ORANGE, VERMILION), strict=True)):
        place = (k - 1) * 45.0
        edge = cap(place, latitude)
        square = footprint(place, latitude)
        longitude = np.degrees(np.arctan2(edge[:, 1], edge[:, 0]))
        height = np.degrees(np.arcsin(edge[:, 2]))
        flat.fill(longitude, height, color=colour, alpha=0.6)
        flat.plot(*square.T, color="black", linewidth=1)
        on_globe = edge @ view.T
        globe.fill(on_globe[:, 0], on_globe[:, 1], color=colour, alpha=0.6)
        beta, alpha = np.radians(90 - square[:, 1]), np.radians(square[:, 0])
        line(globe, sphere_points(beta, alpha), view, color="black", linewidth=1)
    flat.set(xlim=(-180, 180), ylim=(-90, 90), xlabel="longitude, degrees",
             ylabel="latitude, degrees", xticks=range(-180, 181, 60), yticks=range(-90, 91, 30),
             aspect="equal")  # fmt: skip
    return fig


def by_degrees(signal: Tensor, degrees: Sequence[int]) -> Figure:
    """A signal `(2b, 2b)` rebuilt from the degrees `l < L`, seen from the centre."""
    fig, axes = plt.subplots(1, len(degrees) + 1, figsize=(8, 1.75))
    grid = Grid(signal.shape[-1] // 2)
    for ax, L in zip(axes, degrees, strict=False):
        transform = S2Transform(grid, L)
        show_globe(ax, transform.inverse(transform(signal)), FROM_CENTRE, "gray")
        ax.set_title(f"l < {L}: {L * L}", fontsize=9)
    show_globe(axes[-1], signal, FROM_CENTRE, "gray")
    axes[-1].set_title(f"samples: {signal.numel():,}", fontsize=9)
    return fig


# ---- what layers see ----------------------------------------------------------------------------


def draw_feature(ax: Axes, feature: Tensor, limit: float) -> None:
    """A signed feature map `(2b, 2b)`, seen from the centre, with the same colours throughout."""
    show_globe(ax, feature, FROM_CENTRE, "RdBu_r", limits=(-limit, limit))
    ax.set_ylim(-1.25, 1.25)


def draw_turning(ax: Axes, signal: Tensor, feature: Tensor, says: str) -> None:
    """A turned input above, a feature map of it below, and what the network says."""
    show_globe(ax, signal, SIDE, "gray")
    show_globe(ax, feature, SIDE, "viridis", at=(0, -2.2))
    ax.set(ylim=(-3.9, 1.06))
    ax.text(0, -3.35, says, ha="center", va="top", fontsize=9)
