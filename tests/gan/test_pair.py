"""Steps, pairs, frozen nets and truncated noise: what the chapters share."""

import math

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError, Diverged
from cvlib.gan.losses import lsgan_d, lsgan_g
from cvlib.gan.norm import standing_statistics
from cvlib.gan.pair import Pair, Recipe, build_pair
from cvlib.gan.patch import MultiscaleDiscriminator
from cvlib.gan.sampling import class_grid, latent_batches, latents, samples, truncated
from cvlib.gan.sizes import TINY16
from cvlib.gan.train import EMA, d_step, ema_decay, frozen, g_step

RECIPE = Recipe(steps=3, batch=8, lr_g=1e-3, lr_d=2e-3, half_life=64)
CPU = torch.device("cpu")


class Saved:
    """Stands in for a run's task: keeps one state in memory."""

    def __init__(self, pair, step=0):
        self.pair, self.step, self.checkpoints, self.state = pair, step, self, None

    def save(self):
        copied = {k: torch.utils._pytree.tree_map(_copy, v.state_dict()) for k, v in self.parts}
        self.state = {"objects": copied}

    @property
    def parts(self):
        return self.pair.parts().items()

    def load(self):
        return self.state


def _copy(value):
    return value.clone() if isinstance(value, torch.Tensor) else value


def test_frozen_gives_every_flag_back_also_after_an_error():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[0].weight.requires_grad_(False)
    before = [p.requires_grad for p in net.parameters()]
    x = torch.randn(1, 2, requires_grad=True)

    def fail_inside():
        with frozen(net):
            net(x).sum().backward()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert x.grad is not None
    assert all(p.grad is None for p in net.parameters())
    assert [p.requires_grad for p in net.parameters()] == before


def test_a_diverged_pair_comes_back_to_what_was_saved_and_says_why():
    pair = build_pair(TINY16, RECIPE, CPU, seed=0)
    task, weight = Saved(pair), pair.G.out.parametrizations.weight.original
    before = weight.detach().clone()
    with pair.kept_when_diverged(task):
        with torch.no_grad():
            weight.fill_(float("nan"))
        raise Diverged("loss is nan at step 2")
    assert torch.equal(weight, before)
    assert "step 2" in pair.diverged


def test_a_resumed_pair_is_not_saved_again_and_nothing_else_is_swallowed():
    pair = build_pair(TINY16, RECIPE, CPU, seed=0)
    task = Saved(pair, step=5)
    with pair.kept_when_diverged(task):
        pass
    assert task.state is None
    assert pair.diverged == ""
    with pytest.raises(CourseError, match="no checkpoint"), pair.kept_when_diverged(task):
        raise Diverged("x")
    with pytest.raises(ZeroDivisionError), pair.kept_when_diverged(task):
        raise ZeroDivisionError


def test_pairs_start_alike_for_a_seed_whatever_ran_before():
    first = build_pair(TINY16, RECIPE, CPU, seed=3)
    torch.randn(100)
    second = build_pair(TINY16, RECIPE, CPU, seed=3)
    states = [pair.D.state_dict() for pair in (first, second)]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def test_half_of_an_average_is_forgotten_in_its_half_life():
    decay = ema_decay(half_life=6400, batch=64)
    assert decay**100 == pytest.approx(0.5)
    assert build_pair(TINY16, RECIPE, CPU, 0).ema.decay == pytest.approx(0.5 ** (1 / 8))


class Translate(nn.Module):
    """A generator of images from images, with a condition that it adds."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x, condition):
        return self.conv(x) + condition


class Conditional(nn.Module):
    """A multiscale patch critic of images and condition."""

    def __init__(self):
        super().__init__()
        self.net = MultiscaleDiscriminator(6, (4, 8))

    def forward(self, x, condition):
        return self.net(torch.cat([x, condition], dim=1))


def scores(maps):
    return [scale[-1] for scale in maps]


def test_steps_serve_image_translation_with_lists_of_patch_maps():
    torch.manual_seed(0)
    G, D = Translate(), Conditional()
    opts = [torch.optim.Adam(net.parameters(), 1e-2) for net in (G, D)]
    pair = Pair(G, D, *opts, EMA(G, 0.9))
    x, condition = torch.randn(2, 4, 3, 32, 32)
    d_losses, g_losses = [], []
    for _ in range(8):
        d_losses.append(
            d_step(
                G, D, pair.opt_d, (x, condition), (x, condition),
                loss=lambda real, fake: lsgan_d(scores(real), scores(fake)),
            )
        )  # fmt: skip
        g_losses.append(
            g_step(G, D, pair.opt_g, (x, condition), loss=lambda fake: lsgan_g(scores(fake)))
        )
    assert d_losses[-1] < d_losses[0]
    assert all(p.requires_grad for p in D.parameters())
    assert set(pair.parts()) == {"G", "D", "opt_g", "opt_d", "ema"}


@pytest.mark.parametrize("t", [2.0, 1.0, 0.5, 0.04])
def test_truncated_noise_stays_inside_and_has_its_variance(t):
    z = truncated(t)(2000, 50, torch.Generator().manual_seed(0)).double()
    assert z.abs().max() <= t
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    expected = 1 - 2 * t * density / math.erf(t / math.sqrt(2))
    assert float(z.var()) == pytest.approx(expected, rel=0.02)
    inside = torch.linspace(-t, t, 9).double()[1:-1]
    for x in inside:
        share = 0.5 + 0.5 * math.erf(float(x) / math.sqrt(2)) / math.erf(t / math.sqrt(2))
        assert float((z <= x).double().mean()) == pytest.approx(share, abs=0.01)


def test_truncation_reaches_samples_grids_and_standing_statistics():
    pair = build_pair(TINY16, RECIPE, CPU, seed=0)
    narrow = truncated(0.1)
    z, _ = latents(pair.G, 10, torch.Generator(), sampler=narrow)
    assert z.abs().max() <= 0.1
    G = pair.evaluated(100, sampler=narrow)
    other = standing_statistics(pair.evaluated(100), latent_batches(G, 100, seed=7))
    assert not torch.equal(G.bn.running_var, other.bn.running_var)
    wide, tight = (
        torch.cat([x for x, _ in samples(G, 50, seed=1, sampler=s)]) for s in (truncated(9), narrow)
    )
    assert tight.std(0).mean() < wide.std(0).mean()
    assert class_grid(G, 2, seed=0, sampler=narrow).shape == (20, 1, 16, 16)
    with pytest.raises(CourseError, match="positive"):
        truncated(0)
