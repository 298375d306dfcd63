"""Globes in plain matplotlib: an orthographic view, sampled point by point."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cvlib.spherical.grids import sphere_points
from cvlib.spherical.rotations import sample_signal

PALE = "#DDDDDD"
COLOURS = 16  # of a globe
FROM_CENTRE = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, -1]])  # looking down: digits read upright


def view_from(longitude: float, latitude: float) -> np.ndarray:
    """Camera ``(3, 3)`` above a place given in degrees: rows right, up, towards the viewer."""
    a, t = np.radians([longitude, latitude])
    toward = np.array([np.cos(t) * np.cos(a), np.cos(t) * np.sin(a), np.sin(t)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    return np.stack([right, np.cross(toward, right), toward])


def orthographic(signal: Tensor, view: np.ndarray, size: int = 110) -> np.ndarray:
    """The globe with a signal ``(2b, 2b)`` on it, from afar: ``(size, size)``, NaN outside."""
    x, y = np.meshgrid(*[np.linspace(-1.03, 1.03, size)] * 2)
    inside = x**2 + y**2 <= 1
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    points = torch.as_tensor(np.stack([x, -y, z], -1) @ view)
    values = sample_signal(signal[None, None].double(), points[None])[0, 0]
    return np.where(inside, values.numpy(), np.nan)


def coloured(signal: Tensor, view: np.ndarray, cmap: str, size: int = 110) -> np.ndarray:
    """The globe in colours ``(size, size, 4)``; a diverging colour map is centred on 0."""
    picture, high = orthographic(signal, view, size), float(signal.max())
    low = float(signal.min())
    if cmap == "RdBu_r":
        high = max(high, -low)
        low = -high
    # few colours make small files
    return plt.get_cmap(cmap, COLOURS)((picture - low) / (high - low or 1.0))


def show_globe(ax: Axes, signal: Tensor, view: np.ndarray, cmap: str = "viridis") -> None:
    """Draw a signal ``(2b, 2b)`` as a globe."""
    ax.imshow(coloured(signal, view, cmap))
    ax.axis("off")


def line(ax: Axes, points: np.ndarray, view: np.ndarray, **style: object) -> None:
    """A line through unit vectors ``(n, 3)`` on a globe; its far side is left out."""
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
        line(ax, sphere_points(t, np.full_like(t, np.radians(longitude))), view,
              color=PALE, linewidth=0.7)  # fmt: skip
    ax.plot(np.cos(t), np.sin(t), color="black", linewidth=1)
    ax.set_aspect("equal")
    ax.axis("off")
