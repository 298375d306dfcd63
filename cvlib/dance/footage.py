"""Footage of rendered dancers: frames, their sticks, and keypoints of dances without frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.dance.stick import draw_sticks, thickness_for
from cvlib.synth.dancer import Body, Clip, Stage
from cvlib.synth.dancer_body import pose_body
from cvlib.synth.motion_dance import synth_dance

FPS = 30.0


@dataclass(frozen=True)
class Footage:
    """Clips one after another: N frames in all, and where two neighbours of one clip begin."""

    frames: Tensor  # (N, 3, H, W) in [-1, 1]
    sticks: Tensor  # (N, 3, H, W) in [0, 1]
    keypoints: Tensor  # (N, K, 3)
    starts: Tensor  # (n,): frames whose next one belongs to the same clip

    def to(self, device: torch.device) -> Footage:
        """The same on a device."""
        return Footage(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Motion:
    """What the renderer knows of footage of N frames beside its pictures."""

    flow: Tensor  # (N, 2, H, W), pixels, to the frame before
    visible: Tensor  # (N, 1, H, W) bool: it was seen there

    def to(self, device: torch.device) -> Motion:
        """The same on a device."""
        return Motion(self.flow.to(device), self.visible.to(device))


def footage(clips: Sequence[tuple[Tensor, Tensor]]) -> Footage:
    """Join clips, each frames (T, 3, H, W) and keypoints (T, 21, 3), and draw their sticks.

    Raises `CourseError` when no clip has two frames: time cannot be learnt from stills.
    """
    if all(len(frames) < 2 for frames, _ in clips):
        raise CourseError("no clip has two frames: give a video, not a picture")
    frames = torch.cat([frames for frames, _ in clips])  # (N, 3, H, W)
    keypoints = torch.cat([keypoints for _, keypoints in clips])  # (N, 21, 3)
    lengths = [len(frames) for frames, _ in clips]
    last = torch.tensor(lengths).cumsum(0) - 1
    within = torch.ones(len(frames), dtype=torch.bool)
    within[last] = False
    return Footage(
        frames, sticks_of(keypoints, *frames.shape[-2:]), keypoints, within.nonzero()[:, 0]
    )


def sticks_of(keypoints: Tensor, height: int, width: int) -> Tensor:
    """Stick figures (T, 3, H, W) of keypoints (T, 21, 3), in the thickness of this height."""
    thickness = thickness_for(height)
    drawn = [draw_sticks(some, height, width, thickness) for some in keypoints.split(32)]
    return torch.cat(drawn).float()


def rendered(*clips: Clip) -> Footage:
    """Footage of rendered clips."""
    return footage([(clip.rgb, clip.keypoints) for clip in clips])


def dance_keypoints(frames: int, body: Body, stage: Stage, seed: int) -> Tensor:
    """Keypoints (T, 21, 3) of a dance that is not rendered: those `dance_clip` would give.

    All have confidence 1, also outside the picture.
    """
    figure = pose_body(body, synth_dance(frames, FPS, seed=seed), stage.room)
    places, _ = stage.camera.project(figure.joints)  # (T, 21, 2)
    return torch.cat([places, torch.ones_like(places[..., :1])], dim=-1)


def jittered(keypoints: Tensor, sigma: float, draw: torch.Generator) -> Tensor:
    """Keypoints (T, K, 3) as a detector sees them: normal noise of `sigma` pixels on x and y."""
    noise = torch.randn(keypoints[..., :2].shape, generator=draw, dtype=keypoints.dtype)
    places = keypoints[..., :2] + sigma * noise.to(keypoints)
    return torch.cat([places, keypoints[..., 2:]], dim=-1)


def near_sticks(sticks: Tensor, reach: int) -> Tensor:
    """Where a stick is within `reach` pixels, (B, 1, H, W) in {0, 1}, for sticks (B, 3, H, W).

    Roughly the person, known without any truth.
    """
    drawn = (sticks.amax(1, keepdim=True) > 0).to(sticks)
    return F.max_pool2d(drawn, 2 * reach + 1, stride=1, padding=reach)
