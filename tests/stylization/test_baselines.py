import pytest
import torch

from cvlib.stylization.baselines import (
    affine_map,
    iterative_distribution_transfer,
    recolor,
    reinhard,
)
from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover
from cvlib.stylization.wct import covariance


@pytest.fixture(scope="module")
def style():
    return cover(sample_photo("coffee"), 40, 56)


@pytest.mark.parametrize("method", [reinhard, affine_map, iterative_distribution_transfer])
def test_baselines_return_photos_and_leave_the_style_itself_alone(method, photo, style):
    out = recolor(method, photo, style)
    assert out.shape == photo.shape
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 1
    torch.testing.assert_close(recolor(method, style, style), style, atol=2e-3, rtol=0)


def test_reinhard_matches_the_mean_colour(photo, style):
    out = recolor(reinhard, photo, style)
    assert (out.mean((1, 2)) - style.mean((1, 2))).abs().max() < 0.06


def test_global_affine_matches_the_covariance_before_clipping(style):
    content = 0.4 + 0.2 * style.flip(0)
    out = covariance(recolor(affine_map, content, style * 0.5 + 0.25).flatten(1))
    wanted = covariance((style * 0.5 + 0.25).flatten(1))
    torch.testing.assert_close(out[0], wanted[0], atol=0.02, rtol=0)
    torch.testing.assert_close(out[1], wanted[1], atol=0.01, rtol=0)


def test_distribution_transfer_matches_every_marginal(photo, style):
    out = recolor(iterative_distribution_transfer, photo, style)
    quantiles = torch.linspace(0, 1, 21)
    for a, b in zip(out.flatten(1), style.flatten(1), strict=True):
        assert (a.quantile(quantiles) - b.quantile(quantiles)).abs().max() < 0.04


@pytest.mark.parametrize("method", [reinhard, affine_map, iterative_distribution_transfer])
def test_with_masks_every_region_takes_its_own_colours(method, photo, style):
    top = torch.zeros(photo.shape[1:], dtype=torch.int64)
    top[:24] = 1
    left = torch.zeros(style.shape[1:], dtype=torch.int64)
    left[:, :28] = 1
    out = recolor(method, photo, style, (top, left))
    for label in (0, 1):
        here, there = top == label, left == label
        alone = method(photo[:, here], style[:, there]).clamp(0, 1)
        torch.testing.assert_close(out[:, here], alone, atol=1e-6, rtol=0)
