"""What BigGAN's additions cost: a step with and without them, the monitor, truncated sampling."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch

from cvlib.chapters.biggan.config import BIG16, BIG32
from cvlib.course.run.timing import median_of
from cvlib.gan.monitor import CollapseMonitor
from cvlib.gan.pair import Pair, Recipe, build_pair
from cvlib.gan.regularize import add_orthogonal_grad_
from cvlib.gan.sampling import latents, normal, truncated
from cvlib.gan.sizes import GANConfig
from cvlib.gan.train import d_step, descend, g_step

BATCH = 64
EVERY = 100  # steps between two readings of the monitor, as in a long training


def one_step(pair: Pair, beta: float) -> None:
    """One step of D and one of G on random images, with the orthogonal push if beta > 0."""
    G = pair.G
    draw = torch.Generator(pair.device).manual_seed(0)
    z, y = latents(G, BATCH, draw, pair.device)
    x = G(z, y).detach()  # (B, C, R, R)
    d_step(G, pair.D, pair.opt_d, (x, y), (z, y))
    g_step(G, pair.D, pair.opt_g, (z, y), partial(pushed_descend, net=G, beta=beta))
    pair.ema.update(G)


def pushed_descend(opt, loss_of, index, net, beta):  # type: ignore[no-untyped-def]
    """`train.descend` with the orthogonal push between backward and the optimiser."""
    if not beta:
        return descend(opt, loss_of, index)
    opt.zero_grad(set_to_none=True)
    loss = loss_of(index)
    loss.backward()
    add_orthogonal_grad_(net, beta)
    opt.step()
    return loss.detach()


def bench(quick: bool = False) -> str:
    """Images per second of the steps, the monitor's share, and truncated samples per second."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = {"16 px": BIG16} if quick or device.type == "cpu" else {"16 px": BIG16, "32 px": BIG32}
    repeats = 3 if quick else 10
    lines = [f"device {device}, batch {BATCH}, median of {repeats}"]
    for name, config in sizes.items():
        lines += _steps(name, config, repeats, device)
    lines.append(_noise(repeats, device))
    return "\n".join(lines)


def _steps(name: str, config: GANConfig, repeats: int, device: torch.device) -> list[str]:
    how = Recipe(1, BATCH, 1e-4, 1e-4, half_life=5000)
    plain = replace(config, shared_dim=0, hierarchical_z=False)
    took = {}
    for what, net, beta in (
        ("tables, no push", plain, 0.0),
        ("shared vectors", config, 0.0),
        ("shared vectors, push", config, 1e-4),
    ):
        pair = build_pair(net, how, device, 0)
        took[what] = median_of(partial(one_step, pair, beta), repeats)
    draw = torch.Generator(device).manual_seed(0)
    z, y = latents(pair.G, BATCH, draw, device)
    seen = pair.G(z, y).detach(), y
    monitor = CollapseMonitor(seen, seen, z, y)
    look = median_of(partial(monitor.read, 0, pair.G, pair.D), repeats)
    share = look / EVERY / took["shared vectors, push"]
    lines = [f"{name}, {what}: {BATCH / t:,.0f} images/s" for what, t in took.items()]
    return [*lines, f"{name}, monitor every {EVERY} steps: {share:.1%} of a step"]


def _noise(repeats: int, device: torch.device) -> str:
    draw = torch.Generator(device).manual_seed(0)
    rates = {
        what: 100_000 / median_of(partial(make, 1000, 100, draw), repeats) / 1e6
        for what, make in (("normal", normal), ("truncated at 0.5", truncated(0.5)))
    }
    return "noise: " + ", ".join(f"{what} {rate:.0f} M/s" for what, rate in rates.items())
