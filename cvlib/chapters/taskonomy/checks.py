"""The checks of chapter 05: each names the first property that an answer lacks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvlib.chapters.taskonomy import solutions
from cvlib.course.errors import CourseError
from cvlib.course.page import answers
from cvlib.course.page.answers import Wrong, apart, close
from cvlib.taskonomy.ordinal import affinity
from cvlib.taskonomy.program import Problem, Transfer, greedy

MAX_TASKS, LEAST_GAP = 6, 0.1


def check_margin(answer: Any) -> None:
    """A tournament in which a small lead is a tie."""
    function = answers.function(answer, "tournament_with_margin(losses, margin)")
    losses = torch.tensor([[1.0, 2, 3, 4, 5, 6], [1.25, 1.75, 5, 4, 4, 6.25], [9, 9, 2, 9, 9, 9]])

    def wins(margin: float) -> Tensor:
        return answers.tensor(function(losses.double(), margin), (3, 3), "your win rates")

    plain, got = wins(0.0), wins(0.5)
    if not close(plain + plain.T, torch.ones(3, 3)):
        raise Wrong("w_ij and w_ji do not add up to 1: a tie gives one half to both")
    if close(plain, solutions.tournament_with_margin(losses, 0.0).T):
        raise Wrong("your winner is the one who loses more: a lower loss wins")
    if not close(plain, solutions.tournament_with_margin(losses, 0.0)):
        raise Wrong("without a margin it should be the page's tournament, and is not")
    expected = solutions.tournament_with_margin(losses, 0.5)
    if close(got, plain):
        raise Wrong("the margin changes nothing: a lead of 0.25 is a tie at a margin of 0.5")
    if not close(got, expected):
        i, j = divmod(int((got - expected).abs().argmax()), 3)
        mine, right = apart(float(got[i, j]), float(expected[i, j]))
        raise Wrong(f"with a margin of 0.5, w_{i + 1}{j + 1} is {mine} and should be {right}")
    if not close(wins(0.25), solutions.tournament_with_margin(losses, 0.25)):
        raise Wrong("a lead of exactly the margin is a tie, too")


def check_inconsistency(answer: Any) -> None:
    """Saaty's index from the principal eigenvalue."""
    function = answers.function(answer, "inconsistency(matrix)")
    scale = torch.tensor([0.5, 0.3, 0.15, 0.05]).double()
    consistent = scale[:, None] / scale
    if abs(answers.number(function(consistent), "your index")) > 1e-4:
        raise Wrong("a consistent matrix (w_ij = s_i / s_j) has the index 0, yours has not")
    for matrix in (SAATY, SAATY[:3, :3]):
        got = answers.number(function(matrix), "your index")
        expected = solutions.inconsistency(matrix)
        if close(got, expected, 1e-4):
            continue
        n = len(matrix)
        if close(got, expected * (n - 1), 1e-4):
            raise Wrong("you give λ - n: divide by n - 1")
        if close(got, expected * (n - 1) / n, 1e-4):
            raise Wrong("you divide by n: the index divides by n - 1")
        mine, right = apart(got, expected)
        raise Wrong(f"of a {n}x{n} matrix your index is {mine} and should be {right}")


SAATY = torch.tensor(
    [[1, 5, 6, 7], [1 / 5, 1, 4, 6], [1 / 6, 1 / 4, 1, 4], [1 / 7, 1 / 6, 1 / 4, 1]]
).double()

EDGES = [
    (("a",), "a"), (("b",), "a"), (("b",), "b"), (("a", "c"), "b"), (("c",), "c"), (("a",), "c"),
]  # fmt: skip
COST = {"a": 1, "b": 2, "c": 0}
CASES = (
    # chosen, supervised, budget, the constraint that it shows
    ((0, 3, 5), "ac", 1, "it keeps all three constraints"),
    ((0, 3, 5), "a", 1, "a transfer from a and c needs both of them supervised (I)"),
    ((0, 5), "ac", 1, "b is not solved by any transfer (II)"),
    ((0, 1, 2, 4), "abc", 3, "a is solved twice (II)"),
    ((0, 2, 4), "abc", 2, "the supervised tasks cost 3 (III)"),
    ((0, 2, 5), "abc", 3, "a task may be supervised though nothing uses it"),
    ((0, 3, 5), "ac", 3, "the budget is a limit, and need not be spent (III)"),
    ((1, 2, 4), "bc", 2, "costs are not all 1: b costs 2 and c nothing"),
    ((0, 3, 5), "ac", 0.5, "the budget may be a fraction, and a costs 1 (III)"),
)


def check_allowed(answer: Any) -> None:
    """The three constraints as a test of a policy."""
    function = answers.function(answer, "allowed(edges, chosen, supervised, cost, budget)")
    for chosen, supervised, budget, why in CASES:
        given = list(chosen), set(supervised), dict(COST), budget
        got = function(list(EDGES), *given)
        expected = solutions.allowed(EDGES, *given)
        if _truth(got) != expected:
            names = " and ".join(f"{'+'.join(EDGES[i][0])}→{EDGES[i][1]}" for i in chosen)
            said = "allow" if _truth(got) else "refuse"
            raise Wrong(
                f"you {said} {names} with {', '.join(sorted(supervised))} supervised and a budget "
                f"of {budget}, but {why}"
            )


def _truth(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Tensor) and value.numel() == 1 and value.dtype == torch.bool:
        return bool(value)
    raise Wrong(f"expected True or False, got {answers.described(value)}")


def check_budget(answer: Any) -> None:
    """The smallest budget with quality 0.4 on the authors' first-order transfers."""
    got = answers.whole(answer, "your budget")
    if got == 8:
        raise Wrong("at a budget of 8 the quality is 0.389, just below 0.4")
    if got < solutions.SMALLEST_BUDGET:
        raise Wrong(f"at a budget of {got} the quality is still below 0.4")
    if got > solutions.SMALLEST_BUDGET:
        raise Wrong(f"a budget of {got} is enough, but a smaller one is, too")


def check_clip(answer: Any) -> None:
    """The clip at which a champion among 27 equal players gets half of the affinity."""
    got = answers.number(answer, "your ε")
    if not 0 < got < 0.5:
        raise Wrong("a clip of the win rates lies between 0 and 1/2")
    losses = np.ones((27, 40))
    losses[0] = 0
    champion = float(affinity(losses, got)[0])
    if abs(champion - 0.5) < 2e-3:
        return
    if close(got, 1 / 26, 1e-4):
        raise Wrong("odds are (1 - ε) / ε, not 1 / ε: the champion gets a little less than half")
    side = "more" if champion > 0.5 else "less"
    mine, _ = apart(champion, 0.5)
    raise Wrong(f"with your ε the champion's affinity is {mine}, {side} than one half")


def check_counterexample(answer: Any) -> None:
    """An instance on which adding the best task again and again is not best."""
    problem = _problem(answer)
    try:
        best, stepwise = problem.brute_force(2), greedy(problem, 2)
    except CourseError as error:
        raise Wrong(f"with two supervised tasks it cannot be solved: {error}") from None
    if stepwise is None:
        return  # greedy ends with a target that nothing reaches
    if stepwise.objective > best.objective - 1e-9:
        raise Wrong(
            f"greedy finds the optimum here, too: {', '.join(sorted(stepwise.supervised))} "
            f"for {stepwise.objective:.3g}"
        )
    if stepwise.objective > (1 - LEAST_GAP) * best.objective:
        loss = 100 * (1 - stepwise.objective / best.objective)
        raise Wrong(f"greedy loses only {loss:.2g} %: make it at least {100 * LEAST_GAP:.0f} %")


def _problem(answer: Any) -> Problem:
    """The learner's dictionary `(sources, target) -> affinity` as a programme."""
    if not isinstance(answer, Mapping) or not answer:
        raise Wrong(
            'expected a dictionary such as {(("a",), "x"): 0.6}, got ' + answers.described(answer)
        )
    edges: dict[Transfer, float] = {}
    for key, value in answer.items():
        sources, target = answers.several(key, 2, "the sources and the target")
        if isinstance(sources, str):
            sources = (sources,)
        names = (*answers.sequence(sources, "a tuple of source names"), target)
        if not all(isinstance(name, str) for name in names):
            raise Wrong('tasks are named by strings, as in {(("a",), "x"): 0.6}')
        p = answers.number(value, f"the affinity for {target}")
        if p < 0:
            raise Wrong("an affinity is negative: they are shares of a tournament")
        edges[Transfer(frozenset(names[:-1]), target)] = p
    try:
        problem = Problem(edges)
    except CourseError as error:
        raise Wrong(str(error)) from None
    if len(problem.nodes) > MAX_TASKS:
        raise Wrong(f"it has {len(problem.nodes)} tasks: at most {MAX_TASKS} are needed")
    return problem


def check_largest_budget(answer: Any) -> None:
    """The ledger solved for the budget."""
    function: Callable[..., Any] = answers.function(answer, "largest_budget(targets, ratio, share)")
    cases = itertools.product((10, 22, 5), (16 / 120, 1 / 120, 0.25), (0.4, 0.7, 1.0))
    for targets, ratio, share in cases:
        got = answers.whole(function(targets, ratio, share), "your budget")
        expected = solutions.largest_budget(targets, ratio, share)
        if got == expected:
            continue
        case = f"{targets} targets, ratio {ratio:.3g}, share {share}"
        labels = (got + (targets - got) * ratio) / targets
        if got > expected:
            raise Wrong(f"{case}: a budget of {got} uses {labels:.3f} of the labels, too many")
        raise Wrong(f"{case}: a budget of {got} is allowed, but {expected} is, too")
