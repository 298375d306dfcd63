import numpy as np
import pytest
import torch

from cvlib.chapters.taskonomy import solutions
from cvlib.chapters.taskonomy.exercises import EXERCISES
from cvlib.course.data.locate import present
from cvlib.course.data.registry import data_file
from cvlib.course.page.exercises import judge
from cvlib.taskonomy import published
from cvlib.taskonomy.ordinal import perron, tournament
from cvlib.taskonomy.policy import scores
from tests.course.exercise_tests import assert_accepted, assert_exercise


def strictly(losses, margin):
    lead = losses[None] - losses[:, None]
    ties = (lead.abs() < margin) | (lead == 0)
    wins = ((lead > 0) & ~ties).double() + 0.5 * ties.double()
    return wins.mean(-1)


def sloppy(losses, margin):
    lead = losses[None] - losses[:, None]
    return (lead > margin).double().mean(-1)


def one_sided(losses, margin):
    lead = losses[None] - losses[:, None]
    return ((lead > margin).double() + 0.5 * (lead == 0).double()).mean(-1)


def of_means(losses, margin):
    mean = losses.mean(1)
    lead = mean[None] - mean[:, None]
    return (lead > margin).double() + 0.5 * (lead.abs() <= margin).double()


def eigenvalue(matrix):
    return torch.linalg.eigvals(matrix.double()).real.max().item()


def unguarded(edges, chosen, supervised, cost, budget):
    solved = {edges[i][1] for i in chosen}
    needs = all(set(edges[i][0]) & set(supervised) for i in chosen)
    return needs and solved == {t for _, t in edges} and sum(cost[t] for t in supervised) <= budget


WRONG = {
    "05.1": {
        "no ties": (sloppy, "do not add up to 1"),
        "the other way round": (
            lambda x, m: solutions.tournament_with_margin(-x, m), "lower loss wins"
        ),
        "the margin only for wins": (one_sided, "w_12 is"),
        "the margin itself": (strictly, "exactly the margin"),
        "means first": (of_means, "page's tournament"),
        "the page's": (lambda x, m: torch.from_numpy(tournament(x)), "margin changes nothing"),
    },
    "05.2": {
        "the eigenvalue": (eigenvalue, "has the index 0"),
        "not divided": (lambda a: eigenvalue(a) - len(a), "divide by n - 1"),
        "divided by n": (lambda a: (eigenvalue(a) - len(a)) / len(a), "divide by n: the index"),
        "the vector": (lambda a: perron(a).vector, "expected one number"),
        "one step": (lambda a: float(a.double().mean(1).sum() - len(a)) / (len(a) - 1), "index"),
    },
    "05.3": {
        "any source is enough": (unguarded, "needs both of them supervised"),
        "sets forget what is solved twice": (
            lambda e, c, s, k, b: all(set(e[i][0]) <= s for i in c)
            and {e[i][1] for i in c} == {t for _, t in e} and sum(k[x] for x in s) <= b,
            "a is solved twice",
        ),
        "counts instead of costs": (
            lambda e, c, s, k, b: all(set(e[i][0]) <= s for i in c)
            and sorted(e[i][1] for i in c) == sorted({t for _, t in e}) and len(s) <= b,
            "keeps all three",
        ),
        "only what is used is paid": (
            lambda e, c, s, k, b: all(set(e[i][0]) <= s for i in c)
            and sorted(e[i][1] for i in c) == sorted({t for _, t in e})
            and set().union(*(e[i][0] for i in c)) == s and sum(k[x] for x in s) <= b,
            "though nothing uses it",
        ),
        "a number": (lambda *a: 1, "True or False"),
        "all of it is spent": (
            lambda e, c, s, k, b: solutions.allowed(e, c, s, k, b) and sum(k[x] for x in s) == b,
            "need not be spent",
        ),
    },
    "05.4": {
        "just below": (8, "0.389"),
        "of order 4": (7, "still below"),
        "too much": (12, "smaller one"),
        "a share": (0.41, "whole number"),
    },
    "05.5": {
        "one over the rest": (1 / 26, "not 1 / ε"),
        "the paper's": (1e-3, "more than one half"),
        "a half": (0.49, "less than one half"),
        "none": (0, "between 0 and 1/2"),
    },
    "05.6": {
        "greed is right": ({(("a",), "x"): 1.0, (("b",), "y"): 1.0}, "greedy finds the optimum"),
        "by a hair": (
            {(("a",), "x"): 0.99, (("a",), "y"): 0.99, (("b",), "x"): 1.0, (("c",), "y"): 1.0},
            "greedy loses only",
        ),
        "too large": ({((c,), "x"): 1.0 for c in "abcdefg"}, "tasks: at most 6"),
        "no budget is enough": (
            {((c,), c): 1.0 for c in "abc"}, "cannot be solved"
        ),
        "a list": ([("a", "x", 0.6)], "expected a dictionary"),
        "no affinity": ({(("a",), "x"): None}, "expected a number"),
    },
    "05.7": {
        "no read-outs": (lambda n, r, s: int(s * n), "too many"),
        "rounded to nearest": (lambda n, r, s: round((s - r) * n / (1 - r)), "too many"),
        "all are read out": (lambda n, r, s: int((s - r) * n), "is allowed, but"),
        "cut by an ulp": (
            lambda n, r, s: int((s - r) * n / (1 - r) - 1e-6), "is allowed, but"
        ),
        "a fraction": (lambda n, r, s: (s - r) * n / (1 - r), "whole number"),
    },
}  # fmt: skip


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)
def test_solutions_pass_and_mistakes_are_named(exercise):
    assert_exercise(exercise, WRONG[exercise.id])


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)
def test_right_answers_are_right_in_every_form(exercise):
    assert_accepted(exercise)


OTHER_WAYS = {
    "05.1 a loop": (
        "05.1",
        lambda x, m: [
            [float(np.mean([1.0 if b - a > m else 0.5 if abs(b - a) <= m else 0.0
                            for a, b in zip(i, j, strict=True)])) for j in x] for i in x
        ],
    ),
    "05.2 by numpy": (
        "05.2",
        lambda a: (np.linalg.eigvals(a.numpy()).real.max() - len(a)) / (len(a) - 1),
    ),
    "05.4 a tensor": ("05.4", torch.tensor(9)),
    "05.5 rounded": ("05.5", 0.037),
    "05.6 sources as strings": (
        "05.6", {("a", "x"): 6, ("a", "y"): 6, ("b", "x"): 10, ("c", "y"): 10}
    ),
    "05.6 greed leaves a target out": (
        "05.6", {(("a",), "x"): 9, (("c",), "x"): 8, (("b", "d"), "y"): 1, (("b",), "x"): 0.1}
    ),
    "05.7 by trial": (
        "05.7",
        lambda n, r, s: max(g for g in range(n + 1) if g + (n - g) * r <= s * n + 1e-9),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_WAYS)
def test_other_right_answers_are_accepted(name):
    id, answer = OTHER_WAYS[name]
    verdict = judge(EXERCISES[id], answer)
    assert verdict.status == "right", verdict.message


def test_the_smallest_budget_is_the_published_datas():
    if not present(data_file(published.ARRAYS)):
        pytest.skip("the published measurements are not in CVLIB_DATA")
    m = published.load("16k")
    problem = m.problem(1)
    good = [b for b in range(1, 12) if scores(problem.solve(b), m.gain, m.quality).quality >= 0.4]
    assert good[0] == solutions.SMALLEST_BUDGET
