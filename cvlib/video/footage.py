"""Clips with what is known about them, kept small in memory and cut into batches for training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class Batch:
    """Clips of T frames as the nets see them, in float32."""

    sources: Tensor  # (B, T, classes + 1, H, W): one plane a class, and the edges of instances
    frames: Tensor  # (B, T, 3, H, W), in [-1, 1]
    flow: Tensor  # (B, T, 2, H, W), pixels, to the frame before
    visible: Tensor  # (B, T, 1, H, W), 1 where a pixel was seen in the frame before

    def __getitem__(self, rows: Tensor) -> Batch:
        """Some of the clips, by their indices (b,)."""
        return Batch(self.sources[rows], self.frames[rows], self.flow[rows], self.visible[rows])

    def to(self, device: torch.device) -> Batch:
        """The same clips on another device."""
        parts = (self.sources, self.frames, self.flow, self.visible)
        return Batch(*(part.to(device) for part in parts))

    def after(self, length: int) -> Batch:
        """The same clips without their first `length` frames."""
        return Batch(
            self.sources[:, length:], self.frames[:, length:],
            self.flow[:, length:], self.visible[:, length:],
        )  # fmt: skip


@dataclass(frozen=True)
class Footage:
    """N clips of T frames: 8 bytes a pixel, so that a training set fits a GPU."""

    frames: Tensor  # (N, T, 3, H, W) uint8
    labels: Tensor  # (N, T, H, W) uint8
    edges: Tensor  # (N, T, 1, H, W) bool
    flow: Tensor  # (N, T, 2, H, W) float16
    visible: Tensor  # (N, T, 1, H, W) bool
    classes: int

    def windows(self, length: int) -> int:
        """How many runs of `length` frames there are."""
        clips, T = self.frames.shape[:2]
        if length > T:
            raise CourseError(
                f"clips of {T} frames hold no run of {length}: "
                "shorten the unroll or give longer clips"
            )
        return clips * (T - length + 1)

    def cut(self, which: Tensor, length: int) -> Batch:
        """The runs number `which` (B,) of `length` frames, out of `windows(length)`."""
        starts = self.windows(length) // len(self.frames)
        clip = which // starts  # (B,)
        first = which % starts  # (B,)
        times = first[:, None] + torch.arange(length, device=first.device)  # (B, length)
        return self._batch(clip[:, None], times)

    def whole(self) -> Batch:
        """All clips from their first frame to their last."""
        clips, T = self.frames.shape[:2]
        device = self.frames.device
        return self._batch(
            torch.arange(clips, device=device)[:, None], torch.arange(T, device=device)
        )

    def _batch(self, clip: Tensor, times: Tensor) -> Batch:
        planes = F.one_hot(self.labels[clip, times].long(), self.classes)  # (B, T, H, W, classes)
        planes = planes.movedim(-1, 2).float()  # (B, T, classes, H, W)
        sources = torch.cat([planes, self.edges[clip, times].float()], dim=2)
        frames = self.frames[clip, times].float() / 127.5 - 1
        flow, visible = self.flow[clip, times], self.visible[clip, times]
        return Batch(sources, frames, flow.float(), visible.float())

    def to(self, device: torch.device) -> Footage:
        """The same footage on another device."""
        moved = (self.frames, self.labels, self.edges, self.flow, self.visible)
        return Footage(*(part.to(device) for part in moved), self.classes)
