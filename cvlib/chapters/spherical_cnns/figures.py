"""The chapter's pictures: functions that take data and return a Figure, or draw into axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.chapters.spherical_cnns.experiment import COLUMNS, EXPERIMENT
from cvlib.chapters.spherical_cnns.globe import (
    FROM_CENTRE,
    coloured,
    graticule,
    line,
    show_globe,
    view_from,
)
from cvlib.course.page.figures import BLUE, GREEN, LIVE, ORANGE, PAPER, RECORDED, VERMILION
from cvlib.spherical.fourier import S2Transform
from cvlib.spherical.grids import Grid, sphere_points
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.meshes import Mesh
from cvlib.spherical.rotations import euler_zyz, rotation_matrix
from cvlib.spherical.wigner import wigner_D

# ---- the claim -----------------------------------------------------------------------------------


def hero(live: Mapping | None = None, recorded: Mapping | None = None) -> Figure:
    """The table of Sec. 5.2 as marks: the paper, the recorded full run, this run."""
    fig, axes = plt.subplots(1, 2, sharey=True, figsize=(8, 2.8))
    for ax, name in zip(axes, ("planar", "spherical"), strict=True):
        keys = [f"{name}_{column}" for column in COLUMNS]
        ax.plot(range(3), [EXPERIMENT.paper[key].value for key in keys], **PAPER, label="paper †")
        for record, style, label in ((recorded, RECORDED, "full run"), (live, LIVE, "this run")):
            if record:
                means = [record["metrics"][key]["mean"] for key in keys]
                ax.plot(range(3), means, **style, label=label)
        ax.axhline(10, color=GREEN, linewidth=1, label="guessing")
        ax.set(title=f"{name} network", xticks=range(3), ylim=(0, 100), xlim=(-0.3, 2.3))
        ax.set_xticklabels(["NR/NR", "R/R", "NR/R"])
    axes[0].set_ylabel("accuracy, %")
    axes[0].legend(fontsize=8)
    return fig


# ---- why flat maps fail --------------------------------------------------------------------------


def cap(longitude: float, latitude: float, radius: float = 12.0) -> np.ndarray:
    """The edge of a round island, unit vectors ``(n, 3)``; angles in degrees."""
    t, r = np.linspace(0, 2 * np.pi, 241), np.radians(radius)
    right, up, toward = view_from(longitude, latitude)
    ring = np.outer(np.cos(t), right) + np.outer(np.sin(t), up)
    return np.cos(r) * toward + np.sin(r) * ring


def footprint(longitude: float, latitude: float, step: float = 9.0, taps: int = 3) -> np.ndarray:
    """The edge of a planar filter of ``taps`` x ``taps`` pixels of ``step`` degrees, on the map."""
    half = step * taps / 2
    t = np.linspace(-half, half, 31)
    edges = [(t, -half), (half, t), (-t, half), (-half, -t)]
    square = np.concatenate([np.stack(np.broadcast_arrays(u, v), 1) for u, v in edges])
    return square + np.array([longitude, latitude])


def greenland(latitudes: Sequence[float] = (0, 45, 70)) -> Figure:
    """Islands of one size, and one planar filter, on a flat map and on the globe."""
    fig, (flat, globe) = plt.subplots(1, 2, figsize=(8, 3), width_ratios=[2, 1])
    view = view_from(0, 25)
    graticule(globe, view)
    colours = (BLUE, ORANGE, VERMILION)
    for k, (latitude, colour) in enumerate(zip(latitudes, colours, strict=True)):
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
    flat.set(xlim=(-180, 180), ylim=(-90, 90), xlabel="longitude", ylabel="latitude",
             xticks=range(-180, 181, 60), yticks=range(-90, 91, 30), aspect="equal")  # fmt: skip
    return fig


# ---- harmonics -----------------------------------------------------------------------------------


def harmonics_chart(L: int = 4, b: int = 24) -> Figure:
    """The real harmonics of degree ``l < L`` on globes: a row per degree."""
    fig, axes = plt.subplots(L, 2 * L - 1, figsize=(8, 1.1 * L))
    Y = torch.as_tensor(spherical_harmonics(L, Grid(b).points))
    for ax in axes.flat:
        ax.axis("off")
    for l in range(L):
        for m in range(-l, l + 1):
            show_globe(axes[l, L - 1 + m], Y[..., l * l + l + m], view_from(30, 25), "RdBu_r")
        axes[l, L - 1 - l].set_title(f"l = {l}", fontsize=9, loc="left")
    return fig


def show_mixing(ax: Axes, R: Tensor, L: int = 4) -> None:
    """The matrix ``(L**2, L**2)`` that turns coefficients: a block per degree, zeros elsewhere."""
    matrix = np.zeros((L * L, L * L))
    for l, D in enumerate(wigner_D(L, euler_zyz(R).numpy())):
        matrix[l * l : (l + 1) ** 2, l * l : (l + 1) ** 2] = D[0]
    ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    edges = np.arange(L + 1) ** 2 - 0.5
    for low, high in pairwise(edges):
        ax.plot([low, high, high, low, low], [low, low, high, high, low], "k", linewidth=0.7)
    ax.set(xticks=[], yticks=[], xlim=(-1, L * L), ylim=(L * L, -1))
    ax.grid(False)


def by_degrees(signal: Tensor, degrees: Sequence[int]) -> Figure:
    """A signal ``(2b, 2b)`` rebuilt from the degrees ``l < L``, seen from the centre."""
    fig, axes = plt.subplots(1, len(degrees) + 1, figsize=(8, 1.7))
    grid, view = Grid(signal.shape[-1] // 2), FROM_CENTRE
    for ax, L in zip(axes, degrees, strict=False):
        transform = S2Transform(grid, L)
        show_globe(ax, transform.inverse(transform(signal)), view, "gray")
        ax.set_title(f"l < {L}: {L * L}", fontsize=9)
    show_globe(axes[-1], signal, view, "gray")
    axes[-1].set_title(f"samples: {signal.numel():,}", fontsize=9)
    return fig


# ---- the correlation -----------------------------------------------------------------------------


def theorem(blocks: Sequence[Tensor], angles: np.ndarray, spectral: np.ndarray,
            brute: np.ndarray) -> Figure:  # fmt: skip
    """The spectrum's blocks, and the correlation along a path of rotations computed in two ways."""
    fig, axes = plt.subplots(
        1, len(blocks) + 1, figsize=(8, 2.2), width_ratios=[1] * len(blocks) + [3.2]
    )
    limit = max(float(block.abs().max()) for block in blocks)
    for l, (ax, block) in enumerate(zip(axes, blocks, strict=False)):
        ax.imshow(block, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set(title=f"l = {l}", xticks=[], yticks=[])
        ax.grid(False)
    axes[-1].plot(np.degrees(angles), spectral, color=BLUE, label="from the spectrum")
    axes[-1].plot(np.degrees(angles)[::6], brute[::6], "o", color=VERMILION, label="point by point")
    axes[-1].set(xlabel="angle of the rotation, degrees", title="correlation")
    axes[-1].legend(fontsize=8)
    return fig


def draw_turning(ax: Axes, signal: Tensor, feature: Tensor, says: str) -> None:
    """A turned input above, a feature map of it below, and what the network says."""
    view = view_from(180, -30)  # digits tilt towards this side
    globes = [coloured(signal, view, "gray"), coloured(feature, view, "viridis")]
    ax.imshow(np.concatenate(globes))
    ax.text(0.5, -0.02, says, transform=ax.transAxes, ha="center", va="top", fontsize=9)
    ax.axis("off")


# ---- what the ReLU does --------------------------------------------------------------------------


def relu_leaks(before: Tensor, after: Tensor, errors: Mapping[float, float]) -> Figure:
    """Power per degree before and after a ReLU; error of equivariance over oversampling."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
    degrees = np.arange(len(after))
    left.bar(degrees - 0.2, np.pad(before, (0, len(after) - len(before))), 0.4, color=BLUE,
             label="before")  # fmt: skip
    left.bar(degrees + 0.2, after, 0.4, color=VERMILION, label="after the ReLU")
    left.set(yscale="log", xlabel="degree l", ylabel="power", xticks=degrees[::2])
    left.legend(fontsize=8)
    right.plot(list(errors), [100 * e for e in errors.values()], **LIVE)
    right.set(yscale="log", xlabel="bandwidth of the grid / degrees", ylabel="error, %")
    return fig


def tilt_plot(live: Mapping[str, Sequence[float]],
              recorded: Mapping[str, Sequence[float]] | None = None) -> Figure:  # fmt: skip
    """Accuracy over the tilt of the test digits, of nets trained upright."""
    fig, ax = plt.subplots()
    for curve, style, run in ((recorded, RECORDED, "recorded full run"), (live, LIVE, "this run")):
        for name, fill in (("spherical", "full"), ("planar", "none")) if curve else ():
            ax.plot(curve["degrees"], curve[name], **style, fillstyle=fill, label=f"{name}, {run}")
    ax.axhline(10, color=GREEN, linewidth=1, label="guessing")
    ax.set(xlabel="tilt of the test digits, degrees", ylabel="accuracy, %", ylim=(0, 100),
           xticks=range(0, 181, 30))  # fmt: skip
    ax.legend(fontsize=8, ncols=2)
    return fig


# ---- meshes --------------------------------------------------------------------------------------


CHANNELS = ("distance", "|cos|", "sin", "hull: distance", "hull: |cos|", "hull: sin")


def show_mesh(ax: Axes, mesh: Mesh, view: np.ndarray) -> None:
    """A mesh as shaded polygons, far ones first."""
    corners = mesh.scaled().triangles.numpy() @ view.T
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    light = np.clip(normal @ np.array([0.3, 0.5, 0.81]), 0, 1)
    for k in np.argsort(corners[:, :, 2].mean(1)):
        if normal[k, 2] > 0:
            colour = plt.get_cmap("cividis")(0.2 + 0.75 * light[k])
            ax.fill(*corners[k, :, :2].T, facecolor=colour, edgecolor=colour, linewidth=0.3)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
    ax.axis("off")


def mesh_channels(mesh: Mesh, signal: Tensor) -> Figure:
    """A mesh and its channels ``(6, 2b, 2b)`` on flat grids: colatitude down, azimuth right."""
    fig, axes = plt.subplots(1, 7, figsize=(8, 1.6))
    show_mesh(axes[0], mesh, view_from(30, 25))
    for ax, channel, name in zip(axes[1:], signal, CHANNELS, strict=True):
        ax.imshow(channel, cmap="viridis")
        ax.set_title(name, fontsize=8)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    return fig


def tilt_of(degrees: float) -> Tensor:
    """The rotation ``(3, 3)`` by this angle about the y axis: what the pictures turn by."""
    return rotation_matrix(torch.tensor([0.0, degrees * torch.pi / 180, 0.0], dtype=torch.float64))
