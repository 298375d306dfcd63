"""A face on a picture of one's own: cut out small, repainted, and put back at its full size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.gan.animation import Painted
from cvlib.gan.compose import compose
from cvlib.video.io import corner_mark

Square = tuple[int, int, int]  # left, top and side, in pixels
GREY = 0.02  # a picture whose colours lie closer together than this, on average, has none


def face_square(picture: Tensor, square: Square | None = None) -> Square:
    """The square of a picture (3, H, W) that holds the face; without one the largest in the middle.

    Raises `CourseError` for what is no colour picture, no square, or a square that leaves it.
    """
    if picture.dim() != 3 or len(picture) != 3:
        raise CourseError(f"a picture is (3, H, W), not {tuple(picture.shape)}: use read_photo")
    height, width = picture.shape[1:]
    if square is None:
        side = min(height, width)
        return (width - side) // 2, (height - side) // 2, side
    if len(square) != 3 or not all(isinstance(value, int) for value in square):
        raise CourseError(f"a square is (left, top, side) in whole pixels, not {square!r}")
    left, top, side = square
    if side < 1 or left < 0 or top < 0 or left + side > width or top + side > height:
        raise CourseError(
            f"the square {square} leaves the picture of {width} x {height} pixels, so the face "
            "would be cut off: give (left, top, side) inside it"
        )
    return square


def cut_out(picture: Tensor, square: Square, size: int) -> Tensor:
    """The face in a square of a picture (3, H, W) in [0, 1], as a net wants it.

    (1, 3, size, size) in [-1, 1]. Raises `CourseError` for a face of fewer pixels and for a grey
    one, which no training has shown to the net.
    """
    left, top, side = square
    if side < size:
        raise CourseError(
            f"the face has {side} pixels a side, but the net needs {size}: use a larger picture"
        )
    face = picture[:, top : top + side, left : left + side]
    if float((face.amax(dim=0) - face.amin(dim=0)).mean()) < GREY:
        raise CourseError(
            "the picture is grey, but the net has seen faces in colour only: use a colour picture"
        )
    small = F.interpolate(face[None], size=(size, size), mode="area")
    return small * 2 - 1


def put_back(picture: Tensor, square: Square, painted: Painted) -> Tensor:
    """The picture (3, H, W) in [0, 1] with a painted face (1, 3, S, S) in its square, marked "AI".

    Colour and attention are enlarged and composed with the picture's own pixels (Eq. 1), so what
    is not repainted keeps its full sharpness.
    """
    left, top, side = square
    face = picture[None, :, top : top + side, left : left + side]
    color, attention = (
        F.interpolate(part, size=(side, side), mode="bilinear")
        for part in ((painted.color + 1) / 2, painted.attention)
    )
    whole = picture.clone()
    whole[:, top : top + side, left : left + side] = compose(face, color, attention)[0]
    return (corner_mark(whole[None] * 2 - 1)[0] + 1) / 2


@torch.no_grad()
def repaint(
    G: torch.nn.Module, picture: Tensor, strengths: Tensor, size: int, square: Square | None = None
) -> list[Tensor]:
    """One picture (3, H, W) in [0, 1] with each of the expressions (N, n), marked, a list of N.

    `G` paints faces of `size` pixels a side. Raises `CourseError` as `face_square` and `cut_out`.
    """
    place = face_square(picture, square)
    face = cut_out(picture, place, size)
    return [put_back(picture, place, G(face, asked[None])) for asked in strengths]
