"""One right answer to each exercise of chapter 07."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def repainted(image: Tensor, color: Tensor, result: Tensor, mask: Tensor) -> Tensor:
    """The mask (B, 1, H, W) as the share that is repainted, whichever way it was meant.

    `result` (B, 3, H, W) is what a foreign code composed of `image` and `color` with it.
    """
    ours = torch.lerp(image, color, mask.expand_as(image))
    theirs = torch.lerp(color, image, mask.expand_as(image))
    if (result - ours).abs().mean() <= (result - theirs).abs().mean():
        return mask
    return 1 - mask


def patch_penalties(W: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient penalty of linear patch scores `W x`, W (K, d): of their mean, their sum."""
    total = W.sum(dim=0)  # (d,): the gradient of the sum
    of_mean = (total / len(W)).norm() - 1
    of_sum = total.norm() - 1
    return of_mean.square(), of_sum.square()


def droop(x: Tensor, y: Tensor, corner_x: float, corner_y: float, strength: float) -> Tensor:
    """How far points (n,) of a face move down when AU 15 pulls both mouth corners."""
    away = (x.abs() - corner_x).square() + (y - corner_y).square()
    near = (1 - away / 0.15**2).clamp_min(0)
    return 0.075 * strength * near.square()


def absolute_agreement(a: Tensor, b: Tensor) -> Tensor:
    """ICC(2,1) of two ratings (n,): a constant shift between them counts as disagreement."""
    ratings = torch.stack([a, b], dim=1).double()  # (n, 2)
    n = len(ratings)
    rows = ratings.mean(dim=1, keepdim=True)
    columns = ratings.mean(dim=0, keepdim=True)
    things = 2 * rows.var()
    raters = n * columns.var()
    left = (ratings - rows - columns + ratings.mean()).square().sum() / (n - 1)
    return (things - left) / (things + left + 2 / n * (raters - left))


def break_even(
    read: float, copied: float, shown: float, cycle: float, returned: float, attention: float
) -> float:
    """The weight of the attention term above which copying is the cheaper way to live.

    `read` and `cycle` are weights; `copied` and `shown` the reading errors of a copy and of a
    painted face; `returned` the cycle's error, `attention` the mean of each map of a painted face.
    """
    saved = read * (copied - shown) - cycle * returned
    return saved / (2 * attention)  # there and back: two maps are paid for


def smile_and_lips(scores: Mapping[str, float]) -> tuple[float, float]:
    """AU 12 and AU 25 in [0, 1] from a tracker's blendshape scores."""

    def both(name: str) -> float:
        return (scores[f"{name}Left"] + scores[f"{name}Right"]) / 2

    opened = max(both("mouthLowerDown"), both("mouthUpperUp"), 1.5 * scores["jawOpen"])
    lips = opened - scores["mouthClose"]
    return both("mouthSmile"), min(1.0, max(0.0, lips))
