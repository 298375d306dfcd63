"""Exercises of chapter 02; their checks are in `checks`, one right answer each in `solutions`."""

from __future__ import annotations

from torch import Tensor

from cvlib.chapters.adversarial_humans import checks, solutions
from cvlib.course.page.exercises import Exercise


def buggy_conditions(levels: Tensor, delta: Tensor) -> tuple[Tensor, Tensor]:
    """`adv` and `flip` of uint8 levels (B, C, S, S) and a perturbation in levels: three bugs."""
    adv = levels + delta.byte()
    flip = adv.flip(2)
    return adv, flip


EXERCISES: dict[str, Exercise] = {
    "02.1": Exercise(
        "02.1", "How many pixels are five degrees", 10, 1, checks.check_stimulus_px,
        ("Draw the triangle from the eye to the middle and to the edge of the stimulus: the angle "
         "at the eye is half of the stimulus.",
         "Half of the width is `viewer_m * tan(half the angle)`; mind radians; then pixels per "
         "metre."),
        solutions.stimulus_px,
    ),
    "02.2": Exercise(
        "02.2", "The log-odds of a coarse class", 15, 2, checks.check_coarse_log_odds,
        ("P is a sum of exponentials over a sum of more of them; 1 - P is the rest of that sum "
         "over the same.",
         "The common denominator cancels: logsumexp over the classes inside minus logsumexp over "
         "those outside."),
        solutions.coarse_log_odds,
    ),
    "02.3": Exercise(
        "02.3", "Whole levels within the bound", 15, 2, checks.check_quantized,
        ("Round first. `.byte()` cuts off, and it wraps around below 0.",
         "Then clamp the integers to levels - eps and levels + eps, and last to 0 and 255. uint8 "
         "cannot hold levels - eps: work in int."),
        solutions.quantized,
    ),
    "02.4": Exercise(
        "02.4", "Which screen for this exposure", 10, 1, checks.check_best_refresh,
        ("A screen shows whole frames of 1000 / hz milliseconds, at least one: which whole number "
         "is nearest?",
         "Take the larger of the two errors, of stimulus and of mask, for each rate; the rate with "
         "the smallest of these wins."),
        solutions.best_refresh,
    ),
    "02.5": Exercise(
        "02.5", "How many trials", 15, 2, checks.check_trials_needed,
        ("The share of n answers has the deviation sqrt(p (1 - p) / n); without an effect p is "
         "0.5.",
         "(z_0.975 * 0.5 + z_power * sqrt(p (1 - p))) / (p - 0.5), squared, rounded up."),
        solutions.trials_needed,
    ),
    "02.6": Exercise(
        "02.6", "Three bugs in two conditions", 15, 2, checks.check_two_conditions,
        ("Try a perturbation of -3 levels on a pixel of 10, one of 0.9, and look at the picture of "
         "`flip`.",
         "Round; add in a type that knows negative numbers and clamp; turn the perturbation upside "
         "down, not the picture."),
        solutions.two_conditions,
    ),
    "02.7": Exercise(
        "02.7", "Mix two blurs to a third", 15, 3, checks.check_share_above,
        ("A mixture of two centred Gaussians with shares 1 - w and w has the variance "
         "(1 - w) low^2 + w high^2.",
         "Solve for w."),
        solutions.share_above,
    ),
}  # fmt: skip
