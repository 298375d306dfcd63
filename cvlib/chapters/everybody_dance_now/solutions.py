"""One way to solve each exercise of chapter 09; every function stands alone: it is shown."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.dance.placing import PoseStats


def undo(placed: Tensor, source: PoseStats, target: PoseStats, center: float) -> Tensor:
    """The source's points (K, 2) that `normalize` put at `placed` (K, 2); the last is the foot."""
    foot = placed[-1, 1]  # m(a): the scale leaves the foot alone
    u = (foot - target.min) / (target.max - target.min)
    a = source.min + u * (source.max - source.min)

    far = target.far / source.far
    close = target.close / source.close
    c = far + u * (close - far)  # the scale that was used, not the swapped people's

    x = (placed[:, 0] - center) / c + center
    y = (placed[:, 1] - foot) / c + a
    return torch.stack([x, y], 1)


def worst_miss(low: float, high: float, far: float, close: float, first: float) -> float:
    """The most that feet miss their line, in pixels, if sizes change about the row `first`.

    Foot lines range from `low` (scale `far`) to `high` (scale `close`). The miss
    `(c(a) - 1) (a - first)` is a parabola in a: its ends and, if it lies between, its vertex.
    """
    slope = (close - far) / (high - low)

    def miss(a: float) -> float:
        return (far - 1 + slope * (a - low)) * (a - first)

    candidates = [low, high]
    if slope != 0:
        no_change = low + (1 - far) / slope  # where c = 1: the other root is `first`
        vertex = (no_change + first) / 2
        if low < vertex < high:
            candidates.append(vertex)
    return max(abs(miss(a)) for a in candidates)


def coverage(d: Tensor, width: float) -> Tensor:
    """How much of each pixel, `d` (N,) off a stick's middle line, a stick of any width covers."""
    left = torch.maximum(d - 0.5, torch.full_like(d, -width / 2))
    right = torch.minimum(d + 0.5, torch.full_like(d, width / 2))
    return (right - left).clamp(min=0)


def smooth_lines(track: Tensor, confidence: Tensor, sigma: float) -> Tensor:
    """A track (T, 2) whose every frame lies on its own weighted least-squares line over time.

    The weights are Gaussian in the frames' distance, times the confidence (T,).
    """
    time = torch.arange(len(track), dtype=track.dtype)
    lag = time[None] - time[:, None]  # (T, T): the frame that is asked, and from where
    w = torch.exp(-0.5 * (lag / sigma).square()) * confidence[None]

    n = w.sum(1, keepdim=True)  # (T, 1)
    mean_lag = (w * lag).sum(1, keepdim=True) / n
    mean = w @ track / n  # (T, 2)
    off = lag - mean_lag  # (T, T)
    slope = (w * off) @ track / (w * off.square()).sum(1, keepdim=True)
    return mean - slope * mean_lag  # the line at lag 0


def elbow(shoulder: Tensor, wrist: Tensor, upper: float, lower: float) -> Tensor:
    """Where the elbow (2,) of an arm goes whose shoulder and wrist (2,) are dragged.

    Of the two places it takes the one to the right of the way from shoulder to wrist, on a screen
    whose y points down. Where the arm cannot reach, or cannot fold, it lies along that way.
    """
    way = wrist - shoulder
    distance = way.norm()
    ahead = way / distance
    right = torch.stack([-ahead[1], ahead[0]])  # a quarter turn, clockwise on the screen

    along = (distance.square() + upper**2 - lower**2) / (2 * distance)  # law of cosines
    along = along.clamp(-upper, upper)
    aside = (upper**2 - along.square()).clamp(min=0).sqrt()
    return shoulder + along * ahead + aside * right


def wrongly_accused(real: Tensor, fake: Tensor, threshold: float, share: float) -> float:
    """The share of flagged clips that are real, where a share of all clips is generated.

    A clip is flagged if its score, of (n,) real and (m,) generated ones, exceeds the threshold.
    Nobody flagged, nobody accused: 0.
    """
    alarms = (real > threshold).double().mean().item()
    caught = (fake > threshold).double().mean().item()
    innocent = alarms * (1 - share)
    guilty = caught * share
    return innocent / (innocent + guilty) if innocent + guilty > 0 else 0.0
