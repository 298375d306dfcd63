"""How well a person was drawn: poses compared, and images compared where the person is."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.metrics.structure import WINDOW, ssim


def pose_distance(a: Tensor, b: Tensor) -> float:
    """Mean distance of the joints of two tracks (T, K, 3), in pixels (Sec. 5 of Chan et al.).

    Only frames in which both tracks have all joints count, as in the paper. Raises `CourseError`
    when no frame does.
    """
    if a.shape != b.shape:
        raise CourseError(f"poses of one shape are compared, not {a.shape} with {b.shape}")
    whole = ((a[..., 2] > 0) & (b[..., 2] > 0)).all(1)  # (T,)
    if not whole.any():
        raise CourseError("no frame has all joints in both tracks: count `missed` instead")
    return float((a[whole, :, :2] - b[whole, :, :2]).norm(dim=-1).mean())


def missed(keypoints: Tensor) -> float:
    """Joints not found, per frame, in a track (T, K, 3)."""
    return float((keypoints[..., 2] == 0).sum(1).double().mean())


def pose_boxes(keypoints: Tensor, margin: float, height: int, width: int) -> Tensor:
    """Boxes (T, 4), top, left, bottom, right, around the joints found in (T, K, 3).

    They reach `margin` pixels further, lie inside the frame and hold an SSIM window at least.
    """
    if min(height, width) < WINDOW:
        raise CourseError(f"frames of {height}x{width} are smaller than an SSIM window ({WINDOW})")
    found = keypoints[..., 2:] > 0  # (T, K, 1)
    if not found.any(1).all():
        raise CourseError("a frame has no joint at all: leave it out")
    least = keypoints[..., :2].masked_fill(~found, torch.inf).amin(1) - margin  # (T, 2): x, y
    most = keypoints[..., :2].masked_fill(~found, -torch.inf).amax(1) + margin
    size = torch.tensor([width, height]).to(keypoints)

    low = torch.minimum(least.floor().clamp_min(0), size - WINDOW)
    high = torch.maximum(torch.minimum(most.ceil() + 1, size), low + WINDOW)
    return torch.cat([low.flip(1), high.flip(1)], dim=1).long()


def box_ssim(a: Tensor, b: Tensor, boxes: Tensor) -> Tensor:
    """SSIM of each pair of frames (T, 3, H, W) in [-1, 1] inside its box (T, 4): (T,)."""
    values = []
    for one, other, (top, left, bottom, right) in zip(a, b, boxes.tolist(), strict=True):
        one = one[None, :, top:bottom, left:right]
        other = other[None, :, top:bottom, left:right]
        values.append(ssim(one, other, data_range=2.0))
    return torch.cat(values)


def masked_psnr(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Peak signal-to-noise ratio on a mask (T, H, W), in dB: (T,).

    Frames are (T, 3, H, W) in [-1, 1]. A frame whose mask is empty has no value: `CourseError`.
    """
    weight = mask[:, None].to(a)  # (T, 1, H, W)
    pixels = weight.sum(dim=(1, 2, 3))
    if not pixels.all():
        raise CourseError("a frame's mask is empty: leave the frame out")
    error = ((a - b).square() * weight).sum(dim=(1, 2, 3)) / (3 * pixels)
    return 10 * torch.log10(4 / error.clamp_min(1e-10))  # the range is 2 wide


def person_mask(frames: Tensor, background: Tensor, threshold: float = 0.2) -> Tensor:
    """Where frames (T, 3, H, W) differ from the empty stage (3, H, W): (T, H, W) bool.

    All in [-1, 1]; a pixel differs when one of its colours does by more than `threshold`.
    """
    return (frames - background).abs().amax(1) > threshold


def mask_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of masks (T, H, W), per frame: (T,); 1 where both are empty."""
    both = (a & b).flatten(1).sum(1)
    either = (a | b).flatten(1).sum(1)
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones_like(both / 1.0))
