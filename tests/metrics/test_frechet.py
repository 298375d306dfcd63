"""Fréchet distance and streaming moments against closed forms (oracles 12-15)."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.frechet import RunningMoments, frechet_distance, frechet_from_features

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def moments(features, chunk=37):
    running = RunningMoments(features.shape[1])
    for part in features.split(chunk):
        running.update(part)
    return running


def random_cov(d):
    A = torch.randn(d, d, dtype=F64)
    return A @ A.T


def test_commuting_covariances():
    a, b, mu = torch.rand(8, dtype=F64) + 0.1, torch.rand(8, dtype=F64) + 0.1, torch.randn(8)
    Q = torch.linalg.qr(torch.randn(8, 8, dtype=F64))[0]
    zero = torch.zeros(8)
    got = frechet_distance(zero, Q @ torch.diag(a) @ Q.T, mu, Q @ torch.diag(b) @ Q.T)
    expected = mu.double().square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert got == pytest.approx(float(expected), abs=1e-9)


def test_zero_to_itself_and_the_law_of_scale():
    S, mu, c = random_cov(8), torch.randn(8, dtype=F64), 1.7
    assert frechet_distance(mu, S, mu, S) == pytest.approx(0, abs=1e-7)
    expected = (c - 1) ** 2 * float(S.trace())
    assert frechet_distance(mu, S, mu, c * c * S) == pytest.approx(expected, abs=1e-7)


def test_symmetric():
    a, b = (torch.randn(8, dtype=F64), random_cov(8)), (torch.randn(8, dtype=F64), random_cov(8))
    assert frechet_distance(*a, *b) == pytest.approx(frechet_distance(*b, *a), rel=1e-10)


def test_rank_three_in_64_dimensions():
    B, zero = torch.randn(3, 64, dtype=F64), torch.zeros(64)
    S = B.T @ B
    expected = float(S.trace())
    assert frechet_distance(zero, S, zero, 4 * S) == pytest.approx(expected, abs=1e-3)


def test_from_features_agrees_with_the_moments():
    x1 = torch.randn(300, 16, dtype=F64) @ torch.randn(16, 16, dtype=F64)
    x2 = torch.randn(200, 16, dtype=F64) + 0.5
    a, b = moments(x1), moments(x2)
    expected = frechet_distance(a.mean, a.cov, b.mean, b.cov)
    assert frechet_from_features(x1, x2) == pytest.approx(expected, rel=1e-9)


def test_from_features_with_fewer_samples_than_dimensions():
    x1, x2 = torch.randn(40, 128, dtype=F64), 1.5 * torch.randn(50, 128, dtype=F64) + 0.1
    a, b = moments(x1), moments(x2)
    expected = frechet_distance(a.mean, a.cov, b.mean, b.cov)
    assert frechet_from_features(x1, x2) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("chunk", [1, 37, 1000])
def test_streaming_is_the_batch_covariance(chunk):
    x = torch.randn(1000, 16, dtype=F64)
    running = moments(x, chunk)
    torch.testing.assert_close(running.cov, torch.cov(x.T), atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(running.mean, x.mean(0), atol=1e-12, rtol=1e-12)
    assert running.n == 1000


def test_streaming_survives_a_large_mean():
    x = torch.randn(1000, 16, dtype=F64) * 1e-3 + 1e4
    exact = torch.cov(x.T)
    assert (moments(x).cov - exact).norm() / exact.norm() < 1e-8
    x32 = x.float()
    naive = x32.T @ x32 / 1000 - torch.outer(x32.mean(0), x32.mean(0))
    assert (naive.double() - exact).norm() / exact.norm() > 1e3


def test_bias_of_few_samples_follows_its_formula():
    d, n = 16, 500
    got = sum(
        frechet_distance(running.mean, running.cov, torch.zeros(d), torch.eye(d))
        for running in (moments(torch.randn(n, d)) for _ in range(10))
    )
    assert got / 10 == pytest.approx(d * (d + 1) / (4 * n) + d / n, rel=0.15)


def test_too_few_samples_are_refused():
    with pytest.raises(CourseError, match="two samples"):
        _ = RunningMoments(3).update(torch.randn(1, 3)).cov
    with pytest.raises(CourseError, match="two samples"):
        frechet_from_features(torch.randn(1, 3), torch.randn(5, 3))
