"""Two pictures of one room, and the motion between their cameras."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.rooms import develop, furnished
from cvlib.synth.rooms_cast import Scene, View, cast

STEP = 0.5  # metres that the second camera may stand away, at most, along each axis
TURN = 0.3  # radians that a camera which is not fixated turns, at most


def render_pairs(
    count: int, size: int = 64, seed: int = 0, *, fixated: bool = True
) -> dict[str, Tensor]:
    """`count` pairs `first`, `second` (N, 3, size, size) and the second camera's `pose` (N, 6).

    pose: the place of the second camera in the first one's frame (forward, left, up, in metres),
    then its turn as yaw, pitch and roll in radians. Fixated cameras look at the same point.
    Raises `CourseError` for a count below 1 or a size below 8.
    """
    if count < 1 or size < 8:
        raise CourseError(f"cannot render {count} pairs of {size} pixels: use >= 1 and >= 8")
    generator = torch.Generator().manual_seed(seed)
    scene, view = furnished(count, generator)
    other = second_view(scene, view, generator, fixated=fixated)
    return {
        "first": develop(scene, view, size, generator)["rgb"],
        "second": develop(scene, other, size, generator)["rgb"],
        "pose": relative_pose(view, other),
    }


def second_view(
    scene: Scene, view: View, generator: torch.Generator, *, fixated: bool = True
) -> View:
    """A camera a step away; fixated, its optical axis meets what the first one's axis meets."""
    drift = STEP * (2 * torch.rand(len(view.yaw), 3, generator=generator) - 1)
    margin = 0.3
    position = (view.position + drift).clamp(min=margin).minimum(scene.size - margin)
    if fixated:
        target = cast(scene, view, 1).point[:, 0, 0]  # one pixel: the optical axis itself
        yaw, pitch = _aimed(target - position)
        return View(position, yaw, pitch, view.fov)
    turn = TURN * (2 * torch.rand(len(view.yaw), 2, generator=generator) - 1)
    return View(position, view.yaw + turn[:, 0], view.pitch + turn[:, 1], view.fov)


def relative_pose(first: View, second: View) -> Tensor:
    """(B, 6): the second camera's place in the first one's frame, then yaw, pitch and roll."""
    to_first = first.rotation.mT
    place = torch.einsum("bij,bj->bi", to_first, second.position - first.position)
    turn = to_first @ second.rotation  # columns: the second's axes in the first one's frame
    yaw, pitch = _aimed(turn[..., 0])
    roll = torch.atan2(turn[:, 2, 1], turn[:, 2, 2])
    return torch.cat([place, torch.stack([yaw, pitch, roll], -1)], -1)


def _aimed(direction: Tensor) -> tuple[Tensor, Tensor]:
    """Yaw and pitch (B,) of cameras that look along `direction` (B, 3)."""
    x, y, z = direction.unbind(-1)
    return torch.atan2(y, x), torch.atan2(z, torch.hypot(x, y))
