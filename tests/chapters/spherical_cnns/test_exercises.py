"""Every solution passes; every plausible mistake is refused for its own reason."""

import math

import numpy as np
import pytest
import torch

from cvlib.chapters.spherical_cnns import solutions
from cvlib.chapters.spherical_cnns.exercises import EXERCISES
from cvlib.chapters.spherical_cnns.probes import relu_error
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


def correlating(scale=lambda l: 1 / math.sqrt(2 * l + 1), swap=False, first=False, some=None):
    def correlate(f, psi):
        L, out = math.isqrt(f.shape[1]), []
        for l in range(L):
            d = slice(l * l, (l + 1) ** 2)
            a, b = f[:some, d], psi[:some, d]
            block = scale(l) * (b.T @ a if swap else a.T @ b)
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
        "one channel": (correlating(some=1), "do all channels add up"),
        "the mean of the channels": (
            lambda f, psi: [m / 3 for m in correlating()(f, psi)], "degree 1 has the right form",
        ),
        "one matrix": (lambda f, psi: f.T @ psi, "expected 4 matrices"),
        "vectors": (lambda f, psi: [f[0, l * l : (l + 1) ** 2] for l in range(4)],
                    "degree 0: expected the shape (1, 1)"),
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
        "gamma on the sphere": (lambda n: (n - 470) // (24 * 820), "it has no gamma"),
        "no biases": (lambda n: (n - 480 - 400) / (24 * 800), "a whole number"),
        "channels added": (lambda n: (n - 950) // (24 * 60), "one weight per pair"),
        "three, always": (lambda n: 3, "authors' code today has 154,550"),
        "points": (lambda n: (n - 950) // 800, "one weight per pair"),
    },
    "01.6": {
        "no oversampling": (5, "above 3 %"),
        "one step short": (9, "above 3 %"),
        "too fine": (14, "a coarser grid"),
        "below the degrees": (4, "at least 5"),
        "a half": (10.5, "a whole number"),
    },
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_solutions_pass_and_mistakes_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def weights_in_float32(b):
    beta, odd = torch.pi * (2 * torch.arange(2 * b) + 1) / (4 * b), 2 * torch.arange(b) + 1
    return 2 / b * beta.sin() * ((beta[:, None] * odd).sin() / odd).sum(1)


def in_plain_python(b):
    out = []
    for j in range(2 * b):
        beta = math.pi * (2 * j + 1) / (4 * b)
        inner = sum(math.sin((2 * k + 1) * beta) / (2 * k + 1) for k in range(b))
        out.append(2 / b * math.sin(beta) * inner)
    return out


def turn_into_zeros(f, angle):
    """The answer filled into torch's default dtype, the angle made a tensor."""
    out, L = torch.zeros(len(f)), math.isqrt(len(f))
    for l in range(L):
        k = l * l + l
        out[k] = f[k]
        for m in range(1, l + 1):
            c, s = torch.cos(torch.tensor(m * angle)), torch.sin(torch.tensor(m * angle))
            out[k + m], out[k - m] = c * f[k + m] - s * f[k - m], s * f[k + m] + c * f[k - m]
    return out


def integrate_in_float32(x):
    return x.float().mean((3, 4)) @ weights_in_float32(x.shape[2] // 2) / 2


OTHER_RIGHT = {
    "01.1": (
        quadrature_weights, in_plain_python, weights_in_float32,
        lambda b: list(Grid(b).weights), lambda b: torch.as_tensor(Grid(b).weights).tolist(),
    ),
    "01.2": (
        turning(), turn_into_zeros, lambda f, angle: turning()(f, angle).numpy(),
        lambda f, angle: turning()(f, angle).tolist(),
    ),
    "01.3": (
        correlating(), lambda f, psi: tuple(correlating()(f, psi)),
        lambda f, psi: [m.float() for m in correlating()(f, psi)],
    ),
    "01.4": (so3_integrate, integrate_in_float32, lambda x: so3_integrate(x).tolist()),
    "01.5": (
        lambda n: (n - 950) / 19_200, lambda n: torch.tensor((n - 950) // 19_200),
        lambda n: np.float64((n - 950) / 19_200),
    ),
    "01.6": (np.int64(10), 10.0, torch.tensor(10), np.array(10)),
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_count_is_the_networks():
    assert solutions.gammas(parameters(paper_net())) == 3
    assert solutions.gammas(154_550) == 8  # the default of the authors' code today


def test_the_error_of_the_relu_falls_with_the_bandwidth():
    errors = [relu_error(b, 5, "gauss") for b in range(5, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[4] > 0.033 > 0.027 > errors[5]  # the answer is not a close call


def test_hints_do_not_give_the_answer_away():
    said = [*EXERCISES["01.6"].hints, *(judge(EXERCISES["01.6"], a).message for a in (6, 9, 14))]
    assert not any("10" in line for line in said)
