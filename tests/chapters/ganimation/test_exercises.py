"""Chapter 07's exercises: right answers pass, plausible wrong ones are named."""

import pytest
import torch

from cvlib.chapters.ganimation import solutions as s
from cvlib.chapters.ganimation.exercises import EXERCISES
from cvlib.course.page.exercises import judge
from cvlib.metrics.agreement import icc
from tests.course.exercise_tests import assert_exercise


def by_its_mean(image, color, result, mask):
    return mask if mask.mean() < 0.5 else 1 - mask


def each_patch(W):
    penalty = (W.norm(dim=1) - 1).square().mean()
    return penalty, penalty


def one_corner(x, y, cx, cy, strength):
    near = (1 - ((x - cx).square() + (y - cy).square()) / 0.15**2).clamp_min(0)
    return 0.075 * strength * near.square()


def wide(x, y, cx, cy, strength):
    return 0.075 * strength * torch.exp(-(((x.abs() - cx) / 0.15) ** 2) - ((y - cy) / 0.15) ** 2)


def torn(x, y, cx, cy, strength):
    away = ((x.abs() - cx).square() + (y - cy).square()).sqrt()
    return 0.075 * strength * (away < 0.15)


def cut_off(x, y, cx, cy, strength):
    squared = (x.abs() - cx).square() + (y - cy).square()
    return 0.075 * strength * torch.exp(-squared / 0.1**2) * (squared < 0.15**2)


def without_cycle(read, copied, shown, cycle, returned, attention):
    return read * (copied - shown) / (2 * attention)


def lips(scores, opened):
    return s.smile_and_lips(scores)[0], min(1.0, max(0.0, opened))


def summed(scores):
    opened = sum(scores[f"{n}{side}"] / 2 for n in ("mouthLowerDown", "mouthUpperUp")
                 for side in ("Left", "Right"))  # fmt: skip
    return lips(scores, opened + 1.5 * scores["jawOpen"] - scores["mouthClose"])


def no_lower_lip(scores):
    upper = (scores["mouthUpperUpLeft"] + scores["mouthUpperUpRight"]) / 2
    return lips(scores, max(upper, 1.5 * scores["jawOpen"]) - scores["mouthClose"])


def stronger_side(scores):
    names = ("mouthLowerDown", "mouthUpperUp")
    opened = max(scores[f"{n}{side}"] for n in names for side in ("Left", "Right"))
    return lips(scores, max(opened, 1.5 * scores["jawOpen"]) - scores["mouthClose"])


def uncut(scores):
    pairs = [(f"{n}Left", f"{n}Right") for n in ("mouthLowerDown", "mouthUpperUp")]
    opened = max(1.5 * scores["jawOpen"], *((scores[a] + scores[b]) / 2 for a, b in pairs))
    return s.smile_and_lips(scores)[0], opened - scores["mouthClose"]


WRONG = {
    "07.1": {
        "as it is": (lambda i, c, r, m: m, "turn it round"),
        "always turned": (lambda i, c, r, m: 1 - m, "already"),
        "by its mean": (by_its_mean, "a large mask need not mean keeping"),
        "the colour": (lambda i, c, r, m: m * 0, "one minus it"),
    },
    "07.2": {
        "swapped": (lambda W: s.patch_penalties(W)[::-1], "swapped"),
        "each patch": (each_patch, "one score, so one gradient"),
        "not squared": (lambda W: tuple(p.sqrt() for p in s.patch_penalties(W)), "is squared"),
        "to zero": (
            lambda W: (W.mean(0).square().sum(), W.sum(0).square().sum()),
            "lengths should be 1",
        ),
        "twice the mean": (lambda W: (s.patch_penalties(W)[0],) * 2, "the penalty is"),
    },
    "07.3": {
        "up": (lambda x, y, cx, cy, t: -s.droop(x, y, cx, cy, t), "y grows downwards"),
        "one corner": (one_corner, "both corners are pulled"),
        "everywhere": (wide, "farther than 0.15"),
        "torn": (torn, "skin tears"),
        "a bell that is cut off": (cut_off, "skin tears"),
        "one mouth only": (lambda x, y, cx, cy, t: s.droop(x, y, 0.2, 0.35, t), "moves by 0.075"),
        "too far": (lambda x, y, cx, cy, t: 2 * s.droop(x, y, cx, cy, t), "moves by 0.075"),
        "squared": (lambda x, y, cx, cy, t: s.droop(x, y, cx, cy, t * t), "half as far"),
    },
    "07.4": {
        "consistency": (icc, "ICC(3,1)"),
        "correlation": (lambda a, b: torch.corrcoef(torch.stack([a, b]))[0, 1], "Pearson"),
        "one less distance": (lambda a, b: 1 - (a - b).square().mean(), "the agreement is"),
    },
    "07.5": {
        "one map": (lambda *v: 2 * s.break_even(*v), "two maps"),
        "no cycle": (without_cycle, "comes back without error"),
        "not divided": (lambda *v: s.break_even(*v) * 2 * v[5], "what painting saves"),
        "sign": (lambda *v: -s.break_even(*v), "the sign"),
        "never negative": (lambda *v: max(0.0, s.break_even(*v)), "a negative price"),
    },
    "07.6": {
        "left only": (lambda q: (q["mouthSmileLeft"], s.smile_and_lips(q)[1]), "averaged"),
        "summed": (summed, "not their sum"),
        "uncut": (uncut, "below 0"),
        "no lower lip": (no_lower_lip, "lower lip counts"),
        "the stronger side": (stronger_side, "both its sides averaged"),
        "the jaw as it is": (
            lambda q: lips(q, q["jawOpen"] - q["mouthClose"]),
            "one and a half times",
        ),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def cosine(x, y, cx, cy, t):
    away = ((x.abs() - cx).square() + (y - cy).square()).sqrt().clamp(max=0.15)
    return 0.075 * t * (0.5 + 0.5 * torch.cos(torch.pi * away / 0.15))


def linear(x, y, cx, cy, t):
    away = ((x.abs() - cx).square() + (y - cy).square()).sqrt()
    return 0.075 * t * (1 - away / 0.15).clamp_min(0)


def steep(x, y, cx, cy, t):
    away = ((x.abs() - cx).square() + (y - cy).square()).sqrt()
    return 0.075 * t * (1 - away / 0.15).clamp_min(0).sqrt()


@pytest.mark.parametrize("shape", [cosine, linear, steep])
def test_other_shapes_of_a_muscle_are_right_too(shape):
    assert judge(EXERCISES["07.3"], shape).status == "right"


def solved_for(image, color, result, mask):
    share = ((result - image) * (color - image)).sum(1, keepdim=True)
    return share / (color - image).square().sum(1, keepdim=True)


def by_each_picture(image, color, result, mask):
    error = (torch.lerp(image, color, mask.expand_as(image)) - result).abs()
    return torch.where(error.amax((1, 2, 3), keepdim=True) < 1e-6, mask, 1 - mask)


@pytest.mark.parametrize("answer", [solved_for, by_each_picture])
def test_other_ways_to_a_mask_are_right_too(answer):
    assert judge(EXERCISES["07.1"], answer).status == "right"
