"""Auditing "two thirds fewer labels": curves of policies, random bands, sets of ten tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cvlib.course.errors import CourseError
from cvlib.taskonomy.policy import labels_used, random_policies, restricted, scores
from cvlib.taskonomy.program import Policy, Problem, Transfer

BAND = (5, 95)  # percentiles of the random policies

Measured = Mapping[Transfer, float]


@dataclass(frozen=True)
class Line:
    """One line of a ledger: a policy's budget, its labels as a share of all, gain and quality."""

    budget: float
    labels: float
    gain: float
    quality: float
    policy: Policy


@dataclass(frozen=True)
class Books:
    """What a ledger needs beside the programme: measurements, label counts, free tasks."""

    gain: Measured
    quality: Measured
    full: int
    transfer: int
    free: frozenset[str] = frozenset()

    def line(self, policy: Policy, budget: float) -> Line:
        """The ledger's line of a policy."""
        labels = labels_used(policy, self.full, self.transfer, self.free)
        return Line(budget, labels, *scores(policy, self.gain, self.quality), policy)

    def lines(self, problem: Problem, budgets: Sequence[float]) -> list[Line]:
        """The best policies of these budgets."""
        return [self.line(problem.solve(budget), budget) for budget in budgets]

    def band(self, problem: Problem, budget: int, count: int, seed: int) -> dict[str, list[float]]:
        """Gain and quality of random policies: 5th percentile, mean and 95th percentile."""
        drawn = random_policies(problem, budget, count, seed)
        table = np.array([scores(policy, self.gain, self.quality) for policy in drawn])
        low, high = np.percentile(table, BAND, axis=0)
        rows = np.stack([low, table.mean(0), high]).T.tolist()
        return dict(zip(("gain", "quality"), rows, strict=True))


def noted(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines as a record keeps them: plain numbers, and the sources of every target."""
    return [
        {
            "budget": line.budget,
            "labels": round(line.labels, 4),
            "gain": round(line.gain, 4),
            "quality": round(line.quality, 4),
            "policy": {t: sorted(edge.sources) for t, edge in line.policy.chosen.items()},
        }
        for line in lines
    ]


def written(affinity: Measured, gain: Measured, quality: Measured) -> dict[str, list[float]]:
    """Measured transfers as a record keeps them: `a+b>target` -> affinity, gain, quality."""
    return {
        f"{'+'.join(sorted(edge.sources))}>{edge.target}": [
            float(f"{affinity[edge]:.4g}"), round(gain[edge], 4), round(quality[edge], 4)
        ]
        for edge in affinity
    }  # fmt: skip


def read_back(table: Mapping[str, Sequence[float]]) -> tuple[dict[Transfer, float], ...]:
    """Affinity, gain and quality by transfer, from what `written` made."""
    edges = {}
    for key, values in table.items():
        sources, target = key.split(">")
        edges[Transfer(frozenset(sources.split("+")), target)] = values
    return tuple({edge: v[k] for edge, v in edges.items()} for k in range(3))


def within(lines: Sequence[Line], share: float) -> Line:
    """The last line that uses at most this share of the labels; `CourseError` if none does."""
    fitting = [line for line in lines if line.labels <= share]
    if not fitting:
        least = min(line.labels for line in lines)
        raise CourseError(
            f"no policy needs at most {share:.0%} of the labels: the least {least:.0%}"
        )
    return max(fitting, key=lambda line: line.labels)


def of_tasks(problem: Problem, targets: Sequence[str], free: frozenset[str]) -> Problem:
    """The programme of some targets, sources among them and the free tasks, which cost nothing."""
    small = restricted(problem, targets, sorted(free))
    cost = dict.fromkeys(sorted(free & set(small.nodes)), 0.0)
    return Problem(small.affinities, small.importance, cost)


def random_sets(problem: Problem, size: int, count: int, seed: int) -> list[list[str]]:
    """`count` random sets of `size` targets."""
    rng = np.random.default_rng(seed)
    if not 1 <= size <= len(problem.targets):
        raise CourseError(f"sets of {size} need as many targets; there are {len(problem.targets)}")
    return [sorted(rng.choice(problem.targets, size, replace=False)) for _ in range(count)]


def favourable_set(
    problem: Problem, books: Books, start: Sequence[str], budget: float, steps: int, seed: int
) -> tuple[list[str], Line]:
    """A set of targets that suits transfer: exchange one at random, keep what raises quality.

    The policies are chosen for quality itself, so this is the claim's best case, not a fair one.
    """
    by_quality = Problem({e: books.quality[e] for e in problem.edges if e in books.quality})
    rng = np.random.default_rng(seed)

    def judged(tasks: Sequence[str]) -> Line:
        small = of_tasks(by_quality, sorted(tasks), books.free)
        return books.line(small.solve(budget), budget)

    tasks, best = list(start), judged(start)
    for _ in range(steps):
        place = int(rng.integers(len(tasks)))
        fresh = str(rng.choice([t for t in by_quality.targets if t not in tasks]))
        tried = [*tasks[:place], fresh, *tasks[place + 1 :]]
        line = judged(tried)
        if line.quality > best.quality:
            tasks, best = tried, line
    return sorted(tasks), best
