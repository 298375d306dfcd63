"""Every solution passes, every plausible wrong answer is refused for its own reason."""

import math

import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.self_attention_gan.exercises import EXERCISES, logs
from cvlib.course.page.exercises import judge
from tests.course.exercise_tests import assert_exercise


def softmax_over(dim, scale=1.0):
    return lambda q, k, v: (q @ k.transpose(1, 2) * scale).softmax(dim) @ v


def cost(parameters=1.25, keys=4, factor=2, values=2):
    def answer(C, size):
        N = size * size
        p = int(parameters * C * C)
        products = N * (N // keys) * (C // 8 + C // values)
        return p, factor * (N * int(1.25 * C * C) + products), 4 * N * (N // keys)

    return answer


def power(order="vu", unit=True, sigma="new"):
    def answer(W, u):
        scale = (lambda t: F.normalize(t, dim=0)) if unit else (lambda t: t)
        v = scale(W.T @ u)
        if order == "uv":
            new = scale(W @ scale(torch.ones(W.shape[1])))
            return new, scale(W.T @ new), new @ W @ v
        new = scale(W @ v)
        return new, v, (u if sigma == "old" else new) @ W @ v

    return answer


def sn(term=True, sigma_power=1, frobenius=False):
    def answer(W, G):
        U, S, Vh = torch.linalg.svd(W)
        s = W.norm() if frobenius else S[0]
        uv = torch.outer(U[:, 0], Vh[0])
        return (G - (G * W / s).sum() * uv * term) / s**sigma_power

    return answer


def last_is_worse(logs):
    best = {name: min(f for _, f in log) for name, log in logs.items()}
    return {n: log[-1][0] for n, log in logs.items() if not log[-1][1] <= 2 * best[n]}


def first_bad(logs):
    found = {}
    for name, log in logs.items():
        best = math.inf
        for step, fid in log:
            if not fid <= 2 * best:
                found.setdefault(name, step)
            best = min(best, fid)
    return found


def blind_to_nan(logs):
    found = {}
    for name, log in logs.items():
        best, since = math.inf, None
        for step, fid in log:
            since = (since or step) if fid > 2 * best else None
            best = min(best, fid)
        if since:
            found[name] = since
    return found


def one_late(logs):
    return {
        name: min(step + 1000, logs[name][-1][0])
        for name, step in EXERCISES["06.7"].solution(logs).items()
    }


WRONG = [
    ("06.1", softmax_over(1), "normalise each query over its keys"),
    ("06.1", softmax_over(-1, 0.5), "does not scale"),
    ("06.1", lambda q, k, v: (q @ k.transpose(1, 2)) @ v, "normalise"),
    ("06.1", lambda q, k, v: softmax_over(-1)(q, k, v).transpose(1, 2), "should be (B, N, c)"),
    ("06.1", softmax_over(-1, -1.0), "softmax"),
    ("06.2", cost(parameters=0.5), "parameters"),
    ("06.2", cost(keys=1), "N/4 columns"),
    ("06.2", cost(factor=1), "multiply-adds"),
    ("06.2", cost(values=8), "two products"),
    ("06.3", power(order="uv"), "v comes first"),
    ("06.3", power(unit=False), "unit vectors"),
    ("06.3", power(sigma="old"), "new u and v"),
    ("06.3", lambda W, u: power()(W.T, F.normalize(torch.ones(8), dim=0)), "m entries"),
    ("06.4", lambda a, b: math.ceil(math.log(0.01) / math.log(b / a)), "squared"),
    ("06.4", lambda a, b: math.floor(math.log(0.01) / (2 * math.log(b / a))), "first n"),
    ("06.4", lambda a, b: 15, "first n"),
    ("06.5", sn(term=False), "missing"),
    ("06.5", sn(sigma_power=0), "once more"),
    ("06.5", sn(frobenius=True), "must be 0"),
    ("06.5", lambda W, G: torch.zeros_like(W), "autograd"),
    ("06.6", lambda r, f: F.relu(torch.cat([1 - r, 1 + f])).mean(), "half"),
    ("06.6", lambda r, f: (1 - r).mean() + (1 + f).mean(), "exactly where the margin"),
    ("06.6", lambda r, f: F.relu(1 + r).mean() + F.relu(1 - f).mean(), "real scores"),
    ("06.6", lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), "exactly where"),
    ("06.6", lambda r, f: 2 * F.relu(torch.cat([1 - r, 1 + f])).mean(), "own means"),
    ("06.6", lambda r, f: F.relu(1 - r) + F.relu(1 + f), "one number"),
    ("06.7", lambda logs: {}, "missed"),
    ("06.7", last_is_worse, "not the evaluation"),
    ("06.7", first_bad, "healthy"),
    ("06.7", blind_to_nan, "not a number"),
]


@pytest.mark.parametrize("id", EXERCISES)
def test_exercise(id):
    wrong = {
        f"mistake {i}": (answer, why) for i, (key, answer, why) in enumerate(WRONG) if key == id
    }
    assert_exercise(EXERCISES[id], wrong)


OTHER_RIGHT = {
    "06.1": [
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=1.0),
        lambda q, k, v: torch.einsum(
            "bnm,bmc->bnc", torch.softmax(torch.einsum("bnd,bmd->bnm", q, k), 2), v
        ),
    ],
    "06.2": [cost(), lambda C, size: list(cost()(C, size)), lambda C, n: map(float, cost()(C, n))],
    "06.3": [power(), lambda W, u: [*power()(W, u)[:2], (W @ power()(W, u)[1]).norm()]],
    "06.4": [
        lambda a, b: next(n for n in range(999) if (b / a) ** (2 * n) <= 0.01),
        lambda a, b: float(math.ceil(math.log(10) / math.log(a / b))),
    ],
    "06.5": [
        sn(),
        lambda W, G: torch.func.grad(lambda w: (w / torch.linalg.matrix_norm(w, 2) * G).sum())(W),
    ],
    "06.6": [
        lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean(),
        lambda r, f: torch.maximum(1 - r, 0 * r).mean() + torch.maximum(1 + f, 0 * f).mean(),
    ],
    "06.7": [lambda logs: list(EXERCISES["06.7"].solution(logs).items()), one_late],
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_exercises_are_numbered_in_order():
    assert [e.id for e in EXERCISES.values()] == [f"06.{i}" for i in range(1, 8)]


def test_logs_differ_and_one_run_diverges_in_each():
    assert logs(0) != logs(1)
    assert {tuple(EXERCISES["06.7"].solution(logs(seed))) for seed in range(6)} == {("A",), ("B",)}
