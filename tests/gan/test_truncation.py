"""The three meanings of truncation, standing statistics per threshold, and the curve."""

import math

import pytest
import torch
from scipy import stats
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import standing_statistics
from cvlib.gan.sampling import latent_batches, normal, truncated
from cvlib.gan.truncation import (
    diversity_within,
    sampler,
    scaled,
    scaled_truncated,
    truncation_curve,
    with_statistics,
)

N = 20_000


def noise(draw, seed=0):
    return draw(N, 10, torch.Generator().manual_seed(seed))


def truncated_variance(t):
    """1 - 2 t phi(t) / (2 Phi(t) - 1), the textbook variance of a normal on [-t, t]."""
    return 1 - 2 * t * stats.norm.pdf(t) / (2 * stats.norm.cdf(t) - 1)


@pytest.mark.parametrize("t", [0.04, 0.5, 1.0, 2.0])
def test_truncated_noise_has_the_truncated_normals_bound_variance_and_law(t):
    z = noise(truncated(t))
    assert z.abs().max() <= t
    assert z.var().item() == pytest.approx(truncated_variance(t), rel=0.01)
    law = stats.truncnorm(-t, t)
    assert stats.kstest(z[:, 0].numpy(), law.cdf).statistic < 0.015


def test_no_truncation_is_the_normal_law_of_training():
    assert sampler(None) is normal
    z = noise(sampler(None))
    assert z.var().item() == pytest.approx(1, abs=3 / math.sqrt(z.numel() / 2))
    assert noise(truncated(9.0)).var().item() == pytest.approx(1, abs=0.02)


def test_the_three_meanings_differ():
    half = {
        "truncated": noise(truncated(0.5)),
        "scaled_truncated": noise(scaled_truncated(0.5)),
        "scaled": noise(scaled(0.5)),
    }
    deviation = {name: z.std().item() for name, z in half.items()}
    assert deviation["truncated"] == pytest.approx(0.284, abs=0.003)
    assert deviation["scaled_truncated"] == pytest.approx(0.440, abs=0.003)
    assert deviation["scaled"] == pytest.approx(0.5, abs=0.003)
    assert half["scaled_truncated"].abs().max() <= 1
    assert half["scaled"].abs().max() > 1.5


@pytest.mark.parametrize("make", [truncated, scaled_truncated, scaled])
@pytest.mark.parametrize("t", [0, -1, math.nan])
def test_a_threshold_that_is_not_positive_is_refused(make, t):
    with pytest.raises(CourseError, match="must be positive"):
        make(t)


class Toy(nn.Module):
    """One batch norm behind noise: its statistics are those of the noise."""

    def __init__(self):
        super().__init__()
        self.z_dim = 4
        self.classes = 2
        self.bn = nn.BatchNorm2d(4)
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, z, y=None):
        return torch.tanh(self.bn(self.gain * z[:, :, None, None].expand(-1, -1, 2, 2)))


def test_standing_statistics_are_those_of_the_batches_at_this_threshold():
    net = with_statistics(Toy(), 0.5, 2000)
    batches = list(latent_batches(net, 2000, seed=7, sampler=truncated(0.5)))
    z = torch.stack([z for z, _ in batches])  # (8, 250, 4)
    assert torch.allclose(net.bn.running_mean, 3 * z.mean((0, 1)), atol=1e-5)
    # plain averages over equal batches, each with its own unbiased variance of 250 x 2 x 2 values
    unbiased = 1000 / 999
    variance = 9 * z.var(1, correction=0).mean(0) * unbiased
    assert torch.allclose(net.bn.running_var, variance, rtol=1e-4)


class Found:
    frechet, precision, recall, inception, accuracy = 1.0, 0.5, 0.5, None, None


def test_the_curve_recomputes_statistics_only_when_told_and_leaves_g_alone():
    G = standing_statistics(Toy(), latent_batches(Toy(), 2000, seed=7))
    before = G.bn.running_var.clone()
    deviations = []

    def evaluate(batches, source):
        deviations.append(torch.cat([images for images, _ in batches]).std().item())
        return Found

    for standing in (2000, 0):
        truncation_curve(G, (None, 0.3), evaluate, 1000, standing)
    again_inf, again_low, kept_inf, kept_low = deviations
    assert torch.equal(G.bn.running_var, before)
    assert again_low == pytest.approx(again_inf, rel=0.1), "new statistics undo the smaller scale"
    assert kept_low < 0.5 * kept_inf, "old statistics let it through"


def test_the_curve_counts_saturated_pixels():
    def drained(batches, source):
        list(batches)
        return Found

    G = Toy().eval()  # running variance 1: tanh(3 z) is often at its end
    low, high = truncation_curve(G, (0.1, None), drained, 2000, 0)
    assert low.saturation == 0
    # |tanh(3 z)| > .99 where |z| > atanh(.99) / 3
    expected = 2 * stats.norm.sf(math.atanh(0.99) / 3)
    assert high.saturation == pytest.approx(expected, abs=0.02)
    assert (low.threshold, high.threshold) == (0.1, None)


def test_diversity_within_a_class():
    images = torch.stack([torch.full((1, 2, 2), v) for v in (0.0, 1.0, -1.0, -1.0)])
    y = torch.tensor([0, 0, 1, 1])
    assert diversity_within(images, y) == pytest.approx(0.5)
    with pytest.raises(CourseError, match="no class has two images"):
        diversity_within(images[:1], y[:1])
