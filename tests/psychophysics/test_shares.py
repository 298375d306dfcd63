import math

import pytest
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics import shares
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.shares import Share


def row(condition, label, choice, *, target=None, rt=500.0, flags=()):
    return Response("a", 0, condition, label, target, choice, rt, 66.7, flags)


def test_wilson_against_known_values():
    # statsmodels' proportion_confint(method="wilson")
    assert shares.wilson(34, 40) == pytest.approx((0.7093, 0.9294), abs=1e-4)
    assert shares.wilson(3, 7) == pytest.approx((0.1582199, 0.7495416), abs=1e-6)
    assert shares.wilson(0, 10) == pytest.approx((0.0, 0.2775328), abs=1e-6)
    assert shares.wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(CourseError, match="is no share"):
        shares.wilson(5, 4)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (5, 10), (9, 10), (60, 100), (41, 100), (0, 0)])
def test_the_coins_test_is_exact(k, n):
    expected = stats.binomtest(k, n).pvalue if n else 1.0
    assert shares.binomial_test(Share(k, n)) == pytest.approx(expected, rel=1e-9)


def test_fishers_tea():
    # The lady who tasted tea: 3 of 4 right has p = 17/70 one-sided, 34/70 two-sided.
    assert shares.fisher_test(Share(3, 4), Share(1, 4)) == pytest.approx(34 / 70)
    assert shares.fisher_test(Share(0, 0), Share(1, 4)) == 1.0


def test_dprime_against_known_values():
    d, c = shares.dprime(Share(80, 100), Share(20, 100))
    assert d == pytest.approx(1.66211, abs=1e-5)
    assert c == pytest.approx(0, abs=1e-12)
    assert shares.dprime(Share(50, 100), Share(50, 100)) == pytest.approx((0, 0), abs=1e-12)
    assert math.isfinite(shares.dprime(Share(9, 9), Share(0, 9))[0])
    _, shy = shares.dprime(Share(30, 100), Share(5, 100))
    assert shy > 0


def test_tables_count_only_what_counts():
    rows = [
        row("image", "four", "four"),
        row("image", "four", "nine"),
        row("image", "nine", "four", flags=("late",)),
        row("adv", "four", "nine", target="nine"),
        row("false", None, "nine", target="nine"),
        row("false", None, "four", target="nine"),
        row("false", None, "nine", target="nine"),
    ]
    table = shares.accuracy(rows)
    assert table["image"] == Share(1, 2)
    assert table["adv"] == Share(0, 1)
    assert table["flip"] == Share(0, 0)
    assert shares.pushed(rows) == Share(2, 3)
    assert shares.pushed(rows, "adv") == Share(1, 1)
    assert str(table["flip"]) == "no trials"
    assert str(Share(34, 40)) == "34 of 40 = 0.85 [0.71, 0.93]"


def test_detection_counts_hits_and_false_alarms():
    hits = [row("image", "four", "four")] * 8 + [row("image", "four", "nine")] * 2
    others = [row("image", "nine", "four")] * 3 + [row("image", "nine", "nine")] * 7
    found = shares.detection(hits + others, "image", "four")
    assert found == shares.dprime(Share(8, 10), Share(3, 10))


def test_median_times():
    rows = [row("image", "four", "four", rt=float(t)) for t in (400, 500, 9000)]
    middle, low, high = shares.median_time(rows, "image")
    assert middle == 500
    assert 400 <= low <= 500 <= high <= 9000
    assert all(math.isnan(value) for value in shares.median_time(rows, "adv"))
