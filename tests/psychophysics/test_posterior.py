import numpy as np
import pytest
from scipy import integrate, stats

from cvlib.psychophysics.posterior import density, growing

ANSWERS = [True, True, False, True, True, False, True, True, False, True]  # 7 of 10


def test_before_and_after():
    p = growing(ANSWERS)
    assert len(p.mean) == 11
    assert (p.mean[0], p.low[0], p.high[0]) == pytest.approx((0.5, 0.025, 0.975))
    assert p.above_half[0] == pytest.approx(0.5)
    assert p.mean[-1] == pytest.approx(8 / 12)
    assert p.above_half[-1] == pytest.approx(stats.binom.cdf(7, 11, 0.5))  # Bayes's billiard


def test_every_prefix_is_the_posterior_of_its_answers():
    whole = growing(ANSWERS)
    for n in range(len(ANSWERS) + 1):
        part = growing(ANSWERS[:n])
        assert part.low[-1] == pytest.approx(whole.low[n])
        assert part.above_half[-1] == pytest.approx(whole.above_half[n])


def test_the_density_is_one_and_agrees_with_the_interval():
    total, _ = integrate.quad(lambda p: density(ANSWERS, np.array([p]))[0], 0, 1)
    assert total == pytest.approx(1)
    p = growing(ANSWERS)
    inside, _ = integrate.quad(lambda s: density(ANSWERS, np.array([s]))[0], p.low[-1], p.high[-1])
    assert inside == pytest.approx(0.95)
