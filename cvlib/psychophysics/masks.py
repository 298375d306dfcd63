"""The noise that follows a picture, drawn alike in the browser and here.

The browser draws its masks from a seed; with the same generator a reader can look afterwards at
the very masks that a session has shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CELLS = 32  # of a mask, along one side
BITS = 0xFFFFFFFF  # JavaScript multiplies and shifts whole numbers of 32 bits


def mulberry32(seed: int) -> Iterator[float]:
    """Uniform numbers in [0, 1), the same as the browser's function of this name.

    It is Tommy Ettinger's generator of 32 bits of state: small, and good enough for noise.
    """
    state = seed & BITS
    while True:
        state = (state + 0x6D2B79F5) & BITS
        mixed = ((state ^ state >> 15) * (state | 1)) & BITS
        mixed ^= (mixed + (((mixed ^ mixed >> 7) * (mixed | 61)) & BITS)) & BITS
        yield (mixed ^ mixed >> 14) / 2**32


def noise_mask(seed: int, cells: int = CELLS) -> np.ndarray:
    """Black and white cells at random: (cells, cells) of 0 and 255, uint8.

    A trial with the seed s shows `noise_mask(s)`, `noise_mask(s + 1)` and so on.
    """
    uniform = mulberry32(seed)
    drawn = np.array([next(uniform) for _ in range(cells * cells)])
    white = drawn >= 0.5
    return (255 * white).astype(np.uint8).reshape(cells, cells)
