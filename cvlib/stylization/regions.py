"""Regions of a photo as label maps (H, W) int64: read from a mask file, or drawn as polygons."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

# The colours of Luan et al.'s masks: the corners of the RGB cube, and grey. A label is an index.
PALETTE = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)] + [(128, 128, 128)]
FAR = 64  # from the nearest palette colour: no rounding, no JPEG, another colour
MOST_LABELS = 32

Polygon = Sequence[tuple[float, float]]


def read_mask(file: str | Path | bytes, height: int, width: int) -> Tensor:
    """A mask file as labels (height, width) int64.

    In a grey or palette picture the values are the labels. In a colour picture a pixel's label is
    the index of the nearest colour in `PALETTE`, which forgives the blur of JPEG. Raises
    CourseError for a picture that is neither.
    """
    name = "the mask" if isinstance(file, bytes) else Path(file).name
    try:
        image = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
        image.load()
    except (UnidentifiedImageError, OSError) as error:
        raise CourseError(f"{name} cannot be read ({error}): use a PNG file") from None
    image = image.resize((width, height), Image.Resampling.NEAREST)
    if image.mode in ("RGB", "RGBA"):
        return _nearest(np.asarray(image.convert("RGB"), dtype=np.int64), name)
    labels = torch.from_numpy(np.asarray(image).astype(np.int64))
    if labels.ndim != 2 or len(labels.unique()) > MOST_LABELS:
        raise CourseError(
            f"{name} is not a mask: save it as PNG, with one grey value or one pure colour a region"
        )
    return labels


def _nearest(pixels: np.ndarray, name: str) -> Tensor:
    palette = np.array(PALETTE)
    squared = ((pixels[:, :, None] - palette) ** 2).sum(-1)  # (H, W, 9)
    if np.median(squared.min(-1)) > FAR**2:
        raise CourseError(
            f"{name} is a picture, not a mask: paint each region in black, white, grey or a pure "
            "colour such as (255, 0, 0)"
        )
    return torch.from_numpy(squared.argmin(-1))


def draw_regions(height: int, width: int, *polygons: Polygon) -> Tensor:
    """Labels (height, width) int64: k inside the k-th polygon, later ones on top, 0 outside all.

    Corners are (x, y) in fractions of the photo, (0, 0) at the top left, (1, 1) at the bottom right.
    """
    canvas = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(canvas)
    for label, polygon in enumerate(polygons, 1):
        corners = [(x * (width - 1), y * (height - 1)) for x, y in polygon]
        pen.polygon(corners, fill=label)
    return torch.from_numpy(np.asarray(canvas).astype(np.int64))
