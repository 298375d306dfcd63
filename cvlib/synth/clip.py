"""A scene filmed: colours, labels, depth, and the exact motion from frame to frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.raycast import Hits, Moment, motion, supersampled

SAMPLES = 2  # rays along each side of a pixel, for its colour


class Scene(Protocol):
    """What `film` needs to know of a world."""

    def moment(self, frame: int) -> Moment:
        """What stands where in this frame; frame -1 is the moment before the clip."""
        ...

    def colors(self, moment: Moment, hits: Hits) -> Tensor:
        """What N hits look like: (N, 3) in [0, 1]."""
        ...

    def names(self, moment: Moment, hits: Hits) -> tuple[Tensor, Tensor]:
        """Class and instance of N hits, (N,) int64 each; instance 0 is none."""
        ...


@dataclass(frozen=True)
class Clip:
    """T frames with all that is true of them; a batch of clips has one more axis in front."""

    rgb: Tensor  # (T, 3, H, W) float32 in [-1, 1]
    labels: Tensor  # (T, H, W) int64
    instances: Tensor  # (T, H, W) int64, 0 for none; the same thing keeps its number
    flow: Tensor  # (T, 2, H, W) float32, pixels from this frame to the one before: dx, dy
    visible: Tensor  # (T, 1, H, W) bool: was seen in the frame before
    depth: Tensor  # (T, H, W) float32, metres; infinite in the sky

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, frames: slice) -> Clip:
        return Clip(**{name: value[frames] for name, value in vars(self).items()})

    def to(self, device: torch.device | str) -> Clip:
        """The same clip on another device."""
        return Clip(**{name: value.to(device) for name, value in vars(self).items()})


def stacked(clips: Sequence[Clip]) -> Clip:
    """Clips of one length and size as a batch: every field gets an axis in front."""
    shapes = {tuple(clip.rgb.shape) for clip in clips}
    if len(shapes) != 1:
        raise CourseError(f"clips must share length and size to be stacked, not {sorted(shapes)}")
    names = vars(clips[0])
    return Clip(**{name: torch.stack([vars(clip)[name] for clip in clips]) for name in names})


def instance_edges(instances: Tensor) -> Tensor:
    """Where a neighbour in the picture is another thing: (..., H, W) int64 to float32 0 or 1."""
    edge = torch.zeros(instances.shape, dtype=torch.bool, device=instances.device)
    across = instances[..., :, 1:] != instances[..., :, :-1]
    along = instances[..., 1:, :] != instances[..., :-1, :]

    edge[..., :, 1:] |= across
    edge[..., :, :-1] |= across
    edge[..., 1:, :] |= along
    edge[..., :-1, :] |= along
    return edge.float()


def film(scene: Scene, frames: int) -> Clip:
    """The first `frames` frames of a scene; the flow of frame 0 leads to the moment before."""
    if frames < 1:
        raise CourseError(f"a clip needs at least one frame, not {frames}")
    shots = list(_shots(scene, frames))
    names = vars(shots[0])
    return Clip(**{name: torch.stack([vars(shot)[name] for shot in shots]) for name in names})


def _shots(scene: Scene, frames: int) -> Iterator[Clip]:
    """One frame after the other, each a `Clip` without its first axis."""
    before = scene.moment(-1)
    for frame in range(frames):
        now = scene.moment(frame)
        yield shot(scene, now, before)
        before = now


def shot(scene: Scene, now: Moment, before: Moment) -> Clip:
    """One frame, without the axis of time: colours of many rays, all else of the centre's."""
    camera = now.camera
    pixels = camera.pixels()  # (H W, 2)
    size = (camera.height, camera.width)

    many = now.cast(supersampled(pixels, SAMPLES))
    color = scene.colors(now, many).reshape(SAMPLES**2, -1, 3).mean(0)  # (H W, 3)
    rgb = 2 * color.clamp(0, 1) - 1

    hits = now.cast(pixels)
    labels, instances = scene.names(now, hits)
    flow, visible = motion(pixels, hits, now, before)
    return Clip(
        rgb.T.reshape(3, *size).float(),
        labels.reshape(size),
        instances.reshape(size),
        flow.T.reshape(2, *size).float(),
        visible.reshape(1, *size),
        hits.depth.reshape(size).float(),
    )
