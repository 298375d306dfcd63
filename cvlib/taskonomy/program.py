"""Which tasks deserve full supervision: a Boolean integer programme (Sec. 3.4), solved exactly.

The authors never released their solver. This one is SciPy's HiGHS, with a brute force beside it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class Transfer:
    """A hyperedge: `sources` (their frozen codes side by side) read out for `target`.

    Full supervision of a task is the edge from the task to itself.
    """

    sources: frozenset[str]
    target: str

    @property
    def full(self) -> bool:
        """Whether this is the target's own, fully supervised network."""
        return self.sources == {self.target}


@dataclass(frozen=True)
class Policy:
    """A solution: which tasks get all labels, which transfer solves each target."""

    objective: float
    supervised: frozenset[str]
    chosen: dict[str, Transfer] = field(repr=False)

    @property
    def used(self) -> frozenset[str]:
        """The supervised tasks that a chosen transfer needs."""
        return frozenset().union(*(edge.sources for edge in self.chosen.values()))


@dataclass(frozen=True)
class Problem:
    """Transfers with their affinities; importance of targets and label cost of sources.

    An absent importance is 1, an absent cost is 1; cost 0 is a self-supervised task.
    """

    affinities: Mapping[Transfer, float]
    importance: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.affinities:
            raise CourseError("a taxonomy needs transfers: none were given")
        bad = [e for e, p in self.affinities.items() if not math.isfinite(p) or not e.sources]
        if bad:
            raise CourseError(f"the transfer to {bad[0].target} has no sources or no affinity")
        unknown = [n for n in (*self.importance, *self.cost) if n not in self.nodes]
        if unknown:
            raise CourseError(f"{unknown[0]!r} is no task of the transfers: check its spelling")
        if any(not v >= 0 for v in (*self.importance.values(), *self.cost.values())):
            raise CourseError("an importance or a cost is negative: use numbers >= 0")

    @property
    def edges(self) -> tuple[Transfer, ...]:
        """The transfers, in their order."""
        return tuple(self.affinities)

    @property
    def targets(self) -> tuple[str, ...]:
        """What has to be solved, sorted."""
        return tuple(sorted({edge.target for edge in self.edges}))

    @property
    def nodes(self) -> tuple[str, ...]:
        """All sources and targets, sorted."""
        sources = frozenset().union(*(edge.sources for edge in self.edges))
        return tuple(sorted(sources | set(self.targets)))

    def value(self, edge: Transfer) -> float:
        """What choosing the edge adds to the objective: importance times affinity."""
        return self.importance.get(edge.target, 1.0) * self.affinities[edge]

    def price(self, tasks: Iterable[str]) -> float:
        """The label cost of supervising these tasks."""
        return sum(self.cost.get(task, 1.0) for task in tasks)

    def solve(self, budget: float, *, aggregated: bool = False) -> Policy:
        """The best policy whose label cost is at most `budget`, proven optimal.

        aggregated: constraint (I) as the paper writes it, one row a transfer; the default splits
        it by source, which has the same solutions and a tighter relaxation.
        Raises `CourseError` for a budget that is not a number >= 0 or that solves no target.
        """
        result = self._milp(budget, aggregated=aggregated, integral=True)
        edges = self.edges
        picked = result.x > 0.5
        chosen = {e.target: e for e, on in zip(edges, picked[: len(edges)], strict=True) if on}
        supervised = {n for n, on in zip(self.nodes, picked[len(edges) :], strict=True) if on}
        objective = sum(self.value(edge) for edge in chosen.values())
        return Policy(objective, frozenset(supervised), dict(sorted(chosen.items())))

    def lp_bound(self, budget: float, *, aggregated: bool = False) -> float:
        """The optimum when tasks may be supervised in part: an upper bound on the objective."""
        return -float(self._milp(budget, aggregated=aggregated, integral=False).fun)

    def brute_force(self, budget: float) -> Policy:
        """The same optimum by trying every affordable set of sources; for small problems.

        Given the set, the best transfer of each target is chosen on its own.
        """
        check_budget(budget)
        sources = sorted(frozenset().union(*(edge.sources for edge in self.edges)))
        free = [s for s in sources if self.cost.get(s, 1.0) == 0]
        paid = [s for s in sources if s not in free]
        best: Policy | None = None
        for count in range(len(paid) + 1):
            affordable = [
                tasks
                for tasks in itertools.combinations(paid, count)
                if self.price(tasks) <= budget
            ]
            if not affordable:
                break
            for tasks in affordable:
                policy = self.best_given((*tasks, *free))
                if policy and (best is None or policy.objective > best.objective):
                    best = policy
        if best is None:
            raise CourseError(_infeasible(budget))
        return best

    def best_given(self, supervised: Iterable[str]) -> Policy | None:
        """The best policy with exactly these tasks supervised; None if a target is left out."""
        tasks = frozenset(supervised)
        chosen: dict[str, Transfer] = {}
        for edge in self.edges:
            if not edge.sources <= tasks:
                continue
            rival = chosen.get(edge.target)
            if rival is None or self.value(edge) > self.value(rival):
                chosen[edge.target] = edge
        if len(chosen) < len(self.targets):
            return None
        objective = sum(self.value(edge) for edge in chosen.values())
        return Policy(objective, tasks, dict(sorted(chosen.items())))

    def _milp(self, budget: float, *, aggregated: bool, integral: bool) -> OptimizeResult:
        check_budget(budget)
        rows, lower, upper = self.constraints(budget, aggregated=aggregated)
        objective = np.zeros(rows.shape[1])
        objective[: len(self.edges)] = [-self.value(edge) for edge in self.edges]
        result = milp(
            objective,
            constraints=LinearConstraint(rows, lower, upper),
            integrality=np.full(len(objective), int(integral)),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": 0.0},
        )
        if result.x is None:
            raise CourseError(_infeasible(budget))
        return result

    def constraints(
        self, budget: float, *, aggregated: bool = False
    ) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Rows A, lower and upper bounds of (I), (II), (III) over x = (edges, nodes).

        (I) a transfer needs all its sources, (II) every target has exactly one transfer,
        (III) the supervised tasks cost at most the budget.
        """
        edges, nodes = self.edges, self.nodes
        place = {node: len(edges) + k for k, node in enumerate(nodes)}
        rows: list[dict[int, float]] = []
        for i, edge in enumerate(edges):
            if aggregated:
                rows.append({i: len(edge.sources), **{place[s]: -1.0 for s in edge.sources}})
            else:
                rows += [{i: 1.0, place[s]: -1.0} for s in sorted(edge.sources)]
        needs = len(rows)
        for target in self.targets:
            rows.append({i: 1.0 for i, edge in enumerate(edges) if edge.target == target})
        rows.append({place[node]: self.cost.get(node, 1.0) for node in nodes})

        lower = np.full(len(rows), -np.inf)
        upper = np.zeros(len(rows))
        lower[needs:-1] = upper[needs:-1] = 1
        upper[-1] = budget
        return _sparse(rows, len(edges) + len(nodes)), lower, upper


def greedy(problem: Problem, budget: float) -> Policy | None:
    """Add the task that helps most, again and again: what the integer programme improves upon.

    A target that no supervised source reaches counts 0 meanwhile; None if one is left at the end.
    """
    check_budget(budget)
    tasks: frozenset[str] = frozenset()
    while True:
        rest = [n for n in problem.nodes if n not in tasks and problem.price(tasks | {n}) <= budget]
        if not rest:
            return problem.best_given(tasks)
        tasks |= {max(rest, key=lambda n: _reach(problem, tasks | {n}))}


def check_budget(budget: float) -> None:
    """Refuse a budget that is not a finite number >= 0."""
    if not isinstance(budget, int | float) or not math.isfinite(budget) or budget < 0:
        raise CourseError(f"a budget of {budget!r} is not a number >= 0 of supervised tasks")


def _reach(problem: Problem, tasks: frozenset[str]) -> float:
    best: dict[str, float] = {}
    for edge in problem.edges:
        if edge.sources <= tasks:
            best[edge.target] = max(best.get(edge.target, 0.0), problem.value(edge))
    return sum(best.values())


def _sparse(rows: list[dict[int, float]], width: int) -> sparse.csr_matrix:
    values = [v for row in rows for v in row.values()]
    columns = [c for row in rows for c in row]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return sparse.csr_matrix((values, columns, starts), shape=(len(rows), width))


def _infeasible(budget: float) -> str:
    return f"a budget of {budget:g} leaves a target that no supervised source reaches: raise it"
