"""Intraclass correlation against cases that can be worked out by hand."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.agreement import cross_talk, icc, icc_columns


@pytest.fixture
def x():
    return torch.randn(200, generator=torch.Generator().manual_seed(0))


def test_equal_shifted_opposite_and_unrelated_ratings(x):
    assert icc(x, x) == pytest.approx(1)
    assert icc(x, -x) == pytest.approx(-1)
    assert icc(x, x + 3) == pytest.approx(1), "(3,1) forgives a shift"
    assert icc(x, x + 3, "2,1") < 0.5, "(2,1) does not"
    assert abs(icc(x, x.flip(0))) < 2 / 200**0.5 + 0.05


def test_a_scale_costs_what_correlation_forgives(x):
    # two ratings of variance 1 and 4: 2 * 2 / (1 + 4)
    assert icc(x, 2 * x) == pytest.approx(0.8, abs=1e-6)


def test_a_table_that_textbooks_print():
    """Shrout and Fleiss 1979, the first two judges of their Table 2, worked by hand."""
    a = torch.tensor([9.0, 6, 8, 7, 10, 6])
    b = torch.tensor([2.0, 1, 4, 1, 5, 2])
    # sums of squares from the total: another way to the same mean squares
    n, ratings = 6, torch.stack([a, b], 1).double()
    rows = 2 * (ratings.mean(1) - ratings.mean()).square().sum() / (n - 1)
    columns = n * (ratings.mean(0) - ratings.mean()).square().sum()
    total = (ratings - ratings.mean()).square().sum()
    left = (total - (n - 1) * rows - columns) / (n - 1)
    assert icc(a, b) == pytest.approx(float((rows - left) / (rows + left)))
    absolute = (rows - left) / (rows + left + 2 / n * (columns - left))
    assert icc(a, b, "2,1") == pytest.approx(float(absolute))
    assert icc(a, b) > 0.7
    assert icc(a, b, "2,1") < 0.3


def test_columns_are_taken_one_by_one(x):
    table = torch.stack([x, x.flip(0)], 1)
    assert icc_columns(table, table) == [pytest.approx(1)] * 2


@pytest.mark.parametrize("bad", [torch.ones(5), torch.ones(2)])
def test_what_cannot_be_judged_is_refused_in_a_sentence(bad):
    with pytest.raises(CourseError, match=r"one number|at least 3"):
        icc(bad, bad)
    with pytest.raises(CourseError, match="a row of numbers"):
        icc(torch.zeros(3, 3), torch.zeros(3, 3))


def test_cross_talk_of_perfect_control_is_the_identity():
    asked = torch.rand(100, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(cross_talk(asked, asked + 1), torch.eye(3).double())
    mixed = asked.clone()
    mixed[:, 1] += 0.5 * asked[:, 0]
    slopes = cross_talk(asked, mixed)
    assert slopes[0, 1].item() == pytest.approx(0.5)
    assert slopes[1, 0].abs() < 1e-6
