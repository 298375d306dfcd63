"""How a generated dancer moves: differences over time along the true motion, on the person only."""

from __future__ import annotations

from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.video.flow import warp


def flicker(video: Tensor, flow: Tensor) -> Tensor:
    """Each frame minus the one before it moved by the true flow: (T - 1, 3, H, W).

    Video (T, 3, H, W) in [-1, 1] and backward flow (T, 2, H, W) in pixels; the result is on the
    scale of [0, 1].
    """
    if len(video) < 2:
        raise CourseError("one frame does not flicker: give two at least")
    return (video[1:] - warp(video[:-1], flow[1:])) / 2


def warp_error(video: Tensor, flow: Tensor, where: Tensor) -> float:
    """Mean |flicker| of a video (T, 3, H, W) over `where` (T, 1, H, W), bool.

    `where` is what was visible before and belongs to the person. A video that never changes has
    little of it: small is not enough.
    """
    return _mean(flicker(video, flow).abs(), where)


def temporal_difference_error(fake: Tensor, real: Tensor, flow: Tensor, where: Tensor) -> float:
    """TDE: mean distance of a video's flicker from the real video's, as `warp_error` counts.

    Of two videos (T, 3, H, W); the real one's own flicker (shading, resampling) is no fault.
    """
    difference = flicker(fake, flow) - flicker(real, flow)
    return _mean(difference.abs(), where)


def _mean(values: Tensor, where: Tensor) -> float:
    weight = where[1:].to(values)  # (T - 1, 1, H, W)
    if not weight.sum():
        raise CourseError("no pixel is visible in two frames: the clip has no motion to judge")
    return float((values * weight).sum() / (weight.sum() * values.shape[1]))
