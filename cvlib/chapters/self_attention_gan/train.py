"""The loop that trains a pair of nets: one step of D, one step of G, the moving average."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.gan.pair import Pair, Recipe, build_pair
from cvlib.gan.sampling import latents
from cvlib.gan.sizes import GANConfig
from cvlib.gan.train import d_step, g_step

Labelled = tuple[Tensor, Tensor]  # uint8 images (N, C, R, R) and classes (N,), on the device
Watch = Callable[[Pair], dict[str, float]]


def real_batch(images: Labelled, index: Tensor, flip: bool, draw: torch.Generator) -> Labelled:
    """Images `index` (B,) in [-1, 1], mirrored at random if `flip`, and their classes (B,)."""
    x, y = images
    index = index.to(x.device, non_blocking=True)
    batch = x[index].float() / 127.5 - 1  # (B, C, R, R)

    if flip:
        mirrored = torch.rand(len(batch), generator=draw, device=x.device) < 0.5
        batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)

    return batch.contiguous(memory_format=torch.channels_last), y[index]


def train(
    run: Run, name: str, config: GANConfig, recipe: Recipe, images: Labelled, *,
    flip: bool = False, watch: Watch | None = None, every: int = 0,
) -> tuple[Pair, Task]:  # fmt: skip
    """Train a pair of nets; resumes by itself. A diverged pair ends at its last good checkpoint.

    `watch(pair)` gives values for the history every `every` steps. Returns the trained pair and its
    task, whose history has the losses of every step.
    """
    pair = build_pair(config, recipe, run.device, run.seed)

    with run.task(name, **pair.parts()) as task, pair.kept_when_diverged(task):
        G = pair.G.train()
        D = pair.D.train()
        G_all = run.distribute(G)  # themselves, unless several processes train together
        D_all = run.distribute(D)

        def noise(draw: torch.Generator) -> Labelled:
            z, y = latents(G, recipe.batch, draw, run.device)  # (B, z_dim), (B,)
            return task.shard(z), task.shard(y)

        for step in task.steps(recipe.steps):
            draw = task.generator(step)  # all that is random depends on (seed, name, step)

            # D learns to tell real images from what G draws now (SAGAN, Eq. 4, first line).
            for k in range(recipe.d_steps):
                index = task.batch(step * recipe.d_steps + k, len(images[0]), recipe.batch)
                real = real_batch(images, index, flip, draw)
                loss_d = d_step(G, D_all, pair.opt_d, real, noise(draw), task.descend)

            # G learns to raise D's score of new images (Eq. 4, second line).
            loss_g = g_step(G_all, D, pair.opt_g, noise(draw), task.descend)

            # What is evaluated is not G but its average over the last steps.
            pair.ema.update(G)

            values = {"loss": loss_d, "loss_g": loss_g}
            if watch and (step + 1) % every == 0:
                began = time.monotonic()
                values |= watch(pair)
                values["watch_seconds"] = time.monotonic() - began
            task.log(step, **values)

    return pair, task
