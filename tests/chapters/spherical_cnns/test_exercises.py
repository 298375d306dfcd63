"""Every solution passes; every plausible mistake is refused for its own reason."""

import math

import numpy as np
import pytest
import torch

from cvlib.chapters.spherical_cnns import solutions
from cvlib.chapters.spherical_cnns.exercises import EXERCISES, relu_error
from cvlib.course.page.exercises import judge
from cvlib.spherical.grids import Grid, quadrature_weights
from cvlib.spherical.layers import so3_integrate
from cvlib.spherical.models import paper_net, parameters
from tests.course.exercise_tests import assert_exercise


def beta(b):
    return np.pi * (2 * np.arange(2 * b) + 1) / (4 * b)


def pole_grid(b):
    x = np.pi * np.arange(2 * b) / (2 * b)
    k = 2 * np.arange(b) + 1
    return 2 / b * np.sin(x) * (np.sin(np.outer(x, k)) / k).sum(1)


def no_inner_sum(b):
    w = np.sin(beta(b))
    return 2 * w / w.sum()


def turning(sign=1, order=lambda m: m, both=True):
    def turn(f, angle):
        out, L = f.clone(), math.isqrt(len(f))
        for l in range(L):
            for m in range(1, l + 1):
                c, s = math.cos(order(m) * angle), sign * math.sin(order(m) * angle)
                p, q = l * l + l + m, l * l + l - m
                out[p] = c * f[p] - s * f[q]
                out[q] = (s if both else -s) * f[p] + c * f[q]
        return out

    return turn


def mixing(f, angle):
    return f.roll(1)


def degrees(f, psi, l):
    d = slice(l * l, (l + 1) ** 2)
    return f[d], psi[d]


def correlating(scale=lambda l: 1 / math.sqrt(2 * l + 1), swap=False, first=False):
    def correlate(f, psi):
        L, out = math.isqrt(len(f)), []
        for l in range(L):
            a, b = degrees(f, psi, l)
            block = scale(l) * torch.outer(*((b, a) if swap else (a, b)))
            out.append(block.flip(0) if first else block)
        return out

    return correlate


def along_alpha(x):
    w = torch.as_tensor(quadrature_weights(x.shape[2] // 2)) / 2
    return torch.einsum("ncbag,a->nc", x, w) / x.shape[2] ** 2


def sines(x):
    w = torch.as_tensor(np.sin(beta(x.shape[2] // 2)))
    return x.mean((3, 4)) @ (w / w.sum())


def root_mean_square(x):
    return so3_integrate(x**2).sqrt()


WRONG = {
    "01.1": {
        "no inner sum": (no_inner_sum, "must be exact for every degree below 2b"),
        "plain sines": (lambda b: np.pi / (2 * b) * np.sin(beta(b)), "sum to 2.01"),
        "the mean": (lambda b: quadrature_weights(b) / 2, "sum to 1, not to 2"),
        "a grid with a pole": (pole_grid, "north and south"),
        "equal weights": (lambda b: np.full(2 * b, 1 / b), "must be exact"),
        "a matrix": (lambda b: np.zeros((2 * b, 2 * b)), "expected the shape (8,)"),
    },
    "01.2": {
        "the wrong way": (turning(-1), "turns the wrong way"),
        "the angle itself": (turning(order=lambda m: 1), "order m turns by m times the angle"),
        "no rotation of the pair": (turning(both=False), "power of a degree changes"),
        "a scaling": (lambda f, angle: (1 + angle) * f, "with m = 0 changes"),
        "a shift of coefficients": (mixing, "a turn by 0 changes the signal"),
        "nothing": (lambda f, angle: f, "is not the old signal"),
    },
    "01.3": {
        "no constant": (correlating(lambda l: 1), "degree 1 has the right form, but is 1.732"),
        "the square": (correlating(lambda l: 1 / (2 * l + 1)), "degree 1 has the right form"),
        "swapped": (correlating(swap=True), "rows and columns are swapped"),
        "m reversed": (correlating(first=True), "which coefficients"),
        "one matrix": (lambda f, psi: torch.outer(f, psi), "expected a list of 4 matrices"),
        "vectors": (
            lambda f, psi: [a * b for a, b in (degrees(f, psi, l) for l in range(4))],
            "degree 0: expected the shape (1, 1)",
        ),
    },
    "01.4": {
        "plain mean": (lambda x: x.mean((2, 3, 4)), "when the signal turns"),
        "max": (lambda x: x.amax((2, 3, 4)), "when the signal turns"),
        "weights along alpha": (along_alpha, "when the signal turns"),
        "sines as weights": (sines, "when the signal turns"),
        "sum 2": (lambda x: 2 * so3_integrate(x), "comes out as 2"),
        "rms": (root_mean_square, "not the mean"),
    },
    "01.5": {
        "gamma on the sphere": (
            lambda a, b, g: 20 * a * b * g + 20 + 800 * a * b * g + 40 + 410, "has no gamma",
        ),
        "no biases": (lambda a, b, g: 20 * a * b + 800 * a * b * g + 400, "off by -70"),
        "no last layer": (lambda a, b, g: solutions.count(a, b, g) - 410, "off by -410"),
        "channels added": (lambda a, b, g: 21 * a * b + 60 * a * b * g + 470, "one more gamma"),
        "no first layer": (lambda a, b, g: 800 * a * b * g + 470, "both layers"),
    },
    "01.6": {
        "no oversampling": (6, "above 2 %"),
        "one step short": (9, "above 2 %"),
        "too fine": (14, "a coarser grid"),
        "below the degrees": (5, "at least 6"),
        "true": (True, "a whole number"),
    },
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_solutions_pass_and_mistakes_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


OTHER_RIGHT = {
    "01.1": (
        quadrature_weights, lambda b: torch.as_tensor(Grid(b).weights),
        lambda b: list(Grid(b).weights),
    ),
    "01.2": (turning(), lambda f, angle: turning()(f, angle).numpy()),
    "01.3": (correlating(), lambda f, psi: tuple(correlating()(f, psi))),
    "01.4": (so3_integrate,),
    "01.5": (lambda a, b, g: float(20 * a * b * (1 + 40 * g) + 470),),
    "01.6": (np.int64(10),),
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_count_is_the_networks():
    assert solutions.count(8, 3, 3) == parameters(paper_net()) == 58_550
    assert solutions.count(8, 3, 8) == 154_550  # the default of the authors' code today


def test_the_error_of_the_relu_falls_with_the_bandwidth():
    errors = [relu_error(b) for b in range(6, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] > 0.022 > 0.019 > errors[4]  # the answer is not a close call


def test_hints_do_not_give_the_answer_away():
    said = [*EXERCISES["01.6"].hints, *(judge(EXERCISES["01.6"], a).message for a in (6, 9, 14))]
    assert not any("10" in line for line in said)
