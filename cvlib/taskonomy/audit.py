"""The authors' measurements under audit: ten tasks at a third of the labels, and all policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cvlib.taskonomy import published
from cvlib.taskonomy.ledger import Books, Line, favourable_set, of_tasks, random_sets, within
from cvlib.taskonomy.program import Policy, Problem
from cvlib.taskonomy.published import Measurements
from cvlib.taskonomy.tree import task_tree

FULL, TRANSFER = 120_000, {"16k": 16_000, "1k": 1_000}  # training images, as a review recalls
ORDER = 4
TEN, SETS = 10, 20  # tasks of the abstract's example; random sets drawn a seed
STEPS = 60  # of the search for a favourable set
START = sorted(published.THREE_D | {"room_layout", "vanishing_point_well_defined"})
BUDGET = 3  # tasks with full labels in the favourable set
POLICIES = 200


@dataclass(frozen=True)
class Audit:
    """Values by name, the mean ledger over random sets, and a favourable set of ten."""

    values: dict[str, float]
    ledger: list[list[float]]  # budget, labels, gain, quality
    favourable: dict[str, Any]


def books_of(measured: Measurements, amount: str = "16k") -> Books:
    """The ledger's books; the tasks that are only sources need no labels."""
    return Books(measured.gain, measured.quality, FULL, TRANSFER[amount], published.SOURCE_ONLY)


def audit_published(measured: Measurements, share: float, seed: int) -> Audit:
    """What a share of the labels buys: for random sets of ten tasks and for a favourable one."""
    books = books_of(measured)
    problem = measured.problem(ORDER)
    tables = ledgers(measured, seed)
    lines = [within(table, share) for table in tables]
    ten, best = favourable_set(problem, books, START, BUDGET, STEPS, seed)
    values = {
        "labels": float(np.mean([line.labels for line in lines])),
        "quality": float(np.mean([line.quality for line in lines])),
        "best": best.quality,
        "random": books.band(problem, 8, POLICIES, seed)["quality"][1],
    }
    found = {"tasks": ten, "labels": best.labels, "gain": best.gain, "quality": best.quality,
             "sources": sorted(best.policy.used - books.free)}  # fmt: skip
    return Audit(values, mean_ledger(tables), found)


def ledgers(measured: Measurements, seed: int, amount: str = "16k") -> list[list[Line]]:
    """The lines for budgets 1 to 10 of every random set of ten tasks."""
    books = books_of(measured, amount)
    problem = measured.problem(ORDER)
    return [
        books.lines(of_tasks(problem, ten, books.free), range(1, TEN + 1))
        for ten in random_sets(problem, TEN, SETS, seed)
    ]


def mean_ledger(tables: list[list[Line]]) -> list[list[float]]:
    """Budget, labels, gain and quality, each the mean over the sets."""
    rows = [[(x.budget, x.labels, x.gain, x.quality) for x in table] for table in tables]
    return np.mean(rows, 0).round(4).tolist()


def settings(measured: Measurements) -> dict[str, Problem]:
    """The programmes behind the page's slider: orders, free tasks, importance."""
    nodes = measured.problem(2).nodes
    free = dict.fromkeys(sorted(published.SELF_SUPERVISED & set(nodes)), 0.0)
    semantic = dict.fromkeys(sorted(published.SEMANTIC), 5.0)
    return {
        "order 1": measured.problem(1),
        "order 2": measured.problem(2),
        "order 4": measured.problem(4),
        "self-supervised tasks free": measured.problem(2, cost=free),
        "semantic tasks count five-fold": measured.problem(2, importance=semantic),
    }


def published_policies(measured: Measurements, seed: int) -> dict[str, Any]:
    """All policies that the page's slider shows, small enough for a record.

    A policy is one word a target: the letters of its sources, `a` being the first node.
    """
    books = books_of(measured)
    problem = measured.problem(ORDER)
    nodes, targets = problem.nodes, problem.targets
    budgets = range(1, len(nodes) + 1)
    found = {}
    for name, programme in settings(measured).items():
        lines = books.lines(programme, budgets)
        found[name] = [
            [x.budget, round(x.labels, 3), round(x.gain, 3), round(x.quality, 3),
             spelt(x.policy, nodes)]
            for x in lines
        ]  # fmt: skip
    band = [books.band(problem, b, POLICIES, seed) for b in budgets]
    tree = task_tree({t: measured.affinities_of(t) for t in targets})
    return {
        "nodes": nodes, "targets": targets, "settings": found,
        "band": [[round(v, 3) for v in (*b["gain"], *b["quality"])] for b in band],
        "tree": {"tasks": tree.tasks, "merges": np.round(tree.merges, 3).tolist()},
    }  # fmt: skip


def spelt(policy: Policy, nodes: tuple[str, ...]) -> str:
    """A policy as one word a target, in the order of the targets."""
    letters = {node: chr(ord("a") + k) for k, node in enumerate(nodes)}
    words = ("".join(sorted(letters[s] for s in edge.sources)) for edge in policy.chosen.values())
    return " ".join(words)


def read(words: str, nodes: list[str], targets: list[str]) -> dict[str, list[str]]:
    """The sources of every target from a spelt policy."""
    by_target = zip(targets, words.split(), strict=True)
    return {t: [nodes[ord(letter) - ord("a")] for letter in word] for t, word in by_target}
