"""How well a face was repainted, where the true picture is known: place, drift, smoothness."""

from __future__ import annotations

import torch
from torch import Tensor


def attention_overlap(attention: Tensor, mask: Tensor) -> float:
    """Intersection over union of attention maps (N, S, S) with true change masks (N, S, S).

    Of each map as many of its strongest pixels count as the mask has, so the scale of the
    attention does not matter; faces whose mask is empty do not count. One map for everybody gets
    what its overlap with each mask is worth.
    """
    overlaps = []
    for A, M in zip(attention.flatten(1), mask.flatten(1), strict=True):
        count = int(M.sum())
        if count:
            strongest = torch.zeros_like(M)
            strongest[A.topk(count).indices] = True
            overlaps.append((strongest & M).sum() / (strongest | M).sum())
    return float(torch.stack(overlaps).mean())


def mean_where(values: Tensor, mask: Tensor) -> float:
    """The mean of values (N, S, S) over the pixels of a mask (N, S, S)."""
    return float(values[mask].mean())


def drift(before: Tensor, after: Tensor, mask: Tensor) -> float:
    """The mean absolute change of pictures (N, 3, S, S) in [0, 1] outside masks (N, S, S)."""
    return mean_where((after - before).abs().mean(dim=1), ~mask)


def followed(requested: Tensor, shown: Tensor) -> float:
    """How far a shown strength goes along with a requested one: the mean slope of N paths.

    Both are (N, T), T steps a path. 1 is full control, 0 an unchanged face.
    """
    asked = requested - requested.mean(dim=1, keepdim=True)
    answer = shown - shown.mean(dim=1, keepdim=True)
    return float(((asked * answer).sum(dim=1) / asked.square().sum(dim=1)).mean())


def largest_step(paths: Tensor) -> float:
    """The largest share of a path's whole change that happens in one step, a mean of N paths.

    Pictures (N, T, 3, S, S). 1 / (T - 1) is a steady change, 1 a switch; a path on which nothing
    changes counts as a switch.
    """
    steps = paths.diff(dim=1).abs().flatten(2).mean(dim=2)  # (N, T - 1)
    whole = steps.sum(dim=1)  # (N,)
    share = steps.amax(dim=1) / whole.clamp_min(1e-12)
    return float(torch.where(whole > 1e-6, share, torch.ones_like(share)).mean())
