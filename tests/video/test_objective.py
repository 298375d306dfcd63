"""The terms of the objective, by hand; regions pooled as a loop would do it."""

import math

import pytest
import torch

from cvlib.gan.losses import hinge_g, lsgan_g
from cvlib.video.flow import warp
from cvlib.video.instances import pool
from cvlib.video.objective import flow_loss, gradient_l1, mask_loss, picture_loss


def test_edges_count_where_colours_do_not():
    x = torch.rand(1, 3, 6, 8)
    assert gradient_l1(x, x + 0.3) == pytest.approx(0, abs=1e-6)
    assert picture_loss(x, x + 0.3).item() == pytest.approx(0.3, rel=1e-5)
    edge = torch.zeros(1, 1, 2, 5)
    edge[..., 2:] = 1
    assert gradient_l1(edge, torch.zeros_like(edge)).item() == 0.25  # one of four steps across


def test_the_flow_loss_vanishes_for_the_true_flow_and_counts_only_what_is_trusted():
    previous = torch.rand(1, 3, 6, 8)
    true = torch.full((1, 2, 6, 8), 1.0)
    x = warp(previous, true)
    trust = torch.ones(1, 1, 6, 8)
    assert flow_loss(true, true, x, previous, trust).item() == 0
    zero = torch.zeros_like(true)
    photometric = (previous - x).abs().mean().item()
    loss = flow_loss(zero, true, x, previous, trust).item()
    assert loss == pytest.approx(1 / 8 + photometric, rel=1e-4)
    assert flow_loss(zero, true, x, previous, 0 * trust).item() == 0


def test_hidden_pixels_weigh_more():
    visible = torch.tensor([1.0, 1.0, 1.0, 0.0]).view(1, 1, 1, 4)
    mask = torch.full((1, 1, 1, 4), 0.2)
    loss = mask_loss(mask, visible, weight=5.0).item()
    assert loss == pytest.approx((-3 * math.log(0.8) - 5 * math.log(0.2)) / 8, rel=1e-5)
    sure = torch.tensor([0.0, 0.0, 0.0, 1.0]).view(1, 1, 1, 4)
    assert mask_loss(sure, visible, weight=5.0).item() == pytest.approx(0, abs=1e-3)


def test_a_region_gets_its_mean_in_each_image_of_its_own():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 5, 7, generator=generator)
    index = torch.randint(0, 4, (2, 5, 7), generator=generator) * 1000
    pooled = pool(x, index)
    for image in range(2):
        for region in index[image].unique():
            here = index[image] == region
            mean = x[image][:, here].mean(1)
            torch.testing.assert_close(
                pooled[image][:, here], mean[:, None].expand(3, int(here.sum()))
            )
    torch.testing.assert_close(pool(pooled, index), pooled)


def test_hinge_and_least_squares_are_two_losses():
    """The authors' switch reads any name as least squares."""
    scores = torch.tensor([0.3, -2.0])
    assert hinge_g(scores).item() != pytest.approx(lsgan_g(scores).item())
