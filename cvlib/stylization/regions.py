"""Regions of a photo as label maps (H, W) int64: from a mask file, or drawn as polygons.

A method that turns one cloud of features into another works within each region by `per_region`.
"""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, UnidentifiedImageError
from torch import Tensor

from cvlib.course.errors import CourseError

# The colours of Luan et al.'s masks: the corners of the RGB cube, and grey. A label is an index.
PALETTE = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)] + [(128, 128, 128)]
FAR = 64  # from the nearest palette colour: no rounding, no JPEG, another colour
MOST_LABELS = 32

# A region is restyled if it has more than 10 features on both sides and neither side has 100 times
# the other's: a covariance of a handful of points says nothing. The released code's rule.
MIN_REGION, MAX_RATIO = 10, 100

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

    Corners are (x, y) in fractions of the photo: (0, 0) top left, (1, 1) bottom right.
    """
    canvas = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(canvas)
    for label, polygon in enumerate(polygons, 1):
        corners = [(x * (width - 1), y * (height - 1)) for x, y in polygon]
        pen.polygon(corners, fill=label)
    return torch.from_numpy(np.asarray(canvas).astype(np.int64))


def resize_labels(labels: Tensor, height: int, width: int) -> Tensor:
    """The label map (H, W) at another size, without mixing labels: (height, width) int64."""
    as_image = labels[None, None].double()
    return F.interpolate(as_image, size=(height, width), mode="nearest")[0, 0].long()


def valid_labels(content_labels: Tensor, style_labels: Tensor) -> list[int]:
    """Labels that have enough features on both sides; int64 tensors of any shape, not negative."""
    longest = int(torch.maximum(content_labels.max(), style_labels.max())) + 1
    counts = [x.flatten().bincount(minlength=longest) for x in (content_labels, style_labels)]
    fewer, more = torch.stack(counts).aminmax(dim=0)
    enough = (fewer > MIN_REGION) & (more < MAX_RATIO * fewer)
    return enough.nonzero().flatten().tolist()


def per_region(
    method: Callable[[Tensor, Tensor], Tensor],
    content: Tensor,
    style: Tensor,
    content_labels: Tensor,
    style_labels: Tensor,
) -> Tensor:
    """`method` within each label: content (C, N), style (C, M), labels (N,) and (M,) -> (C, N).

    Features outside every valid label stay the content's. Raises CourseError when a label array
    does not have one label a feature.
    """
    for x, labels, name in [
        (content, content_labels, "content"),
        (style, style_labels, "style"),
    ]:
        if labels.shape != x.shape[1:]:
            raise CourseError(
                f"the {name} has {x.shape[1]} features but {labels.numel()} labels: resize the "
                "mask to the feature map first"
            )
    out = content.clone()
    for label in valid_labels(content_labels, style_labels):
        here = content_labels == label
        out[:, here] = method(content[:, here], style[:, style_labels == label]).to(out)
    return out
