import numpy as np
import pytest

from cvlib.course.errors import CourseError
from cvlib.taskonomy.league import League, mean_ranks, problem, win_rate
from tests.taskonomy.worlds import edge


def league(target="t", order=("a", "b", "c"), seed=0):
    """Full supervision is best, then the sources in this order, scratch last."""
    rng = np.random.default_rng(seed)
    players = (edge(target, target), *(edge(s, target) for s in order))
    base = np.arange(len(players))[:, None] * 0.4
    choose, judge = (base + rng.random((len(players), 200)) for _ in range(2))
    return League(target, players, choose, judge, base[-1] + 0.4 + rng.random(200))


def test_affinity_gain_and_quality_keep_the_order():
    found = league()
    p = found.affinities()
    assert sum(p.values()) == pytest.approx(1)
    assert list(p.values()) == sorted(p.values(), reverse=True)
    assert found.quality()[edge("t", "t")] == 0.5
    assert found.quality()[edge("a", "t")] < 0.5
    assert found.gain()[edge("t", "t")] > found.gain()[edge("c", "t")] > 0.5
    ratios = list(found.loss_ratio().values())
    assert ratios[0] == 1
    assert ratios == sorted(ratios)
    assert list(found.first_order(p)) == ["a", "b", "c"]


def test_win_rates_halve_ties():
    assert win_rate(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])) == 0.5


def test_mean_ranks_and_the_programme_of_several_leagues():
    leagues = [league("t"), league("u", ("b", "a", "c"), 1), league("a", ("t", "b", "c"), 2)]
    assert mean_ranks(leagues, ["t", "u"]) == {"a": 1.5, "b": 1.5, "c": 3.0}
    assert mean_ranks(leagues, ["a"]) == {"t": 1.0, "b": 2.0, "c": 3.0}
    programme = problem(leagues, cost={"c": 0.0})
    assert set(programme.targets) == {"t", "u", "a"}
    assert programme.solve(3).objective == pytest.approx(programme.brute_force(3).objective)
    with pytest.raises(CourseError, match="'z' was not transferred to"):
        mean_ranks(leagues, ["z"])


def test_a_league_needs_full_supervision_and_a_row_a_player():
    rows = np.ones((1, 4))
    with pytest.raises(CourseError, match="fully supervised"):
        League("t", (edge("a", "t"),), rows, rows, rows[0])
    with pytest.raises(CourseError, match="one row"):
        League("t", (edge("t", "t"), edge("a", "t")), rows, rows, rows[0])
