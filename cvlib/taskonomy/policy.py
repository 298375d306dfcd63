"""What is around the programme: candidates of higher order, random policies, gain and quality."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cvlib.course.errors import CourseError
from cvlib.taskonomy.program import Policy, Problem, Transfer

BEAM = 5  # first-order sources from which transfers of higher order are made (Sec. 3.2)
WIDE = 4  # the highest order with all subsets; above it the best `order` sources alone
TRIES = 10_000


def beam_candidates(
    first_order: Mapping[str, float], order: int, beam: int = BEAM
) -> list[frozenset[str]]:
    """The sets of `order` sources to try for one target, given its first-order affinities.

    Up to order 4: all subsets of the `beam` best sources. Above: the best `order` sources alone.
    Raises `CourseError` for an order below 1 or more sources than there are.
    """
    if not 1 <= order <= len(first_order):
        raise CourseError(f"order {order} is impossible with {len(first_order)} sources")
    ranked = sorted(first_order, key=lambda s: (-first_order[s], s))
    if order > WIDE:
        return [frozenset(ranked[:order])]
    return [frozenset(c) for c in itertools.combinations(ranked[: max(beam, order)], order)]


class Scores(NamedTuple):
    """Means over the targets of a policy."""

    gain: float  # win rate against a network trained on the transfer data alone
    quality: float  # win rate against the fully supervised network; 0.5 is parity


def scores(
    policy: Policy, gain: Mapping[Transfer, float], quality: Mapping[Transfer, float]
) -> Scores:
    """Gain and quality of a policy; a transfer without a measurement is left out of the mean."""
    edges = [e for e in policy.chosen.values() if e in gain and e in quality]
    if not edges:
        raise CourseError("no transfer of this policy was measured: give gain and quality")
    return Scores(
        float(np.mean([gain[e] for e in edges])), float(np.mean([quality[e] for e in edges]))
    )


def random_policies(problem: Problem, budget: int, count: int, seed: int = 0) -> list[Policy]:
    """`count` feasible policies drawn at random (Fig. 10's baseline).

    `budget` tasks are supervised, drawn evenly; every target takes one of the transfers that they
    allow, drawn evenly. Draws that leave a target out are repeated.
    Raises `CourseError` where hardly any draw is feasible.
    """
    rng = np.random.default_rng(seed)
    nodes = problem.nodes
    if not 1 <= budget <= len(nodes) or budget != int(budget):
        raise CourseError(f"random policies supervise 1 to {len(nodes)} tasks, not {budget}")
    policies: list[Policy] = []
    for _ in range(count * TRIES):
        if len(policies) == count:
            return policies
        tasks = frozenset(rng.choice(nodes, int(budget), replace=False).tolist())
        chosen = _drawn(problem, tasks, rng)
        if chosen is not None:
            objective = sum(problem.value(edge) for edge in chosen.values())
            policies.append(Policy(objective, tasks, chosen))
    raise CourseError(f"hardly any {budget} tasks solve every target: raise the budget")


def _drawn(
    problem: Problem, tasks: frozenset[str], rng: np.random.Generator
) -> dict[str, Transfer] | None:
    allowed: dict[str, list[Transfer]] = {target: [] for target in problem.targets}
    for edge in problem.edges:
        if edge.sources <= tasks:
            allowed[edge.target].append(edge)
    if not all(allowed.values()):
        return None
    return {target: edges[rng.integers(len(edges))] for target, edges in allowed.items()}


def labels_used(
    policy: Policy, full: int, transfer: int, free: frozenset[str] = frozenset()
) -> float:
    """The ledger: labels of a policy as a share of full supervision of all its targets.

    (supervised sources that are not free) x `full` + (targets solved by transfer) x `transfer`,
    over (targets) x `full`. The paper states its saving without a formula; this is ours. Targets
    that are free need no labels on either side and are not counted as targets.
    """
    if not 0 < transfer <= full:
        raise CourseError(f"{transfer} transfer labels of {full}: give 0 < transfer <= full")
    targets = [t for t in policy.chosen if t not in free]
    if not targets:
        raise CourseError("all targets are free of labels: there is nothing to save")
    paid = [s for s in policy.used if s not in free]
    read_out = [t for t in targets if not policy.chosen[t].full]
    return (len(paid) * full + len(read_out) * transfer) / (len(targets) * full)


def restricted(problem: Problem, targets: Sequence[str], extra: Sequence[str] = ()) -> Problem:
    """The problem of these targets, with sources among them and `extra` alone."""
    missing = set(targets) - set(problem.targets)
    if missing:
        raise CourseError(f"{sorted(missing)[0]!r} is no target of these transfers")
    allowed = set(targets) | set(extra)
    kept = {
        edge: p
        for edge, p in problem.affinities.items()
        if edge.target in targets and edge.sources <= allowed
    }
    nodes = {n for edge in kept for n in (*edge.sources, edge.target)}
    return Problem(
        kept,
        {n: v for n, v in problem.importance.items() if n in nodes},
        {n: v for n, v in problem.cost.items() if n in nodes},
    )
