"""Every solution passes; every plausible mistake is refused for its own reason."""

import math

import pytest
import torch

from cvlib.chapters.fast_photo_style import solutions
from cvlib.chapters.fast_photo_style.exercises import EXERCISES, bordered_smooth
from cvlib.stylization.affinity import matting_affinity
from tests.course.exercise_tests import assert_exercise


def eigh_roots(power=0.5, keep_all=False, transpose=True):
    def answer(cov):
        values, vectors = torch.linalg.eigh(cov)
        values = values.clamp_min(1e-12)
        if not keep_all:
            keep = values > 1e-5 * values.max()
            values, vectors = values[keep], vectors[:, keep]
        right = vectors.T if transpose else vectors
        return (vectors * values**power) @ right, (vectors * values**-power) @ vectors.T

    return answer


def cholesky(cov):
    root = torch.linalg.cholesky(cov + 1e-12 * torch.eye(len(cov)).double())
    return root, torch.linalg.inv(root)


def window(correction=0, one=1.0, ninth=9, ridge=9.0, centre=True):
    def answer(colours, eps):
        x = colours - colours.mean(0) if centre else colours
        cov = x.T @ x / (9 - correction) + eps / ridge * torch.eye(3).double()
        return (one + x @ torch.linalg.solve(cov, x.T)) / ninth

    return answer


def walk(scale, divide=True):
    def answer(content, Y, eps):
        W = matting_affinity(content, scale * eps)
        return W.apply(Y) / (W.apply(torch.ones_like(Y[:1])) if divide else 9)

    return answer


def over_ones(W, Y, alpha):
    return bordered_smooth(W, Y, alpha) / bordered_smooth(W, torch.ones_like(Y[:, :1]), alpha)


def no_factor(W, Y, alpha):
    return solutions.smooth_dense(W, Y, alpha) / (1 - alpha) * (1 + alpha)


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
        "Cholesky": (cholesky, "not symmetric"),
        "the covariance itself": (eigh_roots(power=1.0), "root @ root should be the covariance"),
        "every entry's root": (lambda c: (c.abs().sqrt(), c), "root @ root should be"),
        "no threshold": (eigh_roots(keep_all=True), "drop them"),
        "the negative root": (
            lambda c: tuple(-r for r in solutions.square_roots(c)), "negative eigenvalue"
        ),
        "one matrix": (lambda c: solutions.square_roots(c)[0], "expected a pair"),
    },
    "03.2": {
        "unbiased": (window(correction=1), "is your covariance biased"),
        "no one": (window(one=0.0), "each row should sum to 1"),
        "no ninth": (window(ninth=1), "each row should sum to 1"),
        "not centred": (window(centre=False), "each row should sum to 1"),
        "eps undivided": (window(ridge=1.0), "eps/9 on its diagonal"),
    },
    "03.3": {
        "eps as it is": (walk(1), "nine times too small"),
        "divided by nine": (walk(9, divide=False), "at the border too"),
        "another eps": (walk(81), "not the guided filter's"),
    },
    "03.4": {
        "kappa without the root": (
            lambda a, t: math.ceil(0.5 / (1 - a) * math.log(2 / t)), "too large"
        ),
        "log to the base of ten": (
            lambda a, t: math.ceil(0.5 * (1 - a) ** -0.5 * math.log10(2 / t)), "too small"
        ),
        "no half": (lambda a, t: math.ceil((1 - a) ** -0.5 * math.log(2 / t)), "too large"),
        "a number": (265, "expected the function"),
    },
    "03.5": {
        "the released form": (bordered_smooth, "a grey image should come back grey"),
        "columns": (columns, "a grey image should come back grey"),
        "divided by smoothed ones": (over_ones, "degree-weighted mean"),
        "no factor": (no_factor, "a grey image should come back grey"),
        "one step": (one_step, "not the sum of the random walk"),
    },
    "03.6": {
        "no bias": (decoder(bias=False), "dB"),
        "rows and columns exchanged": (decoder(order=True), "dB"),
        "half the weight": (decoder(scale=0.5), "dB"),
        "weight alone": (lambda f, p: solutions.fit_decoder(f, p)[0][:1], "expected a pair"),
    },
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_exercise(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def test_the_bound_is_close_to_what_the_solver_needs():
    from cvlib.stylization.pairs import sample_photo
    from cvlib.stylization.photos import cover
    from cvlib.stylization.smoothing import SmoothingSystem

    content, Y = (cover(sample_photo(n), 64, 96) for n in ("china", "flower"))
    needed = SmoothingSystem(content).solve(Y, tol=1e-2).iterations
    assert needed == pytest.approx(solutions.cg_iterations(0.9999, 1e-2), rel=0.2)
