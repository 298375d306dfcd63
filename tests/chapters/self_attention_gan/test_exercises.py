"""Every solution passes, every plausible wrong answer is refused for its own reason."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.self_attention_gan.checks import logs
from cvlib.chapters.self_attention_gan.exercises import EXERCISES
from cvlib.course.page.exercises import judge
from tests.course.exercise_tests import assert_accepted, assert_exercise


def attention(dim=-1, scale=1.0, mask="before", blind=True):
    def answer(q, k, v, seen):
        scores = q @ k.transpose(1, 2) * scale
        if mask == "before":
            scores = scores.masked_fill(~seen, -math.inf)
        if mask == "zero score":
            scores = scores * seen
        beta = scores.softmax(dim)
        if mask == "after":
            beta = beta * seen
        return (beta.nan_to_num(0) if blind else beta) @ v

    return answer


def exponentials(epsilon=0.0, largest=False):
    """Attention without softmax: exp, masked, over its sum."""

    def answer(q, k, v, seen):
        scores = q @ k.transpose(1, 2)
        if largest:
            scores = scores - scores.amax(-1, keepdim=True)
        weights = scores.exp() * seen
        return (weights / (weights.sum(-1, keepdim=True) + epsilon)).nan_to_num(0) @ v

    return answer


def cost(parameters=1.25, keys=4, factor=2, values=2):
    def answer(C, size):
        N = size * size
        p = int(parameters * C * C)
        products = N * (N // keys) * (C // 8 + C // values)
        return p, factor * (N * int(1.25 * C * C) + products), 4 * N * (N // keys)

    return answer


def sigma(flatten, order=2, power=1):
    return lambda W: torch.linalg.matrix_norm(flatten(W), order) ** power


def by_outputs(W):
    return W.transpose(0, 1).flatten(1)


def few_steps(W):
    W, u = by_outputs(W), torch.ones(W.shape[1])
    v = F.normalize(W.T @ u, dim=0)
    return F.normalize(W @ v, dim=0) @ W @ v


def logistic(sign=1, count=True, slope=1.0, half=1.0):
    def answer(real, fake):
        real, fake = sign * real, sign * fake
        n, m = (len(real), len(fake)) if count else (1, 1)
        loss = half * (F.softplus(-real).mean() + F.softplus(fake).mean())
        return loss, -slope * torch.sigmoid(-real) / n, slope * torch.sigmoid(fake) / m

    return answer


def overflowing(real, fake):
    loss = torch.log(1 + torch.exp(-real)).mean() + torch.log(1 + torch.exp(fake)).mean()
    return loss, *logistic()(real, fake)[1:]


def by_autograd(real, fake):
    real, fake = real.requires_grad_(), fake.requires_grad_()
    loss = F.softplus(-real).mean() + F.softplus(fake).mean()
    return loss, *torch.autograd.grad(loss, (real, fake))


def hinge(real, fake):
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean(), *logistic()(real, fake)[1:]


def last_is_worse(logs):
    best = {name: min(f for _, f in log) for name, log in logs.items()}
    return {n: log[-1][0] for n, log in logs.items() if not log[-1][1] <= 2 * best[n]}


def first_bad(logs):
    found = {}
    for name, log in logs.items():
        best = math.inf
        for step, value in log:
            if not value <= 2 * best:
                found.setdefault(name, step)
            best = min(best, value)
    return found


def blind_to_nan(logs):
    found = {}
    for name, log in logs.items():
        best, since = math.inf, None
        for step, value in log:
            since = (since or step) if value > 2 * best else None
            best = min(best, value)
        if since:
            found[name] = since
    return found


def one_late(logs):
    return {
        name: min(step + 1000, logs[name][-1][0])
        for name, step in EXERCISES["06.5"].solution(logs).items()
    }


WRONG = [
    ("06.1", attention(dim=1), "normalise each query over its keys"),
    ("06.1", attention(scale=0.5), "does not scale"),
    ("06.1", attention(scale=-1.0), "softmax"),
    ("06.1", attention(mask="none"), "a key that is not seen"),
    ("06.1", attention(mask="zero score"), "not 0"),
    ("06.1", attention(mask="after"), "mask before the softmax"),
    ("06.1", attention(blind=False), "a query that sees no key"),
    ("06.1", exponentials(), "adding 100 to all scores"),
    ("06.1", exponentials(epsilon=1e-6), "adding -60 to all scores"),
    ("06.1", lambda *a: attention()(*a).transpose(1, 2), "expected the shape (2, 6, 5)"),
    ("06.2", cost(parameters=0.5), "parameters"),
    ("06.2", cost(keys=1), "N/4 columns"),
    ("06.2", cost(factor=1), "multiply-adds"),
    ("06.2", cost(values=8), "two products"),
    ("06.3", sigma(lambda W: W.flatten(1)), "outputs first"),
    ("06.3", sigma(by_outputs, order="fro"), "Frobenius"),
    ("06.3", sigma(by_outputs, power=2), "needs a root"),
    ("06.3", few_steps, "iterate longer"),
    ("06.3", lambda W: by_outputs(W), "expected one number"),
    ("06.4", logistic(sign=-1), "signs are exchanged"),
    ("06.4", logistic(count=False), "divides its gradient"),
    ("06.4", logistic(slope=-1.0), "wrong sign"),
    ("06.4", logistic(slope=0.5), "-sigmoid(-r)"),
    ("06.4", logistic(half=0.5), "two means are added"),
    ("06.4", hinge, "hinge loss"),
    ("06.4", overflowing, "softplus"),
    ("06.4", by_autograd, "derive it"),
    ("06.4", lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), "expected 3 things"),
    ("06.5", lambda logs: {}, "missed"),
    ("06.5", last_is_worse, "not the evaluation"),
    ("06.5", first_bad, "healthy"),
    ("06.5", blind_to_nan, "not a number"),
]


@pytest.mark.parametrize("id", EXERCISES)
def test_exercise(id):
    wrong = {
        f"mistake {i}": (answer, why) for i, (key, answer, why) in enumerate(WRONG) if key == id
    }
    assert_exercise(EXERCISES[id], wrong)


@pytest.mark.parametrize("id", EXERCISES)
def test_every_form_of_the_right_numbers_is_right(id):
    assert_accepted(EXERCISES[id])


OTHER_RIGHT = {
    "06.1": [
        attention(),
        exponentials(largest=True),
        lambda q, k, v, seen: F.scaled_dot_product_attention(
            q, k, v, attn_mask=seen, scale=1.0
        ).nan_to_num(0),
    ],
    "06.2": [
        cost(),
        lambda C, size: list(cost()(C, size)),
        lambda C, n: np.array(cost()(C, n)),
    ],
    "06.3": [sigma(by_outputs), lambda W: torch.linalg.svdvals(by_outputs(W))[:1]],
    "06.4": [logistic(), lambda r, f: logistic()(r.double(), f.double())],
    "06.5": [lambda logs: list(EXERCISES["06.5"].solution(logs).items()), one_late],
}


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_exercises_are_numbered_in_order():
    assert list(EXERCISES) == [f"06.{i}" for i in range(1, 6)]


def test_logs_differ_and_one_run_diverges_in_each():
    assert logs(0) != logs(1)
    assert {tuple(EXERCISES["06.5"].solution(logs(seed))) for seed in range(6)} == {("A",), ("B",)}
