"""Keypoint tracks: gaps filled, jitter smoothed, outliers removed.

A joint that was not found has no vote. All functions take and give
keypoints (T, K, 3), and treat every joint by itself.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

REACH = 3  # standard deviations on either side


def fill_gaps(keypoints: Tensor) -> Tensor:
    """Give missing joints (T, K, 3) the place on the line between the frames that have them.

    A filled joint has half the lesser confidence of the two; before the first and after the last
    frame that has it, it stays missing.
    """
    frames = len(keypoints)
    time = torch.arange(frames, device=keypoints.device)[:, None]  # (T, 1)
    found = keypoints[..., 2] > 0  # (T, K)
    before = torch.where(found, time, -1).cummax(0).values  # (T, K): the last frame that had it
    after = torch.where(found, time, frames).flip(0).cummin(0).values.flip(0)

    inside = (before >= 0) & (after < frames) & ~found
    first = keypoints.gather(0, before.clamp_min(0)[..., None].expand_as(keypoints))
    last = keypoints.gather(0, after.clamp_max(frames - 1)[..., None].expand_as(keypoints))
    share = (time - before) / (after - before).clamp_min(1)  # (T, K)

    place = torch.lerp(first, last, share[..., None].to(keypoints))  # (T, K, 3)
    trust = 0.5 * torch.minimum(first[..., 2], last[..., 2])  # (T, K)
    filled = torch.cat([place[..., :2], trust[..., None]], dim=-1)
    return torch.where(inside[..., None], filled, keypoints)


def gaussian(keypoints: Tensor, sigma: float) -> Tensor:
    """Weighted means over time of (T, K, 3): Gaussian in the frames' distance, times confidence.

    `sigma` is in frames. A joint that no frame within three sigma has stays missing; one that was
    missing gets the mean of its neighbours, with their confidence.
    """
    if not sigma > 0:
        raise CourseError(f"sigma must be a positive number of frames, not {sigma}")
    reach = math.ceil(REACH * sigma)
    windows = _windows(keypoints, reach)  # (T, K, 3, 2 reach + 1)
    offset = torch.arange(-reach, reach + 1).to(keypoints)
    g = torch.exp(-0.5 * (offset / sigma).square())  # (2 reach + 1,)

    c = windows[..., 2, :]  # (T, K, 2 reach + 1), 0 outside the clip
    weight = g * c
    total = weight.sum(-1)  # (T, K)
    place = (windows[..., :2, :] * weight[..., None, :]).sum(-1) / _at_least(total)[..., None]
    trust = total / _at_least((g * (c > 0)).sum(-1))  # (T, K)
    return torch.cat([place, trust[..., None]], dim=-1)


def median(keypoints: Tensor, frames: int) -> Tensor:
    """The median over `frames` (odd) frames of (T, K, 3), among those that have the joint.

    It removes a single frame's outlier completely, and smooths jitter less than a Gaussian does.
    """
    if frames < 1 or frames % 2 == 0:
        raise CourseError(f"a median is taken over an odd number of frames, not {frames}")
    windows = _windows(keypoints, frames // 2)  # (T, K, 3, frames)
    found = windows[..., 2:, :] > 0  # (T, K, 1, frames)
    count = found.sum(-1)  # (T, K, 1)
    ranked = windows.masked_fill(~found, math.inf).sort(-1).values  # those without it come last

    low = ((count - 1) // 2).clamp_min(0)[..., None].expand(*windows.shape[:3], 1)
    high = (count // 2).clamp_max(frames - 1)[..., None].expand(*windows.shape[:3], 1)
    middle = (ranked.gather(-1, low) + ranked.gather(-1, high)).squeeze(-1) / 2  # (T, K, 3)
    return torch.where(count > 0, middle, torch.zeros_like(middle))


def one_euro(keypoints: Tensor, fps: float, slowest: float = 1.0, gain: float = 0.1) -> Tensor:
    """The One-Euro filter (Casiez et al. 2012) of (T, K, 3): causal, for live video.

    A low-pass whose cut-off, in Hz, is `slowest + gain |speed|`, the speed in pixels per second:
    calm joints are smoothed much, quick ones hardly delayed. A missing joint keeps its last place.
    """
    out = torch.zeros_like(keypoints)
    place = keypoints[0, :, :2].clone()  # (K, 2)
    speed = torch.zeros_like(place)
    seen = torch.zeros(keypoints.shape[1], 1, dtype=torch.bool, device=keypoints.device)
    for t, frame in enumerate(keypoints):
        found = frame[:, 2:] > 0  # (K, 1)
        place = torch.where(found & ~seen, frame[:, :2], place)

        rate = (frame[:, :2] - place) * fps
        speed = torch.where(found, torch.lerp(speed, rate, _share(1.0, fps)), speed)
        cutoff = slowest + gain * speed.norm(dim=-1, keepdim=True)  # (K, 1), Hz
        moved = torch.lerp(place, frame[:, :2], _share(cutoff, fps))
        place = torch.where(found, moved, place)

        seen = seen | found
        out[t] = torch.cat([place, frame[:, 2:]], dim=-1)
    return out


def _share(cutoff: Tensor | float, fps: float) -> Tensor:
    """How far a first-order low-pass goes towards its input in one frame."""
    omega = 2 * math.pi * torch.as_tensor(cutoff) / fps
    return omega / (omega + 1)


def _windows(keypoints: Tensor, reach: int) -> Tensor:
    """Each frame with `reach` frames on either side, (T, K, 3, 2 reach + 1); zeros outside."""
    edge = keypoints.new_zeros(reach, *keypoints.shape[1:])
    padded = torch.cat([edge, keypoints, edge])  # (T + 2 reach, K, 3)
    return padded.unfold(0, 2 * reach + 1, 1)


def _at_least(weight: Tensor) -> Tensor:
    return weight.clamp_min(1e-12)


def acceleration(keypoints: Tensor) -> float:
    """Mean length of the second difference over time of (T, K, 3), in pixels per frame squared.

    Over joints that three frames in a row have: what jitter raises and smoothing lowers.
    """
    if len(keypoints) < 3:
        raise CourseError(f"acceleration needs three frames, not {len(keypoints)}")
    second = keypoints[2:, :, :2] - 2 * keypoints[1:-1, :, :2] + keypoints[:-2, :, :2]
    found = keypoints[..., 2] > 0
    trusted = found[2:] & found[1:-1] & found[:-2]
    return float(second.norm(dim=-1)[trusted].mean())
