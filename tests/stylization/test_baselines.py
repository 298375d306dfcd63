import pytest
import torch

from cvlib.chapters.fast_photo_style.sets import sample_photo
from cvlib.stylization.baselines import global_affine, iterative_distribution_transfer, reinhard
from cvlib.stylization.photos import cover
from cvlib.stylization.wct import covariance


@pytest.fixture(scope="module")
def style():
    return cover(sample_photo("coffee"), 40, 56)


@pytest.mark.parametrize("method", [reinhard, global_affine, iterative_distribution_transfer])
def test_baselines_return_photos_and_leave_the_style_itself_alone(method, photo, style):
    out = method(photo, style)
    assert out.shape == photo.shape
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 1
    torch.testing.assert_close(method(style, style), style, atol=2e-3, rtol=0)


def test_reinhard_matches_the_mean_colour(photo, style):
    out = reinhard(photo, style)
    assert (out.mean((1, 2)) - style.mean((1, 2))).abs().max() < 0.06


def test_global_affine_matches_the_covariance_before_clipping(style):
    content = 0.4 + 0.2 * style.flip(0)
    out = covariance(global_affine(content, style * 0.5 + 0.25).flatten(1))
    wanted = covariance((style * 0.5 + 0.25).flatten(1))
    torch.testing.assert_close(out[0], wanted[0], atol=0.02, rtol=0)
    torch.testing.assert_close(out[1], wanted[1], atol=0.01, rtol=0)


def test_distribution_transfer_matches_every_marginal(photo, style):
    out = iterative_distribution_transfer(photo, style)
    quantiles = torch.linspace(0, 1, 21)
    for a, b in zip(out.flatten(1), style.flatten(1), strict=True):
        assert (a.quantile(quantiles) - b.quantile(quantiles)).abs().max() < 0.04
