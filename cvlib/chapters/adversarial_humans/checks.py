"""The checks of chapter 02: each names the first property that an answer lacks."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from cvlib.chapters.adversarial_humans import solutions
from cvlib.course.page.answers import (
    Wrong,
    apart,
    array,
    close,
    function,
    noise,
    number,
    several,
    tensor,
    whole,
)


def check_stimulus_px(answer: Any) -> None:
    """02.1: small and large angles, near and far."""
    width = function(answer, "stimulus_px(degrees, screen_px, screen_m, viewer_m)")
    for case in ((5.0, 299, 0.1524, 0.61), (60.0, 1920, 0.53, 0.6), (14.2408, 299, 0.1524, 0.61)):
        degrees, screen_px, screen_m, viewer_m = case
        got = number(width(*case), "the width")
        right = solutions.stimulus_px(*case)
        if close(got, right, 1e-4):
            continue
        density = screen_px / screen_m
        if close(got, 2 * viewer_m * math.tan(degrees / 2) * density, 1e-4):
            raise Wrong("math.tan takes radians: you gave it degrees")
        if close(got, viewer_m * math.tan(math.radians(degrees)) * density, 1e-4):
            raise Wrong("the stimulus is centred: half of it lies on each side of the gaze")
        if close(got, viewer_m * math.radians(degrees) * density, 1e-4):
            raise Wrong("the same number of pixels for every degree is right near the gaze only")
        if close(got, right / density, 1e-4):
            raise Wrong("that is metres: how many pixels are they on this screen")
        shown = apart(got, right)
        raise Wrong(f"{degrees:g} degrees are {shown[1]} pixels there, not {shown[0]}")


def check_coarse_log_odds(answer: Any) -> None:
    """02.2: small logits, then logits where softmax is 0 or 1."""
    odds = function(answer, "coarse_log_odds(logits, inside)")
    for inside in ([0, 3], [2], [1, 2, 4, 5]):
        logits = noise(7, 6)
        got = tensor(odds(logits, inside), (7,), "the log-odds")
        right = solutions.coarse_log_odds(logits, inside)
        if not close(got, right):
            _name_the_odds(got, right, logits, inside)
    extreme = noise(3, 6)
    extreme[:, :2] -= 10_000
    for inside, where in (([0, 1], "far below"), ([2, 3, 4, 5], "far above")):
        raw = odds(extreme, inside)
        try:
            got = tensor(raw, (3,), "the log-odds")
        except Wrong:
            raise Wrong(f"with logits 10,000 {where} yours is infinite: "
                        "stay in the logarithm") from None  # fmt: skip
        if not close(got, solutions.coarse_log_odds(extreme, inside), 1e-3):
            raise Wrong(f"with logits 10,000 {where} yours is cut off: stay in the logarithm")


def _name_the_odds(got: Tensor, right: Tensor, logits: Tensor, inside: list[int]) -> None:
    log_p = torch.nn.functional.logsigmoid(right)
    if close(got, log_p):
        raise Wrong("that is log P: divide by 1 - P, too")
    if close(got, log_p.exp()):
        raise Wrong("that is P itself: its log-odds are asked for")
    if close(got, -right):
        raise Wrong("upside down: a likely class has positive log-odds")
    outside = logits.shape[1] - len(inside)
    if close(got, right - math.log(len(inside) / outside)) or close(
        got, right - math.log(len(inside))
    ):
        raise Wrong("that is a mean over the fine classes: P is their sum")
    raise Wrong("the sigmoid of your log-odds is not the sum of softmax inside")


def check_quantized(answer: Any) -> None:
    """02.3: ties, the bound, both ends of the range, the type."""
    make = function(answer, "quantized(x_adv, levels, eps)")
    levels = torch.randint(0, 256, (3, 1, 8, 8)).byte()
    levels.view(-1)[:4] = torch.tensor([0, 255, 10, 128]).byte()
    exact = levels.double() / 255
    if not _same(make(exact + 0.4 / 255, levels, 8), levels):
        raise Wrong("0.4 levels above is nearest to the level itself: round")
    if not _same(make(exact - 0.4 / 255, levels, 8), levels):
        raise Wrong("0.4 levels below is nearest to the level itself: you cut off, or wrap")
    for shift in (20.0, -20.0, 2.5, -2.5):
        got = _whole_levels(make(exact + shift / 255, levels, 2))
        if int((got - levels.int()).abs().max()) > 2:
            raise Wrong("a pixel lies farther than eps levels from the original: clamp integers")
        right = solutions.quantized(exact + shift / 255, levels, 2).int()
        if not close(got.double(), right.double(), 1e-6):
            raise Wrong("with a far target every pixel should reach the bound, or 0, or 255")
    for sign in (1, -1):
        next_one = (levels.int() + sign).clamp(0, 255)
        if not _same(make(exact + sign * 0.6 / 255, levels, 8), next_one):
            raise Wrong("0.6 levels away is nearest to the next level: you cut the difference off")
    got = _whole_levels(make(exact + 2.5 / 255, levels, 8)) - levels.int()
    if not set(got.flatten().tolist()) <= {0, 1, 2, 3}:
        raise Wrong("a pixel half-way between two levels goes to one of them")


def _whole_levels(value: Any) -> Tensor:
    """What was handed in as int levels (3, 1, 8, 8)."""
    got = tensor(value, (3, 1, 8, 8), "the image")
    if not close(got, got.round(), 1e-6) or got.min() < 0 or got.max() > 255:
        raise Wrong("an image has whole levels between 0 and 255")
    return got.int()


def _same(value: Any, levels: Tensor) -> bool:
    return torch.equal(_whole_levels(value), levels.int())


def check_best_refresh(answer: Any) -> None:
    """02.4: rates whose frames fit one of the durations, both, or neither."""
    best = function(answer, "best_refresh(stim_ms, mask_ms, rates)")
    cases = (
        (63.0, 50.0, [60, 75, 120, 144, 165, 240]),
        (63.0, 50.0, [60, 75, 165]),
        (66.7, 50.0, [144, 60, 165]),
        (3.0, 50.0, [60, 75]),
        (20.0, 33.4, [60, 50, 75]),
        (66.0, 50.0, [60, 144]),  # who rounds down takes 144
        (96.0, 50.0, [75, 120]),  # who takes squares or percentages takes 120
    )
    for stim, mask, rates in cases:
        got = number(best(stim, mask, list(rates)), "the refresh rate")
        right = solutions.best_refresh(stim, mask, rates)
        if close(got, right, 1e-6):
            continue
        if not any(close(got, hz, 1e-6) for hz in rates):
            raise Wrong(f"the answer should be one of the rates {list(rates)}")
        if stim == 96.0:
            raise Wrong("the larger of the two errors in ms decides: no squares, no percentages")
        if stim == 66.0:
            raise Wrong("you round down: one frame more may be nearer")
        if got == max(rates):
            raise Wrong("the fastest screen is not always the nearest: count its frames")
        nearest = solutions.best_refresh(stim, stim, rates)
        if close(_off(stim, got), _off(stim, nearest), 1e-6):
            raise Wrong("that fits the stimulus: the mask has a duration, too")
        raise Wrong(f"for {stim:g} and {mask:g} ms {right} Hz is nearer than {got:g}: "
                    "round to the nearest whole frame, at least one")  # fmt: skip


def _off(ms: float, hz: float) -> float:
    """How far the nearest whole frames are from a duration."""
    return abs(max(1, round(ms * hz / 1000)) * 1000 / hz - ms)


def check_trials_needed(answer: Any) -> None:
    """02.5: several effects and powers; exact tests need a few more trials, which is fine."""
    count = function(answer, "trials_needed(p, power)")
    for p, power in ((0.6, 0.8), (0.75, 0.9), (0.55, 0.8)):
        got = whole(count(p, power), "the number of trials")
        right = solutions.trials_needed(p, power)
        if abs(got - right) <= 3 + 0.08 * right:
            continue
        effect = p - 0.5
        if abs(got - right / 4) <= 2 + 0.05 * right:
            raise Wrong("a single answer has the deviation 0.5, not 0.25: four times as many")
        if abs(got - (1.96 * 0.5 / effect) ** 2) <= 2 + 0.02 * right:
            raise Wrong("with so few half of all studies would miss it: where is the power")
        if got < right:
            raise Wrong(f"{got} trials are too few for p = {p}: two-sided 5 %, power {power}")
        raise Wrong(f"{got} trials are more than p = {p} and power {power} need")


def check_two_conditions(answer: Any) -> None:
    """02.6: rounding, the ends of the range, and what is turned upside down."""
    make = function(answer, "two_conditions(levels, delta)")
    levels = torch.randint(40, 216, (2, 1, 6, 6)).byte()
    delta = 30 * torch.rand(2, 1, 6, 6, dtype=torch.float64) + 0.25
    adv, flip = _both(make(levels, delta))
    right = solutions.two_conditions(levels, delta)
    if close(adv, (levels.double() + delta).floor(), 1e-6) and not close(adv, right[0].double()):
        raise Wrong("adv is cut off to whole levels: round it")
    signed = delta.flip(3) - 16
    adv, flip = _both(make(levels, signed))
    right = solutions.two_conditions(levels, signed)
    if not close(adv, right[0].double(), 1e-6):
        raise Wrong("a negative perturbation must make a pixel darker: uint8 wraps around")
    if close(flip, right[0].double().flip(2), 1e-6):
        raise Wrong("flip shows the picture upside down: only its perturbation is turned")
    if close(flip, levels.double() + signed.round().flip(3), 1e-6):
        raise Wrong("upside down, not left to right")
    if not close(flip, right[1].double(), 1e-6):
        raise Wrong("flip is the picture plus its own perturbation turned upside down")
    dark = torch.full((2, 1, 6, 6), 3).byte()
    adv, flip = _both(make(dark, torch.full((2, 1, 6, 6), -9.0)))
    for name, image in {"adv": adv, "flip": flip}.items():
        if image.abs().max() > 0:
            raise Wrong(f"{name}: a pixel of 3, 9 levels darker, is 0: clamp before you store it")


def _both(value: Any) -> tuple[Tensor, Tensor]:
    adv, flip = several(value, 2, "adv and flip")
    return (tensor(adv, (2, 1, 6, 6), "adv").double(), tensor(flip, (2, 1, 6, 6), "flip").double())


def check_share_above(answer: Any) -> None:
    """02.7: both ends, and in between."""
    share = function(answer, "share_above(sigma, low, high)")
    for low, high in ((0.5, 1.5), (0.0, 2.0)):
        sigma = torch.linspace(low, high, 9, dtype=torch.float64)
        got = array(share(sigma, low, high), "the share")
        right = solutions.share_above(sigma, low, high)
        if tuple(got.shape) != (9,):
            raise Wrong(f"one share a pixel: expected (9,), got {tuple(got.shape)}")
        if close(got, right):
            continue
        if close(got, 1 - right):
            raise Wrong("that is the share of the lower level")
        if close(got, (sigma - low) / (high - low)):
            raise Wrong("linear in sigma blurs too much in between: what adds up are variances")
        if close(got, right.sqrt()):
            raise Wrong("no root: a share of variances is a share")
        raise Wrong("the mixture's variance, (1 - w) low^2 + w high^2, is not sigma^2")
