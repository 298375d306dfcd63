"""Chapter 10's exercises: right answers pass, plausible wrong ones are named."""

import math

import numpy as np
import pytest
import torch

from cvlib.chapters.biggan import solutions as s
from cvlib.chapters.biggan.exercises import EXERCISES
from cvlib.course.page.exercises import judge
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


def up_to_the_jump(steps, sigma, saved, growth):
    jumps = [s for a, b, s in zip(sigma, sigma[1:], steps[1:], strict=False) if b > growth * a]
    return max(x for x in saved if not jumps or x <= jumps[0])


def place_in_the_list(steps, sigma, saved, growth):
    return saved.index(s.checkpoint_before(steps, sigma, saved, growth))


def nearest_real(between, across, k):
    radius = between.sort(dim=1).values[:, k]  # of the fake's nearest real image alone
    near = across.argmin(0)
    inside = across[near, torch.arange(across.shape[1])] <= radius[near]
    return len(near[inside].unique()) / len(between)


def on_the_diagonal(W, ratio):
    values = torch.linalg.svdvals(s.clamped(W, ratio))
    turned = torch.zeros_like(W)
    turned.diagonal().copy_(values)
    return turned


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
        "beta twice": (lambda W, b: s.full_penalty_gradient(W, b * b), "beta multiplies"),
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
        "a save at the jump": (up_to_the_jump, "at the very step of the jump is too late"),
        "its place in the list": (place_in_the_list, "without a jump"),
    },
    "10.5": {
        "counts itself": (counted_itself, "its own nearest neighbour"),
        "precision": (precision, "the share of fakes"),
        "per cent": (lambda a, b, k: 100 * s.coverage(a, b, k), "not in per cent"),
        "always one": (lambda a, b, k: 1.0, "cover nothing"),
        "always none": (lambda a, b, k: 0.0, "coverage of a small example"),
        "the nearest real": (nearest_real, "coverage of a small example"),
    },
    "10.6": {
        "all clamped": (all_clamped, "ratio times the second"),
        "always set": (always_set, "clamp, do not set"),
        "rescaled": (rescaled, "the other singular values changed"),
        "nothing": (lambda W, r: W, "ratio times the second"),
        "other directions": (on_the_diagonal, "the directions turned"),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_right_answers_pass_and_wrong_ones_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])


def by_midpoints(t):
    z = t * (np.arange(20_000) + 0.5) / 20_000
    density = np.exp(-z * z / 2)
    return np.sqrt((z * z * density).sum() / density.sum())


def in_float32(t):
    normal = torch.distributions.Normal(0.0, 1.0)
    t = torch.tensor(t)
    density = normal.log_prob(t).exp()
    return (1 - 2 * t * density / (2 * normal.cdf(t) - 1)).sqrt()


def filter_by_filter(W, beta):
    rows = []
    for i in range(len(W)):
        inner = [(W[i] * W[j]).sum() - float(i == j) for j in range(len(W))]
        rows.append(sum(4 * beta * a * W[j] for j, a in enumerate(inner)))
    return torch.stack(rows)


def norm_by_norm(classes, widths, vector, chunk):
    tables, shared = 0, classes * vector
    for width in widths:
        tables += 2 * classes * width
        shared += 2 * width * (vector + chunk)
    return [np.int64(tables), np.int64(shared)]


def by_numpy(steps, sigma, saved, growth):
    sigma = np.array(sigma)
    jumps = np.flatnonzero(sigma[1:] / sigma[:-1] >= growth)
    last = steps[jumps[0] + 1] if len(jumps) else np.inf
    return np.array([step for step in saved if step < last])[-1]


def without_itself(between, across, k):
    apart = between + torch.diag(torch.full((len(between),), torch.inf))
    radius = apart.kthvalue(k, dim=1).values
    return (across < radius[:, None]).any(1).float().mean()


def deflated(W, ratio):
    U, S, Vh = torch.linalg.svd(W, full_matrices=False)
    return W - torch.relu(S[0] - ratio * S[1]) * torch.outer(U[:, 0], Vh[0])


def by_the_gram_matrix(W, ratio):
    values, V = torch.linalg.eigh(W.T @ W)
    first, second = values[-1].sqrt(), values[-2].sqrt()
    if first <= ratio * second:
        return W
    v = V[:, -1]
    return W - (1 - ratio * second / first) * torch.outer(W @ v, v)


OTHER_WAYS = (
    ("10.1", by_midpoints), ("10.1", in_float32),
    ("10.2", filter_by_filter),
    ("10.2", lambda W, b: 4 * b * (W.numpy() @ W.numpy().T @ W.numpy() - W.numpy())),
    ("10.3", norm_by_norm),
    ("10.4", by_numpy),
    ("10.5", without_itself),
    ("10.5", lambda a, b, k: np.mean(np.min(b.numpy(), 1) <= np.sort(a.numpy(), 1)[:, k])),
    ("10.6", deflated), ("10.6", by_the_gram_matrix),
)  # fmt: skip


@pytest.mark.parametrize(("id", "answer"), OTHER_WAYS)
def test_other_right_answers_are_accepted(id, answer):
    verdict = judge(EXERCISES[id], answer)
    assert verdict.status == "right", verdict.message
