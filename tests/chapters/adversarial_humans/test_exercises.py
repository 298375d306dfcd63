"""Chapter 02's exercises: right answers pass, plausible wrong ones are named."""

import math

import pytest
import torch

from cvlib.chapters.adversarial_humans import solutions as s
from cvlib.chapters.adversarial_humans.exercises import EXERCISES, buggy_conditions
from tests.course.exercise_tests import assert_exercise


def by_softmax(logits, inside):
    p = logits.softmax(1)[:, inside].sum(1)
    return (p / (1 - p)).log()


def clamped_softmax(logits, inside):
    p = logits.softmax(1)[:, inside].sum(1).clamp(1e-30, 1 - 1e-9)
    return (p / (1 - p)).log()


def by_one_minus_p(logits, inside):
    log_p = logits[:, inside].logsumexp(1) - logits.logsumexp(1)
    return log_p - torch.log1p(-log_p.exp())  # right for a P near 0, infinite for one near 1


def by_mean(logits, inside):
    return s.coarse_log_odds(logits, inside) - math.log(len(inside))


def bound_in_floats(x_adv, levels, eps):
    x = levels / 255
    return (255 * torch.clamp(x_adv, x - eps / 255, x + eps / 255).clamp(0, 1)).to(torch.uint8)


def unbounded(x_adv, levels, eps):
    return (255 * x_adv).round().clamp(0, 255).to(torch.uint8)


def in_uint8(x_adv, levels, eps):
    rounded = (255 * x_adv).round().clamp(0, 255).byte()
    return torch.minimum(torch.maximum(rounded, levels - eps), levels + eps)


def difference_cut_off(x_adv, levels, eps):
    delta = (255 * x_adv - levels).int()  # towards 0: 0.6 levels are lost
    return (levels.int() + delta.clamp(-eps, eps)).clamp(0, 255).byte()


def cut_off(levels, delta):
    adv = levels.float() + delta
    flip = levels.float() + delta.flip(2)
    return adv.floor().clamp(0, 255), flip.floor().clamp(0, 255)


def picture_flipped(levels, delta):
    adv, _ = s.two_conditions(levels, delta)
    return adv, adv.flip(2)


def left_to_right(levels, delta):
    adv, _ = s.two_conditions(levels, delta)
    return adv, (levels.float() + delta.round().flip(3)).clamp(0, 255).byte()


def unclamped(levels, delta):
    whole = delta.round()
    return levels.float() + whole, levels.float() + whole.flip(2)


def flip_wraps(levels, delta):
    adv, _ = s.two_conditions(levels, delta)
    return adv, (levels.int() + delta.round().flip(2).int()).to(torch.uint8)


def one_sided(p, power):
    normal = torch.distributions.Normal(0.0, 1.0)
    z = float(normal.icdf(torch.tensor(power)))
    return math.ceil(((1.645 * 0.5 + z * math.sqrt(p * (1 - p))) / (p - 0.5)) ** 2)


def floored(stim, mask, rates):
    def worst(hz):
        return max(abs(max(1, math.floor(t * hz / 1000)) * 1000 / hz - t) for t in (stim, mask))

    return min(rates, key=worst)


def by_squares(stim, mask, rates):
    def total(hz):
        frame = 1000 / hz
        return sum((max(1, round(t / frame)) * frame - t) ** 2 for t in (stim, mask))

    return min(rates, key=total)


def stimulus_only(stim, mask, rates):
    return min(rates, key=lambda hz: abs(max(1, round(stim * hz / 1000)) * 1000 / hz - stim))


WRONG = {
    "02.1": {
        "degrees": (lambda d, n, w, z: 2 * z * math.tan(d / 2) * n / w, "takes radians"),
        "not centred": (
            lambda d, n, w, z: z * math.tan(math.radians(d)) * n / w,
            "half of it lies on each side",
        ),
        "small angle": (lambda d, n, w, z: z * math.radians(d) * n / w, "near the gaze only"),
        "metres": (lambda d, n, w, z: 2 * z * math.tan(math.radians(d) / 2), "that is metres"),
        "constant": (lambda d, n, w, z: 104.0, "pixels there, not"),
    },
    "02.2": {
        "by softmax": (by_softmax, "stay in the logarithm"),
        "clamped": (clamped_softmax, "stay in the logarithm"),
        "1 - P": (by_one_minus_p, "10,000 far above yours is infinite"),
        "log P": (
            lambda x, i: x[:, i].logsumexp(1) - x.logsumexp(1),
            "divide by 1 - P",
        ),
        "P": (lambda x, i: x.softmax(1)[:, i].sum(1), "that is P itself"),
        "mean": (by_mean, "P is their sum"),
        "upside down": (lambda x, i: -s.coarse_log_odds(x, i), "upside down"),
    },
    "02.3": {
        "bound in floats, cut off": (bound_in_floats, "you cut off"),
        "no bound": (unbounded, "farther than eps levels"),
        "in uint8": (in_uint8, "round"),
        "difference cut off": (difference_cut_off, "0.6 levels away"),
        "floats": (lambda x, v, e: 255 * x, "whole levels"),
        "nothing": (lambda x, v, e: v, "every pixel should reach the bound"),
    },
    "02.4": {
        "the fastest": (lambda a, b, rates: max(rates), "fastest screen is not always"),
        "stimulus only": (stimulus_only, "the mask has a duration"),
        "cut off": (floored, "you round down"),
        "squares": (by_squares, "the larger of the two errors"),
        "a duration": (lambda a, b, rates: 16.7, "one of the rates"),
    },
    "02.5": {
        "one-sided": (one_sided, "too few"),
        "no power": (
            lambda p, power: math.ceil((1.96 * 0.5 / (p - 0.5)) ** 2),
            "where is the power",
        ),
        "a quarter": (lambda p, power: s.trials_needed(p, power) // 4, "four times as many"),
        "ten times": (lambda p, power: 10 * s.trials_needed(p, power), "more than p"),
    },
    "02.6": {
        "the bugs": (buggy_conditions, "cut off to whole levels"),
        "cut off": (cut_off, "cut off to whole levels"),
        "picture": (picture_flipped, "only its perturbation is turned"),
        "left to right": (left_to_right, "not left to right"),
        "unclamped": (unclamped, "clamp before you store"),
        "flip wraps": (flip_wraps, "flip: a pixel of 3"),
    },
    "02.7": {
        "linear": (lambda x, a, b: (x - a) / (b - a), "linear in sigma"),
        "lower": (lambda x, a, b: 1 - s.share_above(x, a, b), "share of the lower level"),
        "root": (lambda x, a, b: s.share_above(x, a, b).sqrt(), "no root"),
        "frequency": (
            lambda x, a, b: (1 / (x + 1) - 1 / (a + 1)) / (1 / (b + 1) - 1 / (a + 1)),
            "is not sigma^2",
        ),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def test_other_right_answers_are_accepted():
    def half_up(x_adv, levels, eps):
        original = levels.int()
        rounded = (255 * x_adv + 0.5).floor().int()
        return (original + (rounded - original).clamp(-eps, eps)).clamp(0, 255)

    def exact(p, power):  # the smallest n whose exact test has the power, from a table of scipy's
        return {0.6: 199, 0.75: 37, 0.55: 786}[p]

    for id, answer in (("02.3", half_up), ("02.5", exact)):
        assert_exercise(EXERCISES[id].__class__(**{**vars(EXERCISES[id]), "solution": answer}),
                        WRONG[id])  # fmt: skip
