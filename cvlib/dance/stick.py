"""Stick figures: antialiased, differentiable with respect to the joints."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.dance.skeleton import BODY21, Skeleton


def draw_sticks(
    keypoints: Tensor, height: int, width: int, thickness: float, skeleton: Skeleton = BODY21
) -> Tensor:
    """Draw keypoints (B, K, 3) as coloured sticks on black, (B, 3, H, W) in [0, 1].

    A pixel is covered by `clamp(thickness / 2 - d + 1/2, 0, 1)`, where d is its distance from the
    stick: one pixel of soft edge, whose slope carries gradients to the joints. Later sticks are
    painted over earlier ones. A stick with an end of confidence 0 is not drawn.
    """
    y, x = torch.meshgrid(
        torch.arange(height, dtype=keypoints.dtype, device=keypoints.device),
        torch.arange(width, dtype=keypoints.dtype, device=keypoints.device),
        indexing="ij",
    )
    pixels = torch.stack([x, y], dim=-1)  # (H, W, 2)
    picture = keypoints.new_zeros(len(keypoints), 3, height, width)

    for edge, color in zip(skeleton.edges, skeleton.colors().to(keypoints), strict=True):
        start, end = skeleton.index(*edge)
        A = keypoints[:, start, None, None]  # (B, 1, 1, 3)
        B = keypoints[:, end, None, None]

        d = distance(pixels, A[..., :2], B[..., :2])  # (B, H, W)
        cover = (thickness / 2 - d + 0.5).clamp(0, 1)
        drawn = (A[..., 2] > 0) & (B[..., 2] > 0)  # (B, 1, 1)
        cover = (cover * drawn)[:, None]  # (B, 1, H, W)

        picture = picture * (1 - cover) + color[:, None, None] * cover  # (B, 3, H, W)
    return picture


def distance(p: Tensor, A: Tensor, B: Tensor) -> Tensor:
    """Distances (...) from points p (..., 2) to the segments from A (..., 2) to B (..., 2)."""
    along = B - A
    length2 = along.square().sum(-1).clamp_min(1e-8)  # a stick of no length is a dot
    t = ((p - A) * along).sum(-1) / length2
    nearest = A + t.clamp(0, 1)[..., None] * along  # (..., 2)
    return (p - nearest).square().sum(-1).clamp_min(1e-12).sqrt()


def thickness_for(height: int) -> float:
    """The width of a stick, in pixels, that reads well in a frame of this height."""
    return max(1.5, height / 45)
