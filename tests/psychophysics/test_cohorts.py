import numpy as np
import pytest
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics.cohorts import (
    bootstrap_difference,
    cluster_logit,
    compare,
    observer_means,
    sign_flip_test,
)
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.observers import simulated_cohort

ADV = [(12, 20), (9, 18), (15, 20), (7, 16), (11, 20), (14, 19)]  # right, all, per observer
FLIP = [(17, 20), (13, 17), (16, 20), (14, 16), (13, 20), (18, 20)]
EFFECTS = {"flip": -0.25, "adv": -0.8}  # within a person


def counted(condition, cells):
    return [
        Response(f"s{s}", 0, condition, "a", "b", "a" if i < k else "b", None, None, ())
        for s, (k, n) in enumerate(cells)
        for i in range(n)
    ]


def test_logit_against_statsmodels():
    # sm.Logit(...).fit(cov_type="cluster"): -1.00697184, 0.27198899
    effect = compare(counted("adv", ADV) + counted("flip", FLIP))
    assert effect.value == pytest.approx(-1.00697184, abs=1e-7)
    assert effect.error == pytest.approx(0.27198899, abs=1e-7)
    reach = stats.t.ppf(0.975, 5) * effect.error
    assert (effect.low, effect.high) == pytest.approx((effect.value - reach, effect.value + reach))
    assert effect.p == pytest.approx(2 * stats.t.sf(1.00697184 / 0.27198899, 5), rel=1e-5)


def test_the_intercept_alone_is_the_logit_of_the_share():
    y = np.array([1.0, 1, 1, 0, 1, 0, 1, 1])
    (only,) = cluster_logit(y, np.ones((8, 1)), np.arange(8) // 2)
    assert only.value == pytest.approx(np.log(6 / 2))


def test_observers_count_and_not_trials():
    rows = counted("adv", ADV) + counted("flip", FLIP)
    twice = compare(rows + rows)  # the same answers again tell nothing new about people
    assert twice.value == pytest.approx(compare(rows).value)
    assert twice.error == pytest.approx(compare(rows).error, rel=0.02)


def marginal(effect):
    """The log-odds of an average person's average picture, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = np.hypot(0.4, 0.7)
    share = weights @ (1 / (1 + np.exp(-(1.9 + effect + spread * nodes)))) / weights.sum()
    return np.log(share / (1 - share))


def test_cohorts_of_known_truth():
    truth = marginal(EFFECTS["adv"]) - marginal(EFFECTS["flip"])
    assert -0.55 < truth < -0.45  # flatter than within a person
    found = [compare(simulated_cohort(16, 60, EFFECTS, seed)) for seed in range(60)]
    assert np.mean([f.value for f in found]) == pytest.approx(truth, abs=0.06)
    assert np.mean([f.low <= truth <= f.high for f in found]) >= 0.9


def test_nothing_is_found_where_nothing_is():
    same = {"flip": -0.5, "adv": -0.5}
    found = [compare(simulated_cohort(16, 60, same, seed)).p < 0.05 for seed in range(60)]
    assert np.mean(found) <= 0.12


def test_sign_flips_are_counted():
    assert sign_flip_test(np.array([0.1, 0.2, 0.3])) == pytest.approx(2 / 8)
    assert sign_flip_test(np.array([0.1, -0.1])) == 1.0
    assert sign_flip_test(np.full(10, 0.05)) == pytest.approx(2 / 1024)
    many = np.random.default_rng(0).normal(0.1, 0.2, 30)
    assert sign_flip_test(many) == pytest.approx(stats.ttest_1samp(many, 0).pvalue)
    with pytest.raises(CourseError, match="nothing about people"):
        sign_flip_test(np.array([0.2]))


def test_means_per_observer():
    rows = [
        Response(name, 0, "false", None, "a", choice, None, None, flags)
        for name, choice, flags in [
            ("p", "a", ()), ("p", "b", ()), ("q", "a", ()), ("q", "b", ("late",)),
        ]
    ]  # fmt: skip
    assert observer_means(rows).tolist() == [0.5, 1.0]


def test_the_bootstrap_draws_observers():
    rows = counted("adv", ADV) + counted("flip", FLIP)
    difference, low, high = bootstrap_difference(rows)
    assert difference == pytest.approx(68 / 113 - 91 / 113)
    assert low < difference < high < 0
    crowd = simulated_cohort(12, 60, EFFECTS, 0)
    alike = [Response("one", *list(vars(r).values())[1:]) for r in crowd]
    with pytest.raises(CourseError, match="draws observers"):
        bootstrap_difference(alike)


def test_the_bootstrap_spreads_as_observers_and_as_trials_do():
    torn = counted("adv", [(90, 100), (50, 100)] * 3) + counted("flip", [(50, 100), (90, 100)] * 3)
    _, low, high = bootstrap_difference(torn)
    assert high - low == pytest.approx(2 * 1.96 * 0.4 / np.sqrt(6), rel=0.15)
    alike = counted("adv", [(3, 6)] * 4) + counted("flip", [(3, 6)] * 4)
    _, low, high = bootstrap_difference(alike)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 * 0.25 / 24), rel=0.15)


def test_what_cannot_be_fitted_is_refused():
    sure = counted("adv", [(3, 6), (4, 6)]) + counted("flip", [(6, 6), (6, 6)])
    with pytest.raises(CourseError, match="infinite"):
        compare(sure)
    with pytest.raises(CourseError, match="nothing to compare"):
        compare(counted("adv", ADV))
    with pytest.raises(CourseError, match="nothing to compare"):
        compare([])
    with pytest.raises(CourseError, match="two observers"):
        compare(counted("adv", ADV[:1]) + counted("flip", FLIP[:1]))
