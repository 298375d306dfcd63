"""One object in another colour: how long does a generator remember what the first frames showed?

The sources of both videos are the same, so whatever tells them apart came through memory.
"""

from __future__ import annotations

from torch import Tensor

from cvlib.course.errors import CourseError


def steady_object(instances: Tensor, allowed: Tensor, least: int) -> int:
    """The object of a clip that is largest where it is smallest; 0 if none stays in the picture.

    `instances` (T, H, W) holds numbers that are stable over time, 0 for no object; only pixels of
    `allowed` (T, H, W) count. To stay is to have at least `least` pixels in every frame.
    """
    best, size = 0, least - 1
    for index in instances[allowed].unique().tolist():
        areas = ((instances == index) & allowed).flatten(1).sum(1)  # (T,)
        smallest = int(areas.min())
        if index and smallest > size:
            best, size = index, smallest
    return best


def paint_kept(plain: Tensor, painted: Tensor, true_plain: Tensor, true_painted: Tensor) -> Tensor:
    """The share of a repainting that a generator shows in each frame: (T,), 1 all and 0 nothing.

    All are videos (B, T, 3, H, W). The difference of the two generated ones is projected on that of
    the two true ones; a clip counts in a frame as long as the object is in the picture.
    """
    change = (true_painted - true_plain).flatten(2)  # (B, T, 3 H W)
    found = (painted - plain).flatten(2)
    length = change.square().sum(-1)  # (B, T)
    if not bool((length > 0).any(0).all()):
        raise CourseError("in some frame nothing is repainted: take shorter clips or another car")
    along = (found * change).sum(-1) / length.clamp_min(1e-9)
    there = (length > 0).to(along)
    return (along * there).sum(0) / there.sum(0)
