"""The two protocols and the two learning-rate schedules."""

import pytest

from cvlib.course.errors import CourseError
from cvlib.normalization.protocols import Protocol, cosine, fixed, paper, steps_of_ten


@pytest.mark.parametrize("n", [32, 16, 8, 4, 2])
def test_fixed_changes_the_chunk_alone(n):
    p = fixed(n, 64, 0.1)
    assert (p.batch, p.lr, p.images_per_worker, p.workers) == (64, 0.1, n, 64 // n)


@pytest.mark.parametrize("n", [32, 16, 8, 4, 2])
def test_papers_learning_rate_is_a_tenth_of_n_over_32(n):
    p = paper(n)
    assert (p.batch, p.workers) == (8 * n, 8)
    assert p.lr == pytest.approx(0.1 * n / 32, rel=1e-15)


@pytest.mark.parametrize("n", [0, -2, 3, 128])
def test_workers_must_divide_the_batch(n):
    with pytest.raises(CourseError, match=f"64 does not divide over workers with {n} images"):
        Protocol(64, n, 0.1)


def test_the_cosine_warms_up_and_ends_near_zero():
    factors = [cosine(step, 100) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] > 0.97
    assert factors[50] == pytest.approx(0.5)
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert 0 < factors[-1] < 1e-3


def test_the_papers_steps_are_at_30_60_and_90_percent():
    factors = [steps_of_ten(step, 1000) for step in range(1000)]
    changes = [i for i in range(1, 1000) if factors[i] != factors[i - 1]]
    assert changes == [300, 600, 900]
    assert [factors[i] for i in (0, 300, 600, 900)] == pytest.approx([1, 0.1, 0.01, 0.001])
