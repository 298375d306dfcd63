"""All that is random about a drive, drawn in one place and in a fixed order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from cvlib.synth.street_paint import Look
from cvlib.synth.street_parts import CARS, POLES, TREES, Parts

T = TypeVar("T", Parts, Look)


@dataclass(frozen=True)
class Drive:
    """How the camera moves: metres, m/s, and phases of its sway, bob and glance in radians."""

    speed: float
    eye: float
    sway: float
    bob: float
    glance: float


def uniform(draw: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    """Uniform float64 numbers of this shape, `()` when none is given."""
    return low + (high - low) * torch.rand(shape, generator=draw, dtype=torch.float64)


def draw_drive(draw: torch.Generator) -> Drive:
    """A drive of 4 to 9 m/s, at the height of a driver's eye."""
    speed = uniform(draw, 4, 9).item()
    eye = uniform(draw, 1.45, 1.8).item()
    phases = uniform(draw, 0, 2 * math.pi, 3).tolist()
    return Drive(speed, eye, *phases)


def draw_parts(draw: torch.Generator, speed: float) -> Parts:
    """Two lanes of cars, and two rows each of trees and poles.

    Cars of a lane keep their distances: a lane has one speed, ours about that of the camera.
    """
    with_us = uniform(draw, 0, 1, CARS) < 0.5  # (C,)
    slot = torch.arange(CARS)
    near = 9 + 7 * slot + uniform(draw, 0, 2.5, CARS)
    far = 16 + 13 * slot + uniform(draw, 0, 8, CARS)
    ours = speed + uniform(draw, -0.6, 1.5)
    theirs = -uniform(draw, 3, 7)
    offset = uniform(draw, 1.5, 2.1, CARS)

    row = 7.0 * torch.arange(TREES // 2)
    sides = torch.tensor([1.0, -1.0], dtype=torch.float64)
    masts = 14.0 * torch.arange(POLES // 2) + uniform(draw, 0, 6)
    return Parts(
        car_x=torch.where(with_us, offset, -offset),
        car_z=torch.where(with_us, near, far),
        car_speed=torch.where(with_us, ours, theirs),
        car_length=uniform(draw, 3.6, 4.6, CARS),
        tree_x=uniform(draw, 6.3, 7.0, TREES) * sides.repeat_interleave(TREES // 2),
        tree_z=row.repeat(2) + uniform(draw, 0, 3, TREES),
        tree_height=uniform(draw, 2.4, 3.4, TREES),
        tree_radius=uniform(draw, 0.9, 1.5, TREES),
        pole_x=4.2 * sides.repeat_interleave(POLES // 2),
        pole_z=torch.cat([masts, masts + 7]),
    )


def draw_look(draw: torch.Generator, seed: int) -> Look:
    """Paint, leaves, asphalt, lines, light and sky."""
    sky = torch.tensor([[0.35, 0.55, 0.85], [0.80, 0.85, 0.92]], dtype=torch.float64)
    brightness = uniform(draw, 0.8, 1.08, 2, 1)
    cast = uniform(draw, -0.05, 0.05, 2, 3)
    zenith, horizon = (sky * brightness + cast).clamp(0, 1)

    leaf_low = torch.tensor([0.10, 0.32, 0.06], dtype=torch.float64)
    leaf_high = torch.tensor([0.30, 0.54, 0.20], dtype=torch.float64)
    leaves = torch.lerp(leaf_low, leaf_high, uniform(draw, 0, 1, TREES, 3))
    white = torch.tensor([0.92, 0.92, 0.90], dtype=torch.float64)
    yellow = torch.tensor([0.88, 0.72, 0.20], dtype=torch.float64)
    return Look(
        seed=seed,
        car_paint=uniform(draw, 0.05, 0.95, CARS, 3),
        leaves=leaves,
        asphalt=uniform(draw, 0.28, 0.42).expand(3),
        line=white if uniform(draw, 0, 1) < 0.6 else yellow,
        light=uniform(draw, 0.78, 1.1) * uniform(draw, 0.92, 1.08, 3),
        zenith=zenith,
        horizon=horizon,
    )


def moved(thing: T, device: torch.device | str) -> T:
    """The same parts or look with every tensor on `device`."""
    tensors = {k: v.to(device) for k, v in vars(thing).items() if isinstance(v, Tensor)}
    return replace(thing, **tensors)
