"""Pictures of the library's objects: harmonics, Wigner's matrices, filters, meshes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.spherical.globe import graticule, show_globe, view_from
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.kernels import Support
from cvlib.spherical.meshes import Mesh
from cvlib.spherical.rotations import euler_zyz, rotation_matrix
from cvlib.spherical.wigner import wigner_D

BLUE = "#0072B2"
VERMILION = "#D55E00"
CHANNELS = ("distance", "|cos|", "sin", "hull: distance", "hull: |cos|", "hull: sin")


def harmonics_chart(L: int = 4, b: int = 24) -> Figure:
    """The real harmonics of degree `l < L` on globes: a row per degree, a column per order."""
    fig, axes = plt.subplots(L, 2 * L - 1, figsize=(7, 0.96 * L), layout="none")
    fig.subplots_adjust(left=0.06, right=0.995, top=1, bottom=0.05, wspace=0.1, hspace=0.02)
    Y = torch.as_tensor(spherical_harmonics(L, Grid(b).points))
    for ax in axes.flat:
        ax.axis("off")
    for l in range(L):
        for m in range(-l, l + 1):
            ax = axes[l, L - 1 + m]
            show_globe(ax, Y[..., l * l + l + m], view_from(30, 25), "RdBu_r")
            if l == L - 1:
                ax.text(0, -1.15, f"m = {m}", fontsize=8, ha="center", va="top")
        axes[l, L - 1 - l].text(-1.25, 0, f"l = {l}", fontsize=9, ha="right", va="center")
    return fig


def show_mixing(ax: Axes, R: Tensor, L: int = 4) -> None:
    """The matrix `(L**2, L**2)` that turns coefficients: a block per degree, zeros elsewhere."""
    matrix = np.zeros((L * L, L * L))
    for l, D in enumerate(wigner_D(L, euler_zyz(R).numpy())):
        matrix[l * l : (l + 1) ** 2, l * l : (l + 1) ** 2] = D[0]
    ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    edges = np.arange(L + 1) ** 2 - 0.5
    for low, high in pairwise(edges):
        ax.plot([low, high, high, low, low], [low, low, high, high, low], "k", linewidth=0.7)
    middles = [l * l + l for l in range(L)]
    ax.set_xticks(middles, [str(l) for l in range(L)], fontsize=7)
    ax.set_xlabel("degree l", fontsize=8)
    ax.set(yticks=[], xlim=(-1, L * L), ylim=(L * L + 0.5, -2))
    ax.grid(False)


def filter_points(supports: Mapping[str, Support]) -> Figure:
    """Where filters have their weights: a dot per point, a stroke for each turn in place."""
    fig, axes = plt.subplots(1, len(supports), figsize=(7, 2.1))
    view = view_from(20, 35)
    for ax, (name, support) in zip(axes, supports.items(), strict=True):
        graticule(ax, view)
        R = rotation_matrix(torch.as_tensor(support.euler)).numpy()
        pole, ahead = R[..., 2], R[..., 0]  # where the north pole goes, and which way it faces
        front = pole @ view[2] > 0
        dots = pole[front] @ view.T
        ax.plot(dots[:, 0], dots[:, 1], "o", color=BLUE, markersize=3)
        if not support.on_sphere:
            for start, way in zip(pole[front], ahead[front], strict=True):
                ends = np.stack([start, start + 0.13 * way]) @ view.T
                ax.plot(ends[:, 0], ends[:, 1], color=VERMILION, linewidth=0.9)
        ax.set_title(f"{name}\n{support.size} points", fontsize=8)
    return fig


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
    """A mesh and its channels `(6, 2b, 2b)` on flat maps: colatitude down, azimuth right."""
    fig, axes = plt.subplots(1, 7, figsize=(8, 1.55))
    show_mesh(axes[0], mesh, view_from(30, 25))
    n = signal.shape[-1]
    for k, (ax, channel, name) in enumerate(zip(axes[1:], signal, CHANNELS, strict=True)):
        ax.imshow(channel, cmap="viridis", vmin=0, vmax=1)
        ax.set_title(name, fontsize=8)
        ax.set_xticks([-0.5, n / 2 - 0.5, n - 0.5], ["0", "180°", "360°"], fontsize=6)
        ax.set_yticks([-0.5, n / 2 - 0.5, n - 0.5], ["0", "90°", "180°"], fontsize=6)
        ax.tick_params(labelleft=k == 0)
        ax.grid(False)
    return fig
