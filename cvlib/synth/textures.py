"""Textures without pictures: hashed numbers, smooth noise and stripes with soft edges."""

from __future__ import annotations

import torch
from torch import Tensor

MASK = 0xFFFFFFFF
FINEST = 0.01  # of the units of x: borders are never sharper


def hashed(*keys: Tensor | int) -> Tensor:
    """A number in [0, 1] for every tuple of whole numbers, each an int or (N,) int64: (N,).

    The same integers give the same number on every device: what the world looks like needs no
    stored table. Each key is mixed in by two rounds of multiply and shift.
    """
    shape = torch.broadcast_shapes(*(torch.as_tensor(key).shape for key in keys))
    device = next((key.device for key in keys if isinstance(key, Tensor)), None)
    state = torch.full(shape, 0x2545F491, dtype=torch.int64, device=device)
    for key in keys:
        state = (state ^ (key & MASK)) * 0x5BD1E995 & MASK
        state = (state ^ (state >> 15)) * 0x2C1B3C6D & MASK
        state = state ^ (state >> 13)
    return state.double() / MASK


def value_noise(x: Tensor, y: Tensor, seed: int) -> Tensor:
    """Smooth noise (N,) in [0, 1] at places x, y (N,): a random value at each whole number.

    Between them it is interpolated by the cubic `3 s^2 - 2 s^3`.
    """
    column = x.floor()
    row = y.floor()
    across = _ease(x - column)
    along = _ease(y - row)

    i = column.long()
    j = row.long()
    near = torch.lerp(hashed(i, j, seed), hashed(i + 1, j, seed), across)
    far = torch.lerp(hashed(i, j + 1, seed), hashed(i + 1, j + 1, seed), across)
    return torch.lerp(near, far, along)


def _ease(s: Tensor) -> Tensor:
    return s * s * (3 - 2 * s)


def bandlimit(period: float, footprint: Tensor) -> Tensor:
    """How much of a texture survives a pixel that covers `footprint` (N,) of it: 1 down to 0.

    A texture finer than the pixel must fade to its mean, or it flickers when the camera moves.
    """
    return torch.exp(-2 * (footprint / period).square())


def soft_pulse(x: Tensor, low: float, high: float, width: Tensor | float) -> Tensor:
    """The share of a pixel of `width` around x (N,) that lies between low and high: (N,)."""
    begun = ((x - low) / width + 0.5).clamp(0, 1)
    ended = ((x - high) / width + 0.5).clamp(0, 1)
    return begun - ended


def stripes(x: Tensor, period: float, low: float, high: float, width: Tensor) -> Tensor:
    """The same (N,) where the pulse repeats every `period`; it fades to its mean when too fine."""
    keep = bandlimit(period, width)
    pulse = soft_pulse(x.remainder(period), low, high, width.clamp(min=FINEST))
    return torch.lerp(torch.full_like(pulse, (high - low) / period), pulse, keep)
