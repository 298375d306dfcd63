"""Every solution passes; every plausible mistake is refused for its own reason."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.fast_photo_style import solutions
from cvlib.chapters.fast_photo_style.exercises import EXERCISES, bordered_smooth
from cvlib.course.page.exercises import judge
from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.solvers import gradient_steps, run_until
from tests.course.exercise_tests import assert_accepted, assert_exercise


def powered(matrix, exponent):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def colour_of_white(cov_c, cov_s):
    return powered(cov_s, 0.5) @ powered(cov_c, -0.5)


def cholesky(cov_c, cov_s):
    return torch.linalg.cholesky(cov_s) @ torch.linalg.inv(torch.linalg.cholesky(cov_c))


def window(correction=0, one=1.0, ninth=9, ridge=9.0, centre=True):
    def answer(grey, eps):
        x = grey - grey.mean() if centre else grey
        variance = (x**2).sum() / (9 - correction) + eps / ridge
        return (one + torch.outer(x, x) / variance) / ninth

    return answer


def walk(scale, divide=True):
    def answer(content, Y, eps):
        W = matting_affinity(content, scale * eps)
        return W.apply(Y) / (W.apply(torch.ones_like(Y[:1])) if divide else 9)

    return answer


def over_ones(W, Y, alpha):
    return bordered_smooth(W, Y, alpha) / bordered_smooth(W, torch.ones_like(Y[:, :1]), alpha)


def no_factor(W, Y, alpha):
    return solutions.smooth_dense(W, Y, alpha) / (1 - alpha)


def columns(W, Y, alpha):
    return (1 - alpha) * torch.linalg.solve(torch.eye(len(W)).double() - alpha * W / W.sum(0), Y)


def one_step(W, Y, alpha):
    return (1 - alpha) * Y + alpha * (W / W.sum(1, keepdim=True)) @ Y


def decoder(scale=1.0, bias=True, order=False):
    def answer(features, photo):
        weight, b = solutions.fit_decoder(features, photo)
        if order:
            weight = weight.transpose(2, 3).contiguous()
        return scale * weight, b if bias else 0 * b

    return answer


WRONG = {
    "03.1": {
        "whiten, then colour": (colour_of_white, "moves features further than it must"),
        "Cholesky": (cholesky, "moves features further than it must"),
        "the wrong way round": (lambda c, s: solutions.transport(s, c), "should be cov_s"),
        "the quotient of the roots": (
            lambda c, s: powered(s, 0.5) / powered(c, 0.5).norm(), "should be cov_s"
        ),
        "the negative root": (lambda c, s: -solutions.transport(c, s), "negative eigenvalue"),
    },
    "03.2": {
        "unbiased": (window(correction=1), "over 9, not 8"),
        "no one": (window(one=0.0), "each row should sum to 1"),
        "no ninth": (window(ninth=1), "each row should sum to 1"),
        "not centred": (window(centre=False), "each row should sum to 1"),
        "eps undivided": (window(ridge=1.0), "gets eps/9 added"),
    },
    "03.3": {
        "eps as it is": (walk(1), "nine times too small"),
        "divided by nine": (walk(9, divide=False), "at the border too"),
        "another eps": (walk(81), "not the guided filter's"),
    },
    "03.4": {
        "kappa without the root": (
            lambda k, t: 1 - math.log(2 / t) / (2 * k), "alpha is too small"
        ),
        "log to the base of ten": (
            lambda k, t: 1 - (math.log10(2 / t) / (2 * k)) ** 2, "alpha is too large"
        ),
        "no half": (lambda k, t: 1 - (math.log(2 / t) / k) ** 2, "alpha is too small"),
        "a number": (0.9999, "expected the function"),
        "kappa itself": (lambda k, t: (2 * k / math.log(2 / t)) ** 2, "alpha is too large"),
    },
    "03.5": {
        "the released form": (bordered_smooth, "a grey image should come back grey"),
        "columns": (columns, "a grey image should come back grey"),
        "divided by smoothed ones": (over_ones, "degree-weighted mean"),
        "no factor": (no_factor, "the factor 1 - alpha belongs"),
        "one step": (one_step, "not the sum of the random walk"),
    },
    "03.6": {
        "no bias": (decoder(bias=False), "dB"),
        "rows and columns exchanged": (decoder(order=True), "dB"),
        "half the weight": (decoder(scale=0.5), "dB"),
        "weight alone": (lambda f, p: solutions.fit_decoder(f, p)[0], "expected 2 things"),
    },
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_exercise(id):
    assert_exercise(EXERCISES[id], WRONG[id])
    assert_accepted(EXERCISES[id])


def test_least_squares_in_any_precision_and_by_any_route_is_right():
    """Normal equations, `lstsq` in float32 and a pseudo-inverse are all the same answer."""

    def by_normal_equations(features, photo):
        padded = F.pad(features[None], (1, 1, 1, 1), mode="reflect")
        A = F.unfold(padded, 3)[0].T
        A = torch.cat([A, torch.ones(len(A), 1)], 1)
        x = torch.linalg.solve(A.T @ A, A.T @ photo.flatten(1).T)
        return x[:-1].T.reshape(3, -1, 3, 3), x[-1].numpy()

    assert judge(EXERCISES["03.6"], by_normal_equations).status == "right"


@pytest.mark.parametrize("number", [np.float32, np.float64, torch.tensor, np.array])
def test_any_number_is_a_number(number):
    answer = solutions.largest_alpha
    assert judge(EXERCISES["03.4"], lambda k, t: number(answer(k, t))).status == "right"


def test_eye_in_the_default_precision_is_no_mistake():
    """The hint followed literally: eps is added by a float32 tensor."""

    def window_in_float32(grey, eps):
        x = (grey - grey.mean()).float()
        return (1 + torch.outer(x, x) / ((x**2).mean() + torch.tensor(eps / 9))) / 9

    assert judge(EXERCISES["03.2"], window_in_float32).status == "right"


def test_the_bound_is_close_to_what_the_solver_needs():
    content, Y = (cover(sample_photo(n), 64, 96) for n in ("china", "flower"))
    system = SmoothingSystem(content)
    B = ((1 - system.alpha) * system.root * Y).float()
    _, needed = run_until(gradient_steps(system.apply, B, 0 * B), B, 1e-2)
    assert solutions.largest_alpha(needed, 1e-2) == pytest.approx(0.9999, abs=5e-5)
