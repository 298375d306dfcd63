"""What the answers of several observers say about people: the observers are the sample.

Trials of one person resemble one another, so 400 trials of ten people are not 400 independent
ones. Three ways to respect that: a test over the observers' own means, a logistic regression
whose standard errors count observers, and a bootstrap that draws observers first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.shares import DRAWS, LEVEL

MOST_SIGNS = 16  # observers up to which all 2^n signs are tried
CONVERGED = 1e-10
FARTHEST = 15.0  # log-odds beyond which a share is 0 or 1 and the fit runs away


@dataclass(frozen=True)
class Coefficient:
    """An effect in log-odds, its cluster-robust standard error, interval and p-value."""

    value: float
    error: float
    low: float
    high: float
    p: float


def observer_means(responses: Sequence[Response], condition: str = "false") -> np.ndarray:
    """Each observer's share of answers at the target, (observers,), of the trials that count."""
    rows: dict[str, list[bool]] = {}
    for r in responses:
        if r.counts and r.condition == condition:
            rows.setdefault(r.observer, []).append(r.pushed)
    return np.array([np.mean(answers) for answers in rows.values()])


def sign_flip_test(differences: np.ndarray) -> float:
    """Two-sided p-value that observers' differences (n,) from chance are around zero.

    If the push did nothing, each difference could as well have the other sign: the p-value is the
    share of all 2^n choices of signs whose mean is at least as far from zero. With more than 16
    observers it is the t-test over the observers, as in the paper.
    """
    n = len(differences)
    if n < 2:
        raise CourseError("one observer says nothing about people: use the exact test of shares")
    if n > MOST_SIGNS:
        return float(stats.ttest_1samp(differences, 0.0).pvalue)
    bits = np.arange(2**n)[:, None] >> np.arange(n) & 1  # (2^n, n)
    means = np.abs((1 - 2 * bits) @ differences) / n  # (2^n,)
    return float(np.mean(means >= abs(np.mean(differences)) - 1e-12))


def cluster_logit(y: np.ndarray, X: np.ndarray, cluster: np.ndarray) -> list[Coefficient]:
    """Logistic regression with standard errors that are robust to clusters.

    y: (n,) of 0 and 1. X: (n, k), its first column ones. cluster: (n,) observers, two or more.
    The effects are population-averaged: smaller than the effect within each person, because
    averaging over people who differ flattens the curve. Intervals use t with observers - 1
    degrees of freedom. Raises `CourseError` where a share of 0 or 1 has no finite log-odds.
    """
    observers = np.unique(cluster)
    if len(observers) < 2:
        raise CourseError("cluster-robust errors need two observers: use the exact test of shares")
    beta = _fit(y, X)
    fitted = _logistic(X @ beta)  # (n,)

    # The sandwich: bread, the inverse information, around the spread of the observers' scores.
    bread = np.linalg.inv(X.T @ (X * (fitted * (1 - fitted))[:, None]))  # (k, k)
    scores = X * (y - fitted)[:, None]  # (n, k)
    totals = np.stack([scores[cluster == name].sum(axis=0) for name in observers])  # (observers, k)
    n, k, groups = len(y), X.shape[1], len(observers)
    few = groups / (groups - 1) * (n - 1) / (n - k)
    covariance = few * bread @ (totals.T @ totals) @ bread

    reach = stats.t.ppf((1 + LEVEL) / 2, groups - 1)
    found = []
    for value, error in zip(beta, np.sqrt(np.diag(covariance)), strict=True):
        p = 2 * stats.t.sf(abs(value) / error, groups - 1) if error > 0 else math.nan
        limits = value - reach * error, value + reach * error
        found.append(Coefficient(float(value), float(error), *map(float, limits), float(p)))
    return found


def compare(responses: Sequence[Response], a: str = "adv", b: str = "flip") -> Coefficient:
    """Log-odds of a right answer in condition `a` minus those in `b`, over several observers."""
    rows = [r for r in responses if r.counts and r.condition in (a, b)]
    if {r.condition for r in rows} != {a, b}:
        raise CourseError(f"no trial that counts in {a}, or none in {b}: nothing to compare")
    y = np.array([float(r.right) for r in rows])  # (n,)
    X = np.array([[1.0, float(r.condition == a)] for r in rows])  # (n, 2)
    return cluster_logit(y, X, np.array([r.observer for r in rows]))[1]


def bootstrap_difference(
    responses: Sequence[Response], a: str = "adv", b: str = "flip", seed: int = 0
) -> tuple[float, float, float]:
    """Accuracy in `a` minus accuracy in `b`, with a 95 % interval: draws observers, then trials.

    Raises `CourseError` for fewer than two observers with trials in both conditions.
    """
    k, n = _counts(responses, (a, b))
    if len(n) < 2:
        raise CourseError("the bootstrap draws observers: two with trials in both are needed")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(n), size=(DRAWS, len(n)))  # (draws, observers)
    again = rng.binomial(n[drawn], k[drawn] / n[drawn])  # (draws, observers, 2)
    shares = again.sum(axis=1) / n[drawn].sum(axis=1)  # (draws, 2)
    low, high = np.quantile(shares[:, 0] - shares[:, 1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    observed = k.sum(axis=0) / n.sum(axis=0)  # (2,)
    return float(observed[0] - observed[1]), float(low), float(high)


def _counts(
    responses: Sequence[Response], conditions: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Right answers and trials of each observer in two conditions, both (observers, 2)."""
    table: dict[str, np.ndarray] = {}
    for r in responses:
        if r.counts and r.condition in conditions:
            cell = table.setdefault(r.observer, np.zeros((2, 2), int))
            cell[:, conditions.index(r.condition)] += int(r.right), 1
    both = [cell for cell in table.values() if cell[1].all()]
    stacked = np.array(both, dtype=int).reshape(-1, 2, 2)  # (observers, right or all, condition)
    return stacked[:, 0], stacked[:, 1]


def _fit(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    """The maximum of the likelihood, by Newton's method; (k,)."""
    beta = np.zeros(X.shape[1])
    for _ in range(50):
        fitted = _logistic(X @ beta)
        information = X.T @ (X * (fitted * (1 - fitted))[:, None])  # (k, k)
        try:
            step = np.linalg.solve(information, X.T @ (y - fitted))
        except np.linalg.LinAlgError:
            break
        beta = beta + step
        if np.abs(X @ beta).max() > FARTHEST:
            break
        if np.abs(step).max() < CONVERGED:
            return beta
    raise CourseError(
        "all answers of a condition are alike, so its log-odds are infinite: "
        "compare the shares or the bootstrap instead"
    )


def _logistic(eta: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-eta))
