"""One right answer to each exercise of chapter 02."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def stimulus_px(degrees: float, screen_px: int, screen_m: float, viewer_m: float) -> float:
    """Pixels that a centred stimulus of so many degrees covers on a flat screen."""
    metres = 2 * viewer_m * math.tan(math.radians(degrees) / 2)
    return metres * screen_px / screen_m


def coarse_log_odds(logits: Tensor, inside: Sequence[int]) -> Tensor:
    """log P / (1 - P), (B,), where P sums the softmax of logits (B, K) over classes `inside`."""
    outside = [k for k in range(logits.shape[1]) if k not in set(inside)]
    return logits[:, list(inside)].logsumexp(1) - logits[:, outside].logsumexp(1)


def quantized(x_adv: Tensor, levels: Tensor, eps: int) -> Tensor:
    """x_adv (B, C, S, S) in [0, 1] as uint8 within `eps` whole levels of the uint8 `levels`."""
    original = levels.int()
    rounded = torch.round(255 * x_adv).int()
    near = torch.minimum(torch.maximum(rounded, original - eps), original + eps)
    return near.clamp(0, 255).to(torch.uint8)


def best_refresh(stim_ms: float, mask_ms: float, rates: Sequence[float]) -> float:
    """The refresh rate (Hz) whose whole frames come nearest to both durations, at worst."""

    def worst(hz: float) -> float:
        frame = 1000 / hz
        errors = []
        for wanted in (stim_ms, mask_ms):
            shown = max(1, round(wanted / frame)) * frame
            errors.append(abs(shown - wanted))
        return max(errors)

    return min(rates, key=worst)


def trials_needed(p: float, power: float) -> int:
    """Trials that a two-sided test of 50 % at level 0.05 needs to find a true share p."""
    normal = torch.distributions.Normal(0.0, 1.0)
    z_alpha = float(normal.icdf(torch.tensor(0.975)))
    z_power = float(normal.icdf(torch.tensor(power)))
    spread = z_alpha * 0.5 + z_power * math.sqrt(p * (1 - p))
    return math.ceil((spread / (p - 0.5)) ** 2)


def two_conditions(levels: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
    """`adv` and `flip`, both uint8 (B, C, S, S), of uint8 levels and a perturbation in levels."""
    whole = delta.round()
    adv = (levels.float() + whole).clamp(0, 255)
    flip = (levels.float() + whole.flip(2)).clamp(0, 255)
    return adv.to(torch.uint8), flip.to(torch.uint8)


def share_above(sigma: Tensor, low: float, high: float) -> Tensor:
    """The share (N,) of the level blurred by `high` that gives a pixel the spread sigma (N,)."""
    return (sigma**2 - low**2) / (high**2 - low**2)
