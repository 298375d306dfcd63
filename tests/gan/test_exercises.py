"""Every solution passes, every plausible wrong answer is refused for its own reason."""

import math

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.exercises import judge
from cvlib.gan.exercises import EXERCISES, logs


@pytest.mark.parametrize("id", EXERCISES)
def test_solution_is_right_and_stub_untouched(id):
    task = EXERCISES[id]
    assert judge(task, task.solution).status == "right"
    assert judge(task, lambda *_: NotImplemented).status == "untouched"


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize(
    "nonsense", [None, 3, "x", lambda *_: None, lambda *_: (1, 2, 3), lambda: 0, print]
)
def test_a_check_never_raises(id, nonsense):
    assert judge(EXERCISES[id], nonsense).status == "wrong"


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


WRONG = [
    ("06.1", softmax_over(1), "normalise each query over its keys"),
    ("06.1", softmax_over(-1, 0.5), "does not scale"),
    ("06.1", lambda q, k, v: (q @ k.transpose(1, 2)) @ v, "normalise"),
    ("06.1", lambda q, k, v: softmax_over(-1)(q, k, v).transpose(1, 2), r"should be \(B, N, c\)"),
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


@pytest.mark.parametrize(("id", "answer", "reason"), WRONG)
def test_wrong_answer_is_refused_for_its_reason(id, answer, reason):
    verdict = judge(EXERCISES[id], answer)
    assert verdict.status == "wrong"
    assert pytest.importorskip("re").search(reason, verdict.message), verdict.message


def test_every_exercise_has_three_wrong_answers():
    ids = [id for id, *_ in WRONG]
    assert all(ids.count(id) >= 3 for id in EXERCISES)


def test_logs_differ_and_one_run_diverges_in_each():
    assert logs(0) != logs(1)
    assert {tuple(EXERCISES["06.7"].solution(logs(seed))) for seed in range(6)} == {("A",), ("B",)}
