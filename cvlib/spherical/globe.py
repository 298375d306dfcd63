"""Globes in plain matplotlib: an orthographic view, sampled point by point."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor

from cvlib.spherical.grids import sphere_points
from cvlib.spherical.rotations import sample_signal

PALE = "#DDDDDD"
INK = "#333333"
COLOURS = 14  # of a globe: few colours make small files
SIZE = 128  # pixels across a globe
FROM_CENTRE = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, -1]])  # looking down: digits read upright


def view_from(longitude: float, latitude: float) -> np.ndarray:
    """Camera `(3, 3)` above a place given in degrees: rows right, up, towards the viewer."""
    a, t = np.radians([longitude, latitude])
    toward = np.array([np.cos(t) * np.cos(a), np.cos(t) * np.sin(a), np.sin(t)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    return np.stack([right, np.cross(toward, right), toward])


def orthographic(signal: Tensor, view: np.ndarray) -> np.ndarray:
    """The globe with a signal `(2b, 2b)` on it, from afar: `(SIZE, SIZE)`.

    Outside of the disc the values of its edge go on, so that an outline can cut them smoothly.
    """
    x, y = np.meshgrid(*[np.linspace(-1, 1, SIZE)] * 2)
    radius = np.hypot(x, y)
    shrink = np.where(radius > 1, 1 / np.maximum(radius, 1), 1.0)
    x = x * shrink
    y = y * shrink
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    points = torch.as_tensor(np.stack([x, y, z], -1) @ view)
    return sample_signal(signal[None, None].double(), points[None])[0, 0].numpy()


def show_globe(
    ax: Axes,
    signal: Tensor,
    view: np.ndarray,
    cmap: str = "viridis",
    limits: tuple[float, float] | None = None,
    at: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Draw a signal `(2b, 2b)` as a globe of radius 1 around the place `at`.

    `limits` are the values of the first and last colour, by default the signal's own; a diverging
    colour map is centred on 0.
    """
    low, high = limits or (float(signal.min()), float(signal.max()))
    if cmap == "RdBu_r" and limits is None:
        high = max(high, -low)
        low = -high
    x, y = at
    picture = ax.imshow(
        orthographic(signal, view),
        cmap=plt.get_cmap(cmap, COLOURS),
        vmin=low,
        vmax=high if high > low else low + 1,
        origin="lower",
        extent=(x - 1, x + 1, y - 1, y + 1),
        interpolation="nearest",
    )
    edge = Circle(at, 1, facecolor="none", edgecolor=INK, linewidth=0.8)
    ax.add_patch(edge)
    picture.set_clip_path(edge)
    ax.set(xlim=(-1.06, 1.06), ylim=(-1.06, 1.06), aspect="equal")
    ax.axis("off")


def line(ax: Axes, points: np.ndarray, view: np.ndarray, **style: object) -> None:
    """A line through unit vectors `(n, 3)` on a globe; its far side is left out."""
    right, up, toward = (points @ view.T).T
    hidden = toward < 0
    ax.plot(np.where(hidden, np.nan, right), np.where(hidden, np.nan, up), **style)


def graticule(ax: Axes, view: np.ndarray) -> None:
    """An empty globe: its outline, and meridians and parallels every 30 degrees."""
    t = np.linspace(0, 2 * np.pi, 181)
    for latitude in range(-60, 90, 30):
        beta = np.full_like(t, np.radians(90 - latitude))
        line(ax, sphere_points(beta, t), view, color=PALE, linewidth=0.7)
    for longitude in range(0, 180, 30):
        meridian = sphere_points(t, np.full_like(t, np.radians(longitude)))
        line(ax, meridian, view, color=PALE, linewidth=0.7)
    ax.add_patch(Circle((0, 0), 1, facecolor="none", edgecolor=INK, linewidth=1))
    ax.set(xlim=(-1.06, 1.06), ylim=(-1.06, 1.06), aspect="equal")
    ax.axis("off")
