import pytest

from cvlib.course.errors import CourseError
from cvlib.taskonomy.policy import (
    beam_candidates,
    labels_used,
    random_policies,
    restricted,
    scores,
)
from cvlib.taskonomy.program import Policy
from tests.taskonomy.worlds import edge, random_problem

FIRST = {"a": 0.5, "b": 0.3, "c": 0.1, "d": 0.05, "e": 0.04, "f": 0.01}


def test_the_beam_takes_subsets_of_the_five_best_and_above_order_four_the_best_alone():
    assert len(beam_candidates(FIRST, 2)) == 10
    assert len(beam_candidates(FIRST, 4)) == 5
    assert not any("f" in sources for sources in beam_candidates(FIRST, 3))
    assert beam_candidates(FIRST, 5) == [frozenset("abcde")]
    assert beam_candidates(FIRST, 6) == [frozenset("abcdef")]
    for order in (0, 7):
        with pytest.raises(CourseError, match="impossible"):
            beam_candidates(FIRST, order)


def test_random_policies_are_feasible_and_differ():
    problem = random_problem(0)
    drawn = random_policies(problem, 3, 40, seed=1)
    assert len(drawn) == 40
    assert len({policy.supervised for policy in drawn}) > 20
    best = problem.solve(3).objective
    for policy in drawn:
        assert set(policy.chosen) == set("abcde")
        assert policy.used <= policy.supervised
        assert policy.objective <= best + 1e-12
    again = random_policies(problem, 3, 40, seed=1)
    assert [p.chosen for p in again] == [p.chosen for p in drawn]
    for budget in (0, 9, 2.5):
        with pytest.raises(CourseError, match="supervise 1 to 8"):
            random_policies(problem, budget, 1)


def test_the_ledger_by_hand():
    chosen = {"a": edge("a", "a"), "b": edge("a", "b"), "c": edge("as", "c"), "d": edge("d", "d")}
    policy = Policy(1.0, frozenset("asd"), chosen)
    # two paid sources of 120 and two read-outs of 16, of four times 120
    assert labels_used(policy, 120, 16, frozenset("s")) == pytest.approx((240 + 32) / 480)
    assert labels_used(policy, 120, 16) == pytest.approx((360 + 32) / 480)
    everything = Policy(1.0, frozenset("ab"), {t: edge(t, t) for t in "ab"})
    assert labels_used(everything, 120, 16) == 1
    for full, transfer in ((10, 11), (10, 0)):
        with pytest.raises(CourseError, match="0 < transfer <= full"):
            labels_used(policy, full, transfer)
    with pytest.raises(CourseError, match="nothing to save"):
        labels_used(policy, 10, 5, frozenset("abcd"))


def test_scores_are_means_over_the_measured_targets():
    chosen = {"a": edge("a", "a"), "b": edge("a", "b")}
    policy = Policy(1.0, frozenset("a"), chosen)
    gain = {edge("a", "a"): 0.9, edge("a", "b"): 0.5}
    assert scores(policy, gain, {edge("a", "a"): 0.5, edge("a", "b"): 0.1}) == (0.7, 0.3)
    assert scores(policy, gain, {edge("a", "a"): 0.5}) == (0.9, 0.5)
    with pytest.raises(CourseError, match="was measured"):
        scores(policy, {}, {})


def test_a_restricted_problem_has_only_its_own_tasks():
    small = restricted(random_problem(0, cost={"f": 0.0, "g": 2.0}), ["a", "b"], ["f"])
    assert set(small.targets) == set("ab")
    assert set(small.nodes) <= set("abf")
    assert small.cost == {"f": 0.0}
    with pytest.raises(CourseError, match="'g' is no target"):
        restricted(random_problem(0), ["a", "g"])
