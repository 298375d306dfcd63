"""What chapter 07's parts cost: a rendered face, a training step, analysis by synthesis."""

from __future__ import annotations

from functools import partial

import torch

from cvlib.chapters.ganimation.config import CONFIG, FEW
from cvlib.chapters.ganimation.train import build
from cvlib.course.run.timing import median_of
from cvlib.faces.aus import sample_expressions, spread
from cvlib.faces.fit import FitBank, fit_by_descent
from cvlib.faces.identity import sample_identities
from cvlib.faces.render import HEAD, render_many
from cvlib.gan.animation_losses import animator_loss, critic_loss
from cvlib.gan.pair import Pair


def bench(quick: bool = False) -> str:
    """Faces a second, steps a second with and without the lazy penalty, seconds a fitted face."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    repeats = 2 if quick else 10
    lines = [f"device {device}, median of {repeats}"]
    lines += _rendering((32,) if quick else (32, 64, 128), repeats, device)
    lines += _steps(repeats, device)
    return "\n".join([*lines, *_fitting(repeats, device)])


def _rendering(sizes: tuple[int, ...], repeats: int, device: torch.device) -> list[str]:
    draw = torch.Generator().manual_seed(0)
    face = sample_identities(100, draw).to(device)
    aus = sample_expressions(100, draw).to(device)
    lines = []
    for size in sizes:
        took = median_of(partial(render_many, face, aus, size, HEAD), repeats)
        lines.append(f"renderer, {size} px: {100 / took:,.0f} faces/s")
    return lines


def _steps(repeats: int, device: torch.device) -> list[str]:
    c = CONFIG["laptop"]
    pair = build(c, c.arms[0], device, 0)
    x = torch.rand(c.batch, 3, c.size, c.size, device=device) * 2 - 1
    y = torch.rand(c.batch, len(c.numbers), device=device)
    names = {0: "without penalty", 1: "penalty at every step"}
    took = {n: median_of(partial(one_step, pair, x, y, n), repeats) for n in names}
    lazy = took[0] + (took[1] - took[0]) / c.penalty_every
    lines = [f"step of both nets, {names[n]}: {1000 * t:.0f} ms" for n, t in took.items()]
    return [*lines, f"the same, penalty at every {c.penalty_every}th step: {1000 * lazy:.0f} ms"]


def one_step(pair: Pair, x: torch.Tensor, y: torch.Tensor, penalty: int) -> None:
    """One step of D and one of G on pictures (B, 3, S, S) and strengths (B, n)."""
    draw = torch.Generator(x.device).manual_seed(0)
    target = y.roll(1, 0)
    with torch.no_grad():
        fake = pair.G(x, target).image
    loss = critic_loss(pair.D, x, y, fake, FEW, draw, penalty)
    pair.opt_d.zero_grad()
    loss.backward()
    pair.opt_d.step()

    there = pair.G(x, target)
    loss = animator_loss(pair.G, pair.D, x, y, target, there, FEW, FEW.attention, draw)
    pair.opt_g.zero_grad()
    loss.backward()
    pair.opt_g.step()


def _fitting(repeats: int, device: torch.device) -> list[str]:
    c = CONFIG["smoke"]
    draw = torch.Generator().manual_seed(0)
    face = sample_identities(4, draw)
    strengths = torch.rand(4, len(c.numbers), generator=draw)
    pictures = render_many(face, spread(strengths, c.numbers), c.size, c.framing)
    make = partial(FitBank, face, c.numbers, c.size, c.framing, c.levels)
    built = median_of(make, repeats)
    start = torch.zeros_like(strengths)
    search = partial(fit_by_descent, pictures, face, c.numbers, c.framing, start)
    searched = median_of(search, repeats)
    return [
        f"grid of {c.levels} levels, three units: {1000 * built / 4:.0f} ms a person",
        f"search, three units: {1000 * searched / 4:.0f} ms a face",
    ]
