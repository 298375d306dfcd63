"""Global pose normalisation: put one person's poses where another person would stand (Sec. 4).

Only the place of the feet and the size change, by one translation and one scale a frame; a long
arm stays a long arm. y points down: the larger a foot's y, the nearer it is to the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.dance.skeleton import BODY21, Skeleton

ANKLES = ("right_ankle", "left_ankle")
EARS = ("right_ear", "left_ear")


@dataclass(frozen=True)
class PoseStats:
    """Where a person's feet were in a video, and how tall the person was there, in pixels."""

    max: float  # foot line nearest to the camera
    min: float  # farthest, outliers left out
    median: float
    close: float  # height at the nearest line
    far: float  # height at the farthest


def foot_line(keypoints: Tensor, skeleton: Skeleton = BODY21) -> tuple[Tensor, Tensor]:
    """The y of the lower of the ankles found, and whether one was found: (T,), (T,).

    Keypoints are (T, K, 3).
    """
    ankles = keypoints[:, skeleton.index(*ANKLES)]  # (T, 2, 3)
    found = ankles[..., 2] > 0  # (T, 2)
    y = ankles[..., 1].masked_fill(~found, -torch.inf).amax(1)
    known = found.any(1)
    return torch.where(known, y, torch.zeros_like(y)), known


def body_height(keypoints: Tensor, skeleton: Skeleton = BODY21) -> tuple[Tensor, Tensor]:
    """The distance of the nose from the middle of the ankles, and whether it is known: (T,), (T,).

    Without a nose the middle of the ears stands in. Keypoints are (T, K, 3), results in pixels.
    """
    feet, standing = middle(keypoints, skeleton.index(*ANKLES))
    nose, seen = middle(keypoints, skeleton.index("nose"))
    ears, heard = middle(keypoints, skeleton.index(*EARS))
    top = torch.where(seen[:, None], nose, ears)  # (T, 2)
    return (top - feet).norm(dim=1), (seen | heard) & standing


def middle(keypoints: Tensor, joints: list[int]) -> tuple[Tensor, Tensor]:
    """The middle of those of the `joints` that were found, and whether one was: (T, 2), (T,).

    Keypoints are (T, K, 3).
    """
    chosen = keypoints[:, joints]  # (T, n, 3)
    found = (chosen[..., 2:] > 0).to(keypoints)  # (T, n, 1)
    total = (chosen[..., :2] * found).sum(1)  # (T, 2)
    count = found.sum(1)  # (T, 1)
    return total / count.clamp_min(1), count[:, 0] > 0


def pose_stats(
    keypoints: Tensor, skeleton: Skeleton = BODY21, alpha: float = 0.7, near: float = 0.05
) -> PoseStats:
    """The stage that a person uses in a whole video, from keypoints (T, K, 3).

    The farthest foot line is the least z below the median with
    `||z - median| - |max - median|| < alpha |max - median|`: about as far behind the median as the
    nearest one is before it, so that a jump or a false detection does not count. A height is the
    tallest among frames within `near` of the range from its line. Raises `CourseError` when no
    frame has both a head and an ankle.
    """
    line, standing = foot_line(keypoints, skeleton)
    height, whole = body_height(keypoints, skeleton)
    usable = standing & whole
    if not usable.any():
        raise CourseError("no frame shows a head and an ankle: film the whole body")
    z = line[usable].double()  # (n,)
    h = height[usable].double()

    high = z.max()
    mid = z.median()
    spread = (high - mid).abs()
    alike = ((z - mid).abs() - spread).abs() < alpha * spread
    behind = z[(z < mid) & alike]
    low = behind.min() if len(behind) else mid

    margin = near * (high - low) + 1e-9
    close = h[(z - high).abs() <= margin].max()
    far = h[(z - low).abs() <= margin].max()
    return PoseStats(float(high), float(low), float(mid), float(close), float(far))


@dataclass(frozen=True)
class Placing:
    """What happens to each frame: its foot line a goes to `foot`, sizes are multiplied by `scale`.

    All (T,). Frames without an ankle take what the last frame with one had.
    """

    line: Tensor  # a, in the source
    foot: Tensor  # m(a), in the target
    scale: Tensor  # c(a)


def placing(
    keypoints: Tensor, source: PoseStats, target: PoseStats, skeleton: Skeleton = BODY21
) -> Placing:
    """Where each frame of the source (T, K, 3) belongs on the target's stage.

    With `u = (a - s_min) / (s_max - s_min)` foot line and scale are affine in u: at u = 1 they are
    those of the nearest line, at u = 0 those of the farthest.
    """
    line, known = foot_line(keypoints, skeleton)
    if not known.any():
        raise CourseError("no frame shows an ankle: nobody can be placed")
    a = line[_last_known(known)]  # (T,)

    extent = source.max - source.min
    # Who never moves towards the camera is put in the middle of the target's stage.
    u = (a - source.min) / extent if extent > 1e-6 else torch.full_like(a, 0.5)

    foot = target.min + u * (target.max - target.min)
    far = target.far / source.far
    close = target.close / source.close
    return Placing(a, foot, far + u * (close - far))


def _last_known(known: Tensor) -> Tensor:
    """For each frame the last one up to it that is known, or the first known: (T,)."""
    frame = torch.arange(len(known), device=known.device)
    last = torch.where(known, frame, -1).cummax(0).values
    first = int(known.nonzero()[0])
    return last.clamp_min(first)


def normalize(
    keypoints: Tensor, source: PoseStats, target: PoseStats, width: int,
    skeleton: Skeleton = BODY21, pivot: float | None = None,
) -> Tensor:  # fmt: skip
    """Put the source's keypoints (T, K, 3) where the target would stand; confidences stay.

    `y' = (y - a) c + m(a)`, `x' = (x - x_c) c + x_c` about the middle column `x_c` of a frame of
    `width` pixels. Sizes change about the frame's own foot; `pivot` is another row to scale about,
    as the authors' code does with the first frame's foot: its feet miss m(a) by
    `(c - 1)(a - pivot)`.
    """
    where = placing(keypoints, source, target, skeleton)
    c = where.scale[:, None]  # (T, 1)
    a = where.line[:, None]
    about = a if pivot is None else torch.full_like(a, pivot)
    center = (width - 1) / 2

    x = (keypoints[..., 0] - center) * c + center  # (T, K)
    y = (keypoints[..., 1] - about) * c + about + (where.foot[:, None] - a)
    return torch.stack([x, y, keypoints[..., 2]], dim=-1)
