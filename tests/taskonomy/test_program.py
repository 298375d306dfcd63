import numpy as np
import pytest

from cvlib.course.errors import CourseError
from cvlib.taskonomy.program import Problem, greedy
from tests.taskonomy.worlds import edge, random_problem


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("aggregated", [False, True])
def test_the_solver_finds_what_brute_force_finds(seed, aggregated):
    problem = random_problem(seed)
    for budget in range(1, 9):
        found = problem.solve(budget, aggregated=aggregated)
        best = problem.brute_force(budget)
        assert found.objective == pytest.approx(best.objective, abs=1e-12)
        assert found.used <= found.supervised
        assert len(found.supervised) <= budget


@pytest.mark.parametrize("seed", range(4))
def test_costs_and_importance_enter_the_programme(seed):
    rng = np.random.default_rng(seed)
    cost = dict(zip("abcdefgh", rng.choice([0, 0.5, 1, 2.5], 8).tolist(), strict=True))
    importance = dict(zip("abcde", rng.integers(0, 4, 5).tolist(), strict=True))
    problem = random_problem(seed, cost=cost, importance=importance)
    for budget in (1, 1.5, 3):
        found = problem.solve(budget)
        assert found.objective == pytest.approx(problem.brute_force(budget).objective, abs=1e-12)
        assert problem.price(found.used) <= budget + 1e-9
        expected = sum(importance[t] * problem.affinities[e] for t, e in found.chosen.items())
        assert found.objective == pytest.approx(expected)


def test_more_budget_never_hurts_and_ends_at_the_best_of_every_target():
    problem = random_problem(3)
    values = [problem.solve(budget).objective for budget in range(1, 9)]
    assert values == sorted(values)
    best = sum(max(problem.value(e) for e in problem.edges if e.target == t) for t in "abcde")
    assert values[-1] == pytest.approx(best)


def test_the_split_constraint_has_the_tighter_relaxation():
    gaps = []
    for seed in range(8):
        problem = random_problem(seed)
        exact = problem.solve(2).objective
        tight, loose = problem.lp_bound(2), problem.lp_bound(2, aggregated=True)
        assert exact <= tight + 1e-9
        assert tight <= loose + 1e-9
        gaps.append(loose - tight)
    assert max(gaps) > 1e-3


def test_every_target_is_solved_once_from_supervised_sources():
    policy = random_problem(5).solve(3)
    assert set(policy.chosen) == set("abcde")
    for target, chosen in policy.chosen.items():
        assert chosen.target == target
        assert chosen.sources <= policy.supervised


def test_the_rows_say_what_the_paper_says():
    problem = Problem({edge("a", "a"): 1.0, edge("bc", "a"): 2.0})
    rows, lower, upper = problem.constraints(2, aggregated=True)
    np.testing.assert_array_equal(
        rows.toarray(),
        [[1, 0, -1, 0, 0], [0, 2, 0, -1, -1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]],
    )
    assert lower.tolist() == [-np.inf, -np.inf, 1, -np.inf]
    assert upper.tolist() == [0, 0, 1, 2]


def test_greedy_can_be_led_astray():
    problem = Problem(
        {edge("a", "x"): 0.6, edge("a", "y"): 0.6, edge("b", "x"): 1.0, edge("c", "y"): 1.0}
    )
    assert greedy(problem, 2).objective == pytest.approx(1.6)
    assert problem.solve(2).objective == pytest.approx(2.0)
    assert greedy(problem, 3).objective == pytest.approx(2.0)


def test_greedy_that_leaves_a_target_out_is_none():
    problem = Problem({edge("a", "x"): 5.0, edge("b", "y"): 1.0, edge("b", "x"): 0.1})
    assert greedy(problem, 1) is None
    assert problem.solve(1).objective == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda p: p.solve(-1), "budget of -1 is not a number >= 0"),
        (lambda p: p.solve(float("nan")), "not a number"),
        (lambda p: p.solve("2"), "not a number"),
        (lambda p: p.solve(0), "leaves a target"),
        (lambda p: p.brute_force(0.5), "leaves a target"),
        (lambda p: Problem({}), "needs transfers"),
        (lambda p: Problem({edge("a", "b"): float("nan")}), "no affinity"),
        (lambda p: Problem({edge("", "b"): 1.0}), "no sources"),
        (lambda p: Problem({edge("a", "b"): 1.0}, cost={"z": 1}), "'z' is no task"),
        (lambda p: Problem({edge("a", "b"): 1.0}, cost={"a": -1}), "negative"),
        (lambda p: Problem({edge("a", "b"): 1.0}, importance={"b": float("nan")}), "negative"),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(CourseError, match=sentence) as caught:
        call(random_problem(0))
    assert "\n" not in str(caught.value)


def test_islands_that_the_budget_cannot_join_are_refused():
    problem = Problem({edge("a", "a"): 1.0, edge("b", "b"): 1.0})
    with pytest.raises(CourseError, match="leaves a target that no supervised source reaches"):
        problem.solve(1)
    assert problem.solve(2).objective == pytest.approx(2)


def test_free_tasks_are_supervised_at_no_cost():
    problem = random_problem(1, cost=dict.fromkeys("gh", 0.0))
    assert problem.solve(2).objective >= random_problem(1).solve(2).objective
    assert problem.solve(2).objective == pytest.approx(problem.brute_force(2).objective)
