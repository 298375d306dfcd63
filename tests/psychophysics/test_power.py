from itertools import product

import numpy as np
import pytest
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import plan_session
from cvlib.psychophysics.power import (
    binomial_power,
    peeking,
    promise,
    trials_needed,
    two_share_trials,
)
from tests.psychophysics.pictures import OPTIONS, stimuli


@pytest.mark.parametrize(("n", "share"), [(40, 0.6), (41, 0.6), (7, 0.9), (5, 0.9), (0, 0.6)])
def test_power_sums_the_significant_outcomes(n, share):
    outcomes = range(n + 1)
    called = [k for k in outcomes if n and stats.binomtest(k, n).pvalue < 0.05]
    expected = sum(stats.binom.pmf(k, n, share) for k in called)
    assert binomial_power(n, share) == pytest.approx(expected, abs=1e-12)


def test_known_powers():
    assert binomial_power(40, 0.6) == pytest.approx(0.21, abs=0.005)
    assert binomial_power(200, 0.6) == pytest.approx(0.79, abs=0.005)
    assert binomial_power(800, 0.55) == pytest.approx(0.79, abs=0.005)
    assert binomial_power(40, 0.5) <= 0.05
    with pytest.raises(CourseError, match="between 0 and 1"):
        binomial_power(10, 1.2)


def test_the_number_from_which_power_never_falls_below():
    enough = trials_needed(0.6)
    assert enough == 210
    assert binomial_power(enough - 1, 0.6) < 0.8
    assert all(binomial_power(n, 0.6) >= 0.8 for n in range(enough, 400))
    assert binomial_power(199, 0.6) >= 0.8  # reached before, and lost again
    assert trials_needed(0.4) == enough
    assert trials_needed(0.55) == 820
    with pytest.raises(CourseError, match="more than"):
        trials_needed(0.501)


def peeked(n):
    """The share of all 2^n paths that are significant at some trial."""
    met = 0
    for path in product((0, 1), repeat=n):
        counts = np.cumsum(path)
        met += any(stats.binomtest(int(k), i + 1).pvalue < 0.05 for i, k in enumerate(counts))
    return met / 2**n


def test_peeking_counts_every_path():
    assert peeking(5) == 0
    assert peeking(6) == 2 / 64
    assert peeking(11) == pytest.approx(peeked(11))
    assert peeking(40) > 0.05  # although every single test keeps its 5 %


def test_two_shares_against_statsmodels():
    # NormalIndPower().solve_power(proportion_effectsize(a, b), power=.8, alpha=.05)
    found = [two_share_trials(a, b) for a, b in ((0.9, 0.8), (0.85, 0.75), (0.85, 0.8))]
    assert found == [195, 248, 902]


def test_the_promise_says_what_a_session_can_show():
    small = plan_session(stimuli(), OPTIONS, observer=0, seed=0)
    assert "4 of them in false" in promise(small)
    assert "a demonstration, not evidence (210 trials" in promise(small)
    large = plan_session(stimuli(false=220), OPTIONS, observer=0, seed=0)
    assert "enough to expect a verdict" in promise(large)
    assert np.isclose(small.minutes(60), 16 * (750 + 66.667 + 500 + 2200) / 60_000)
