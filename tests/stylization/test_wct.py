import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.stylization.wct import (
    covariance,
    matrix_sqrt_psd,
    wct,
    whiten,
)


def features(channels, n, seed, dtype=torch.float64, decay=2.0):
    """Correlated non-negative features with eigenvalues over `decay` decades, like a ReLU's."""
    g = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(channels, channels, generator=g, dtype=torch.float64)).Q
    spread = torch.logspace(0, -decay / 2, channels, dtype=torch.float64)
    x = (basis * spread) @ torch.randn(channels, n, generator=g, dtype=torch.float64) + 0.3
    return x.relu().to(dtype)


def error(x, y):
    """Relative Frobenius distance of two feature clouds' covariances."""
    a, b = covariance(x)[1], covariance(y)[1]
    return float((a - b).norm() / b.norm())


@pytest.fixture
def content():
    return features(32, 2000, 0)


@pytest.fixture
def style():
    return features(32, 1500, 1) * 3


def test_output_has_the_style_mean_and_covariance(content, style):
    out = wct(content, style)
    assert error(out, style) < 1e-10
    torch.testing.assert_close(out.mean(1), style.mean(1), atol=1e-10, rtol=0)
    single = wct(content.float(), style.float())
    assert single.dtype == torch.float32
    assert error(single, style) < 1e-4
    assert (single.double().mean(1) - style.mean(1)).abs().max() < 1e-6


def test_whitened_covariance_is_the_identity(content):
    for x, close in [(content, 1e-10), (content.float(), 1e-4)]:
        mean, cov = covariance(whiten(x))
        assert (cov - torch.eye(32)).abs().max() < close
        assert mean.abs().max() < 1e-6


def test_square_root_and_its_inverse(content):
    _, cov = covariance(content)
    root = matrix_sqrt_psd(cov)
    torch.testing.assert_close(root @ root, cov, atol=1e-12, rtol=0)
    torch.testing.assert_close(root, root.T, atol=1e-12, rtol=0)
    inverse = matrix_sqrt_psd(cov, inverse=True)
    torch.testing.assert_close(root @ inverse, torch.eye(32).double(), atol=1e-9, rtol=0)


def test_idempotent(content, style):
    torch.testing.assert_close(wct(style, style), style, atol=1e-9, rtol=0)
    once = wct(content, style)
    torch.testing.assert_close(wct(once, style), once, atol=1e-8, rtol=0)


def test_rank_deficient_features_lose_only_their_empty_directions(style):
    few = features(32, 20, 3)
    assert int((torch.linalg.eigvalsh(covariance(whiten(few))[1]) > 0.5).sum()) == 19
    assert error(wct(few, style), style) > 0.1


def test_affine_invariance(content, style, generator):
    A = torch.eye(32).double() + torch.randn(32, 32, generator=generator).double() / 16
    assert error(wct(A @ content + 1, style), style) < 1e-7
    Q = torch.linalg.qr(A).Q
    turned = wct(Q @ content, Q @ style)
    torch.testing.assert_close(turned, Q @ wct(content, style), atol=1e-8, rtol=0)


def test_one_channel_is_mean_and_spread(content, style):
    c, s = content[:1], style[:1]
    expected = (c - c.mean()) / c.std() * s.std() + s.mean()
    torch.testing.assert_close(wct(c, s), expected, atol=1e-12, rtol=0)


def test_alpha_blends(content, style):
    assert torch.equal(wct(content, style, alpha=0.0), content)
    half = wct(content, style, alpha=0.5)
    torch.testing.assert_close(half, (wct(content, style) + content) / 2, atol=1e-12, rtol=0)


def test_ridge_of_one_is_not_wct(content, style):
    """The released code adds the identity before whitening: the contrast falls short."""
    small = content * 0.3
    assert error(wct(small, style, ridge=1.0), style) > 0.5
    assert wct(small, style, ridge=1.0).var() < 0.5 * wct(small, style).var()


def test_wrong_input_is_one_clear_sentence(content, style):
    with pytest.raises(CourseError, match="two features or more"):
        covariance(content[:, :1])
