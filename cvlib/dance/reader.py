"""A pose detector of our own, for one rendered person: it reads what a generator has drawn."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.dance.nets import Residual, block, coordinates
from cvlib.metrics.person import pose_distance


class PoseReader(nn.Module):
    """A heat map per joint, whose centre of mass is the joint's place."""

    def __init__(self, joints: int = 21, width: int = 16) -> None:
        super().__init__()
        self.enter = block(3, width, kernel=5, stride=2)
        self.down = block(width, 2 * width, stride=2)
        self.deep = block(2 * width, 2 * width, stride=2)
        self.middle = nn.Sequential(Residual(2 * width), Residual(2 * width))
        self.up = block(4 * width, 2 * width)
        self.out = nn.Conv2d(2 * width, joints, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (B, 3, H, W) in [-1, 1] to places (B, K, 2), x and y in pixels."""
        height, width = frames.shape[-2:]
        h = self.enter(frames)  # (B, w, H/2, W/2)
        h = self.down(h)  # (B, 2w, H/4, W/4)
        near = h

        h = self.middle(self.deep(h))  # (B, 2w, H/8, W/8)
        h = F.interpolate(h, size=near.shape[-2:])
        h = self.up(torch.cat([h, near], dim=1))  # (B, 2w, H/4, W/4)

        heat = self.out(h)  # (B, K, H/4, W/4)
        share = heat.flatten(2).softmax(-1)  # (B, K, HW/16)
        grid = coordinates(heat).flatten(2)[:1]  # (1, 2, HW/16), rows and columns in [-1, 1]
        place = share @ grid.transpose(1, 2)  # (B, K, 2)

        # the outermost cells' centres stand at -1 and 1
        rows = (place[..., 0] + 1) / 2 * (height - 4) + 1.5
        columns = (place[..., 1] + 1) / 2 * (width - 4) + 1.5
        return torch.stack([columns, rows], dim=-1)


def reader_loss(P: PoseReader, frames: Tensor, keypoints: Tensor) -> Tensor:
    """Mean distance (), in pixels, of joints read in (B, 3, H, W) from those found, (B, K, 3)."""
    error = (P(frames) - keypoints[..., :2]).norm(dim=-1)  # (B, K)
    found = keypoints[..., 2] > 0
    return (error * found).sum() / found.sum().clamp_min(1)


def shifted(frames: Tensor, keypoints: Tensor, reach: int, draw: torch.Generator
            ) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Frames (B, 3, H, W) and keypoints (B, K, 3) moved together by up to `reach` pixels.

    One shift for the batch; the border is repeated, a joint that leaves the frame is not found.
    The shift stays on the device: nobody waits to read it.
    """
    height, width = frames.shape[-2:]
    shift = torch.randint(-reach, reach + 1, (2,), generator=draw, device=draw.device)
    dx, dy = shift  # () each
    rows = (torch.arange(height, device=shift.device) - dy).clamp(0, height - 1)
    columns = (torch.arange(width, device=shift.device) - dx).clamp(0, width - 1)
    moved = frames[:, :, rows[:, None], columns]

    places = keypoints[..., :2] + shift
    x, y = places.unbind(-1)  # (B, K) each
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    return moved, torch.cat([places, keypoints[..., 2:] * inside[..., None]], dim=-1)


@torch.no_grad()
def read_poses(P: PoseReader, frames: Tensor) -> Tensor:
    """Keypoints (T, K, 3) read in a clip (T, 3, H, W); it always finds every joint."""
    places = torch.cat([P(some) for some in frames.split(32)])
    return torch.cat([places, torch.ones_like(places[..., :1])], dim=-1)


def pose_missed(P: PoseReader, frames: Tensor, keypoints: Tensor) -> float:
    """Mean distance in pixels of what P reads in (T, 3, H, W) from keypoints (T, K, 3)."""
    return pose_distance(read_poses(P, frames).cpu(), keypoints)
