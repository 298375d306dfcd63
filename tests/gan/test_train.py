"""Losses, steps, the moving average and bit-identical continuation (oracles 17-20)."""

import copy
import io
from functools import partial

import pytest
import torch
from torch import nn

from cvlib.gan.losses import hinge_d, hinge_g
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator
from cvlib.gan.sampling import class_grid, latent_batches, latents, samples
from cvlib.gan.sizes import TINY16
from cvlib.gan.train import EMA, d_step, descend, g_step


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_hinge_by_hand():
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.3, 0.0])
    assert hinge_d(real, fake).item() == pytest.approx(2.5 / 3 + 2.3 / 3, abs=1e-6)
    assert hinge_g(fake).item() == pytest.approx(1.7 / 3, abs=1e-6)


def test_hinge_gradient_stops_where_the_margin_holds_and_gs_never():
    real = torch.tensor([2.0, 0.5], requires_grad=True)
    fake = torch.tensor([-2.0, 0.3], requires_grad=True)
    hinge_d(real, fake).backward()
    assert real.grad.tolist() == [0, -0.5]
    assert fake.grad.tolist() == [0, 0.5]
    far = torch.tensor([5.0, -5.0], requires_grad=True)
    hinge_g(far).backward()
    assert far.grad.tolist() == [-0.5, -0.5]


def test_two_means_are_added_also_for_unequal_counts():
    assert hinge_d(torch.zeros(1), torch.zeros(9)).item() == 2


class Nets:
    """Everything that a GAN's training carries."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.G, self.D = ResGenerator(TINY16), ProjectionDiscriminator(TINY16)
        adam = partial(torch.optim.Adam, lr=1e-3, betas=(0.0, 0.999), eps=1e-6)
        self.opt_g, self.opt_d = adam(self.G.parameters()), adam(self.D.parameters())
        self.ema = EMA(self.G, 0.9)
        self.parts = vars(self).copy()
        self.x = torch.rand(64, 1, 16, 16) * 2 - 1
        self.y = torch.arange(64) % 10

    def step(self, order: torch.Generator) -> None:
        i = torch.randint(0, 64, (8,), generator=order)
        d_step(self.G, self.D, self.opt_d, (self.x[i], self.y[i]), latents(self.G, 8, order))
        g_step(self.G, self.D, self.opt_g, latents(self.G, 8, order))
        self.ema.update(self.G)

    def state(self) -> dict:
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load(self, state: dict) -> None:
        for name, part in self.parts.items():
            part.load_state_dict(state[name])


def equal(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


@pytest.mark.parametrize("drop", [(), (".u", ".v")])
def test_resume_is_bit_identical_unless_u_and_v_are_dropped(drop):
    straight, order = Nets(), torch.Generator().manual_seed(5)
    for _ in range(3):
        straight.step(order)
    file = io.BytesIO()
    torch.save({**straight.state(), "order": order.get_state()}, file)
    for _ in range(3):
        straight.step(order)

    resumed, file = Nets(), io.BytesIO(file.getvalue())
    state = torch.load(file, weights_only=True)
    for net in ("G", "D"):
        fresh = getattr(resumed, net).state_dict()
        state[net].update({k: v for k, v in fresh.items() if drop and k.endswith(drop)})
    resumed.load(state)
    order = torch.Generator()
    order.set_state(state["order"])
    for _ in range(3):
        resumed.step(order)
    assert equal(straight.state(), resumed.state()) is (not drop)


def test_accumulation_equals_the_big_batch_for_d():
    nets = Nets()
    fake, real = latents(nets.G, 32, torch.Generator()), (nets.x[:32], nets.y[:32])
    grads = []
    for chunks in (1, 4):
        G, D = copy.deepcopy(nets.G).eval(), copy.deepcopy(nets.D)  # batch norm rests
        opt = torch.optim.SGD(D.parameters(), lr=0.0)
        d_step(G, D, opt, real, fake, partial(descend, chunks=chunks))
        grads.append(torch.cat([p.grad.flatten() for p in D.parameters()]))
    assert (grads[0] - grads[1]).norm() / grads[0].norm() < 1e-5


def test_accumulation_differs_for_g_because_of_batch_norm():
    nets, grads = Nets(), []
    fake = latents(nets.G, 32, torch.Generator())
    for chunks in (1, 4):
        G, D = copy.deepcopy(nets.G), copy.deepcopy(nets.D)
        g_step(G, D, torch.optim.SGD(G.parameters(), lr=0.0), fake, partial(descend, chunks=chunks))
        grads.append(torch.cat([p.grad.flatten() for p in G.parameters()]))
    assert (grads[0] - grads[1]).norm() / grads[0].norm() > 0.01


def test_each_step_moves_its_own_net_only():
    nets = Nets()
    before = copy.deepcopy(nets.state())

    def moved(net):
        now = nets.state()[net]
        return any(not torch.equal(now[k], v) for k, v in before[net].items() if "original" in k)

    d_step(nets.G, nets.D, nets.opt_d, (nets.x, nets.y), latents(nets.G, 64, torch.Generator()))
    assert (moved("D"), moved("G")) == (True, False)
    before = copy.deepcopy(nets.state())
    g_step(nets.G, nets.D, nets.opt_g, latents(nets.G, 64, torch.Generator()))
    assert (moved("D"), moved("G")) == (False, True)
    assert all(p.requires_grad for p in nets.D.parameters())


def test_a_thousandth_of_each_loss_goes_down():
    nets, order = Nets(), torch.Generator().manual_seed(0)
    fake = latents(nets.G, 64, order)
    losses = [d_step(nets.G, nets.D, nets.opt_d, (nets.x, nets.y), fake) for _ in range(5)]
    assert losses[-1] < losses[0]


def test_ema_follows_its_law_and_copies_buffers():
    net = nn.BatchNorm1d(3)
    ema = EMA(net, decay=0.5)
    assert torch.equal(ema.net.weight, net.weight)
    nn.init.constant_(net.weight, 3.0)
    net.running_mean.fill_(4)
    kept = 1.0
    for t in range(20):
        ema.update(net)
        kept *= min(0.5, (1 + t) / (10 + t))
        torch.testing.assert_close(
            ema.net.weight, torch.full((3,), 3 - 2 * kept), atol=1e-6, rtol=0
        )
    assert torch.equal(ema.net.running_mean, net.running_mean)
    assert ema.t == 20


def test_samples_are_reproducible_and_counted():
    G = ResGenerator(TINY16).eval()
    first, again = (torch.cat([x for x, _ in samples(G, 270, seed=3)]) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (270, 1, 16, 16)
    assert not torch.equal(first[:250], torch.cat([x for x, _ in samples(G, 250, seed=4)]))
    y = torch.cat([y for _, y in latent_batches(G, 5000, seed=0)])
    assert (y.bincount() > 400).all()


def test_class_grid_has_one_row_per_class():
    G = ResGenerator(TINY16).eval()
    assert class_grid(G, 3, seed=0).shape == (30, 1, 16, 16)
