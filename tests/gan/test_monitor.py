"""The collapse monitor: planted collapses are found, calm trainings are left alone."""

import math

import pytest
import torch
from torch import nn

from cvlib.course.errors import Diverged
from cvlib.gan.monitor import (
    CollapseMonitor,
    called_real,
    distance_to_average,
    sigma_jump,
    spread,
)


class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 16)

    def forward(self, z, y=None):
        return torch.tanh(self.linear(z)).unflatten(1, (1, 4, 4))


class D(nn.Module):
    """Knows the images that it was given by heart."""

    def __init__(self, known):
        super().__init__()
        self.register_buffer("known", known.flatten(1))
        self.scale = nn.Linear(1, 1)

    def forward(self, x, y=None):
        return 0.1 - torch.cdist(x.flatten(1), self.known).min(1).values


def make_monitor():
    draw = torch.Generator().manual_seed(0)
    y = torch.zeros(8, dtype=torch.long)
    seen = torch.rand(8, 1, 4, 4, generator=draw)
    unseen = torch.rand(8, 1, 4, 4, generator=draw)
    z = torch.randn(8, 4, generator=draw)
    return CollapseMonitor((seen, y), (unseen, y), z, y), D(seen)


def test_a_discriminator_that_remembers_is_seen():
    monitor, critic = make_monitor()
    reading = monitor.read(0, G(), critic)
    assert reading.train_real == 1
    assert reading.held_out_real == 0
    assert critic.training, "its mode is put back"


def test_the_reading_holds_sigma_of_every_layer_and_the_spread_of_fixed_noise():
    monitor, critic = make_monitor()
    net = G()
    reading = monitor.read(3, net, critic, frechet=lambda: 7.0)
    expected = torch.linalg.svdvals(net.linear.weight)[:3].tolist()
    assert reading.sigma_g["linear"] == pytest.approx(expected, rel=1e-4)
    assert reading.spread > 0
    assert spread(torch.ones(5, 1, 2, 2)) == 0
    row = reading.row()
    assert row["sigma_g/linear"] == reading.sigma_g["linear"][0]
    assert row["frechet"] == 7.0
    assert all(isinstance(value, float) for value in row.values())


@pytest.mark.parametrize("at", [900, 1500])
def test_a_planted_explosion_is_found_at_its_step(at):
    steps = list(range(0, 2001, 50))
    calm = [1 + s / 4000 for s in steps]
    planted = [v * (3 if s >= at else 1) for s, v in zip(steps, calm, strict=True)]
    assert sigma_jump(steps, calm) is None
    assert sigma_jump(steps, planted) == at


def test_the_first_growth_of_every_training_is_no_collapse():
    steps = list(range(0, 1001, 50))
    assert sigma_jump(steps, [min(1 + s / 100, 4) for s in steps]) is None
    assert sigma_jump(steps, [1.0] * 20 + [math.nan]) == 1000


def test_the_monitor_names_what_it_saw():
    monitor, critic = make_monitor()
    net = G()
    for step, frechet in ((0, 50.0), (600, 10.0), (700, 12.0)):
        monitor.read(step, net, critic, lambda value=frechet: value)
        assert monitor.collapsed == ""
    monitor.read(800, net, critic, lambda: 21.0)
    assert "Fréchet distance is over 2.0 x its best at step 800" in monitor.collapsed
    with torch.no_grad():
        net.linear.weight.mul_(4)
    monitor.read(900, net, critic, lambda: 11.0)
    assert "sigma_0 of G's linear grew" in monitor.collapsed


def test_a_generator_that_draws_nan_is_refused():
    monitor, critic = make_monitor()
    net = G()
    with torch.no_grad():
        net.linear.weight.fill_(math.nan)
    with pytest.raises(Diverged, match="not finite at step 5"):
        monitor.read(5, net, critic)


def test_distance_to_the_average():
    a, b = nn.Linear(3, 2), nn.Linear(3, 2)
    b.load_state_dict(a.state_dict())
    assert distance_to_average(a, b) == 0
    with torch.no_grad():
        for p in a.parameters():
            p.mul_(1.5)
    assert distance_to_average(a, b) == pytest.approx(0.5, rel=1e-5)
    assert 0 <= called_real(D(torch.zeros(1, 1, 4, 4)), torch.ones(2, 1, 4, 4), None) <= 1
