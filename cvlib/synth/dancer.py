"""Dances as video with the whole truth: joints, body parts, the head, exact motion.

A body (`dancer_body`) moves (`motion_dance`) on a stage (`dancer_stage`), is cast ray by ray
(`raycast`) and painted (`dancer_paint`).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvlib.course.data.kept import kept
from cvlib.course.errors import CourseError
from cvlib.synth import (
    dancer_body,
    dancer_paint,
    dancer_stage,
    motion,
    motion_dance,
    ray_solids,
    raycast,
    textures,
)
from cvlib.synth.dancer_body import BODIES, HEAD_SIZE, JOINTS, PARTS, Body, Figure, pose_body
from cvlib.synth.dancer_paint import paint
from cvlib.synth.dancer_stage import FLOOR, SAMPLES, Stage, portrait_stage, shadow
from cvlib.synth.motion import Motion
from cvlib.synth.motion_dance import synth_dance
from cvlib.synth.raycast import NOTHING, Hits, Moment, supersampled

__all__ = [
    "BODIES", "JOINTS", "PARTS", "Body", "Clip", "Stage", "dance_clip", "motion_clip",
    "portrait_stage",
]  # fmt: skip
MAKERS = (
    dancer_body, dancer_paint, dancer_stage, motion, motion_dance, ray_solids, raycast, textures,
)  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """T frames of one dancer, with what no camera tells."""

    rgb: Tensor  # (T, 3, H, W) float32 in [-1, 1]
    keypoints: Tensor  # (T, 21, 3) float32: x, y in pixels, confidence; 0 outside the picture
    parts: Tensor  # (T, H, W) int64, of `PARTS`; 0 is the background
    head: Tensor  # (T, 3) float32: the head's centre x, y and its radius, in pixels
    background: Tensor  # (3, H, W) float32 in [-1, 1]: the empty stage
    flow: Tensor | None = None  # (T, 2, H, W) float32: what is at p was at p + flow before
    visible: Tensor | None = None  # (T, 1, H, W) bool: it was seen there; never in frame 0

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def person(self) -> Tensor:
        """Where the dancer is, (T, 1, H, W) bool."""
        return (self.parts > 0)[:, None]


def dance_clip(frames: int, body: Body, stage: Stage, *, seed: int = 0, flow: bool = False) -> Clip:
    """Render a drawn dance of `frames` at 30 frames a second: (T, ...) tensors on the CPU.

    The seed is the dance's: another body or stage with the same seed dances the same, which is
    the truth of a transfer. With `flow` the exact backward flow and visibility come too, at a
    fifth more time. Clips are kept in the user's cache. Raises `CourseError` for pictures smaller
    than 8 pixels.
    """
    _check(stage)
    dance = synth_dance(frames, seed=seed)
    settings = repr((frames, seed, flow, stage, body, _recipe()))
    name = f"dance-{hashlib.sha256(settings.encode()).hexdigest()[:16]}"
    return _clip(kept(name, (), lambda: _render(dance, body, stage, flow)))


def motion_clip(motion: Motion, body: Body, stage: Stage) -> Clip:
    """Render any motion, such as a captured one, with flow: (T, ...) tensors on the CPU.

    A captured skeleton comes with the body: `Body(skeleton=read_asf(text))`.
    """
    _check(stage)
    return _clip(_render(motion, body, stage, flow=True))


def _check(stage: Stage) -> None:
    if min(stage.height, stage.width) < 8:
        raise CourseError(f"cannot stage a dance on {stage.height}x{stage.width} pixels: "
                          "give at least 8x8")  # fmt: skip


def _render(motion: Motion, body: Body, stage: Stage, flow: bool) -> dict[str, np.ndarray]:
    """The clip's arrays, small: colours in 8 bits, parts in 8, all else in float32."""
    figure = pose_body(body, motion, stage.room)
    frames = list(_frames(figure, body, stage, flow))
    arrays = {name: np.stack([frame[name].numpy() for frame in frames]) for name in frames[0]}
    empty, _ = stage.paint()
    arrays["background"] = _developed(empty, stage).numpy()
    return arrays


def _frames(figure: Figure, body: Body, stage: Stage, flow: bool) -> Iterator[dict[str, Tensor]]:
    """What each moment shows; flow and visibility need the moment before."""
    camera = stage.camera
    centres = camera.pixels()  # (H W, 2)
    fine = supersampled(centres, SAMPLES)  # (4 H W, 2)
    empty, ground = stage.paint()
    shape = stage.height, stage.width
    before = None

    for t in range(len(figure.joints)):
        now = Moment(camera, (), figure.solids(t))
        color = empty.clone()  # (4 H W, 3)
        floor = ground.surface == FLOOR
        color[floor] *= shadow(ground.point[floor], figure.joints[t])[:, None]

        hits = now.cast(fine)
        met = hits.surface != NOTHING
        color[met] = paint(body, figure, now, Hits(*(field[met] for field in hits)))

        seen = now.cast(centres)
        part = torch.where(seen.surface == NOTHING, 0, figure.part[seen.surface])
        frame = {"rgb": _developed(color, stage), "parts": part.reshape(shape).to(torch.uint8)}
        frame["keypoints"], frame["head"] = _landmarks(figure, t, stage)
        if flow:
            moved = raycast.motion(centres, seen, now, before or now)
            frame["flow"] = moved.flow.T.reshape(2, *shape).float()
            frame["visible"] = moved.visible.reshape(1, *shape) & (before is not None)
        before = now
        yield frame


def _developed(color: Tensor, stage: Stage) -> Tensor:
    """The mean (3, H, W) of the sub-pixels' colours (4 H W, 3), in 8 bits."""
    mean = color.reshape(SAMPLES**2, stage.height, stage.width, 3).mean(0)
    return (mean.permute(2, 0, 1) * 255).round().to(torch.uint8)


def _landmarks(figure: Figure, t: int, stage: Stage) -> tuple[Tensor, Tensor]:
    """Joints (21, 3) and head (3,) in pixels."""
    camera = stage.camera
    place, _ = camera.project(figure.joints[t])  # (21, 2)
    inside = camera.frames(place)
    keypoints = torch.cat([place, inside[:, None].double()], 1)
    centre, depth = camera.project(figure.head[t])
    radius = HEAD_SIZE[1] * camera.focal / depth
    return keypoints.float(), torch.cat([centre, radius[None]]).float()


def _clip(arrays: dict[str, np.ndarray]) -> Clip:
    found: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for name in ("rgb", "background"):
        found[name] = found[name].float() / 127.5 - 1
    return Clip(**found | {"parts": found["parts"].long()})


def _recipe() -> str:
    """What draws the pictures: another text is another cache."""
    text = "".join(inspect.getsource(module) for module in MAKERS)
    return hashlib.sha256(text.encode()).hexdigest()
