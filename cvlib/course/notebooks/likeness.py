"""Whether two pictures look the same: what tells a changed result from another machine's fonts.

Other fonts' hinting, anti-aliasing or resolution move a picture's parts a little and change their
edges; another result moves or recolours them. So both pictures are blurred twice, finely and
coarsely, and every point may find its like within about 1 % of the width and height. The limits
lie between what another version of matplotlib does to the chapters' figures (at most 0.20 and
0.09) and what a bar that is 2 % of the picture longer does (0.47 and 0.29).
"""

from __future__ import annotations

import io
from itertools import product

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

REACH = (1, 4)  # points of half the resolution that a part may move: down, across
LIMITS = {1.5: 0.30, 4.0: 0.12}  # blur in points -> the largest difference of a colour, of 1
OTHER_SIZE = 0.05  # of width or height


def difference(stored: bytes, fresh: bytes) -> str:
    """Why two picture files do not look the same; empty when they do."""
    if stored == fresh:
        return ""
    one, two = (Image.open(io.BytesIO(file)).convert("RGB") for file in (stored, fresh))
    if any(abs(b / a - 1) > OTHER_SIZE for a, b in zip(one.size, two.size, strict=True)):
        return f"the picture has {two.width}x{two.height} points, not {one.width}x{one.height}"
    size = (max(1, one.width // 2), max(1, one.height // 2))
    a, b = _points(one, size), _points(two, size)
    for blur, limit in LIMITS.items():
        apart = _apart(*(gaussian_filter(x, (0, blur, blur)) for x in (a, b)))
        if apart.max() > limit:
            y, x = np.unravel_index(apart.argmax(), apart.shape)
            return f"the picture differs at ({2 * x}, {2 * y}) by {apart.max():.2f} of 1"
    return ""


def _points(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """A picture as (3, H, W) floats in [0, 1]."""
    small = np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=np.float32)
    return np.ascontiguousarray(small.transpose(2, 0, 1)) / 255


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(3, H, W) twice -> (H, W): how far each point is from the most similar one within reach.

    In both directions: what is only in `b` is found from `b`.
    """
    return np.maximum(_nearest(a, b), _nearest(b, a))


def _nearest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    down, across = REACH
    _, height, width = a.shape
    padded = np.pad(b, ((0, 0), (down, down), (across, across)), mode="edge")
    nearest = np.full((height, width), np.inf, dtype=np.float32)
    for y, x in product(range(2 * down + 1), range(2 * across + 1)):
        moved = padded[:, y : y + height, x : x + width]
        np.minimum(nearest, np.abs(a - moved).max(axis=0), out=nearest)
    return nearest
