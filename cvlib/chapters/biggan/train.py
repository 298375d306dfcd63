"""BigGAN's training: chapter 06's two steps, with an orthogonal push on G's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from cvlib.course import data
from cvlib.course.run.run import Run
from cvlib.gan.pair import Pair, Recipe, build_pair
from cvlib.gan.regularize import add_orthogonal_grad_
from cvlib.gan.sampling import latents, real_batch
from cvlib.gan.sizes import GANConfig
from cvlib.gan.train import Batch, d_step, g_step
from cvlib.metrics.digits import digits16

Look = Callable[[int, Pair], dict[str, float]]  # after a step: what the history should keep of it
History = list[dict[str, float]]


def nothing(step: int, pair: Pair) -> dict[str, float]:
    """A `Look` that sees nothing."""
    return {}


def train(
    run: Run, name: str, net: GANConfig, recipe: Recipe, images: Batch,
    *, beta: float = 0.0, flip: bool = False, look: Look = nothing,
) -> tuple[Pair, History]:  # fmt: skip
    """Train one pair on uint8 `images` (N, C, R, R) with classes (N,); resumes by itself.

    With `beta` > 0 each step of G adds the gradient of the orthogonal penalty (Eq. 3) after
    backward, without a graph. `look(steps done, pair)` is called after every step; what it returns
    is kept with the losses. A pair that diverges ends at its last saved state and says so in
    `pair.diverged`.
    """
    pair = build_pair(net, recipe, run.device, run.seed)
    G, D = pair.G, pair.D
    push = partial(add_orthogonal_grad_, G, beta) if beta else None

    with run.task(name, **pair.parts()) as task, pair.kept_when_diverged(task):
        for step in task.steps(recipe.steps):
            G.train()
            D.train()
            draw = task.generator(step)
            chosen = task.batch(step, len(images[0]), recipe.batch)  # (B,)

            real = real_batch(images, chosen, flip, draw)  # (B, C, R, R), (B,)
            fake = latents(G, recipe.batch, draw, run.device)  # (B, z_dim), (B,)
            loss_d = d_step(G, D, pair.opt_d, real, fake, task.descend)

            fake = latents(G, recipe.batch, draw, run.device)  # new noise for G
            descend = partial(task.descend, after_backward=push)
            loss_g = g_step(G, D, pair.opt_g, fake, descend)

            pair.ema.update(G)
            task.log(step, loss=loss_d, loss_g=loss_g, **look(step + 1, pair))
    return pair, task.history


@dataclass(frozen=True)
class Material:
    """Training images and held-out ones, uint8 with their classes, on the device; their name."""

    train: Batch
    held_out: Batch
    label: str


def read(name: str, held_out: int, device: torch.device) -> Material:
    """The digits at 16 px, or a set of colour images at 32 px."""
    if name == "mnist5k":
        train, test = digits16("train"), digits16("test")
        label = "MNIST, 5,000 digits at 16 px"
    else:
        loaded = data.images(name)
        train = (loaded.train_x, loaded.train_y)
        test = (loaded.test_x, loaded.test_y)
        label = loaded.label
    return Material(
        (train[0].to(device), train[1].to(device)),
        (test[0][:held_out].to(device), test[1][:held_out].to(device)),
        label,
    )
