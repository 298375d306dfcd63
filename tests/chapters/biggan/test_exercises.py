"""Chapter 10's exercises: right answers pass, plausible wrong ones are named."""

import math

import pytest
import torch

from cvlib.chapters.biggan import solutions as s
from cvlib.chapters.biggan.exercises import EXERCISES
from tests.course.exercise_tests import assert_exercise


def by_autograd(W, beta):
    with torch.enable_grad():
        W = W.clone().requires_grad_()
        loss = beta * (W @ W.T - torch.eye(len(W), dtype=W.dtype)).square().sum()
        return torch.autograd.grad(loss, W)[0]


def modified(W, beta):
    gram = W @ W.T
    return 4 * beta * (gram - torch.diag(gram.diagonal())) @ W


def jump_step(steps, sigma, saved, growth):
    for before, now, step in zip(sigma[:-1], sigma[1:], steps[1:], strict=True):
        if now > growth * before:
            return step
    return max(saved)


def against_the_start(steps, sigma, saved, growth):
    for step, now in zip(steps, sigma, strict=True):
        if now > growth * sigma[0]:
            return max([x for x in saved if x < step], default=0)
    return max(saved)


def all_clamped(W, ratio):
    U, S, Vh = torch.linalg.svd(W, full_matrices=False)
    return U @ torch.diag(S.clamp(max=float(S[1]))) @ Vh


def always_set(W, ratio):
    U, S, Vh = torch.linalg.svd(W, full_matrices=False)
    S = torch.cat([ratio * S[1:2], S[1:]])
    return U @ torch.diag(S) @ Vh


def rescaled(W, ratio):
    S = torch.linalg.svdvals(W)
    return W * ratio * S[1] / S[0]


def counted_itself(between, across, k):
    radius = between.sort(dim=1).values[:, k - 1]
    return (across.min(1).values <= radius).double().mean().item()


def precision(between, across, k):
    radius = between.sort(dim=1).values[:, k]
    return (across <= radius[:, None]).any(0).double().mean().item()


WRONG = {
    "10.1": {
        "plain scaling": (lambda t: t, "hardly anything is cut"),
        "capped scaling": (lambda t: min(t, 1.0), "values beyond t are still there"),
        "variance": (lambda t: s.truncated_std(t) ** 2, "that is the variance"),
        "tf-hub": (lambda t: min(1.0, t * s.truncated_std(2.0)), "truncated at 2 and multiplied"),
        "uniform": (lambda t: min(1.0, t / math.sqrt(3)), "samples have the deviation"),
    },
    "10.2": {
        "half": (lambda W, b: s.full_penalty_gradient(W, b) / 2, "a factor 2 is missing"),
        "modified": (modified, "gradient of the modified form"),
        "downhill": (lambda W, b: -s.full_penalty_gradient(W, b), "points uphill"),
        "beta left out": (lambda W, b: s.full_penalty_gradient(W, 1.0), "beta multiplies"),
        "autograd": (by_autograd, "autograd computes the gradient here"),
        "columns": (lambda W, b: 4 * b * W @ (W.T @ W), "try finite differences"),
    },
    "10.3": {
        "one table": (lambda k, w, v, c: (k * sum(w), 0), "a gain and a bias"),
        "no shared table": (
            lambda k, w, v, c: (2 * k * sum(w), sum(2 * (v + c) * x for x in w)),
            "the shared table itself",
        ),
        "no chunk": (
            lambda k, w, v, c: (2 * k * sum(w), k * v + sum(2 * v * x for x in w)),
            "chunk of the noise",
        ),
        "one map": (
            lambda k, w, v, c: (2 * k * sum(w), k * v + sum((v + c) * x for x in w)),
            "two linear maps",
        ),
        "no classes": (lambda k, w, v, c: (2 * sum(w), 0), "one row per class"),
    },
    "10.4": {
        "the jump itself": (jump_step, "weights saved there have jumped too"),
        "the last save": (lambda steps, sigma, saved, g: max(saved), "after the collapse"),
        "against the start": (against_the_start, "compare neighbours in the log"),
        "the first save": (lambda steps, sigma, saved, g: 0, "without a jump"),
    },
    "10.5": {
        "counts itself": (counted_itself, "its own nearest neighbour"),
        "precision": (precision, "the share of fakes"),
        "per cent": (lambda a, b, k: 100 * s.coverage(a, b, k), "not in per cent"),
        "always one": (lambda a, b, k: 1.0, "cover nothing"),
    },
    "10.6": {
        "all clamped": (all_clamped, "ratio times the second"),
        "always set": (always_set, "clamp, do not set"),
        "rescaled": (rescaled, "the other singular values changed"),
        "nothing": (lambda W, r: W, "ratio times the second"),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])
