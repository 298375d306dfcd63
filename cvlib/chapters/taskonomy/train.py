"""The one training loop of the chapter, and what it trains: task networks and read-outs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cvlib.chapters.taskonomy.config import Config
from cvlib.course.run.run import Run
from cvlib.taskonomy.nets import WIDTH, Readouts, TaskNet, codes, gathered, random_encoder
from cvlib.taskonomy.tasks import RANDOM, image_losses, task
from cvlib.taskonomy.world import World, build

WARM_UP = 0.1  # share of the steps
LOGGED = 25  # steps between two points of a history: the record holds some fifty of them
TWIN = "random, another"  # a second untrained encoder: how far two equal sources lie apart
KEPT = ("first", "depth")  # the read-outs that the page looks at
EVALUATED = 128  # pictures at once


def total_steps(pictures: int, epochs: int, batch: int) -> int:
    """Optimiser steps of a training."""
    return epochs * (pictures // min(batch, pictures))


def train(
    run: Run, name: str, net: nn.Module, losses: Callable[[nn.Module, Tensor], Tensor],
    pictures: int, epochs: int,
) -> nn.Module:  # fmt: skip
    """Train `net` on `losses(net, rows)`, (B, G): every picture of `rows`, every read-out.

    The rows run from 0 to `pictures`. The read-outs' mean losses are added up: each then gets
    the gradient that it would get alone. Resumes; returns the net, ready to be used.
    """
    config = run.config
    model = run.distribute(net)
    size = min(config.batch, pictures)
    total = total_steps(pictures, epochs, config.batch)
    optimizer = torch.optim.Adam(net.parameters(), config.lr)

    with run.task(name, model=net, optimizer=optimizer) as task:
        for step in task.steps(total):
            model.train()
            optimizer.param_groups[0]["lr"] = config.lr * schedule(step / total)
            rows = task.batch(step, pictures, size).to(run.device)
            loss = task.descend(optimizer, lambda r: losses(model, r).mean(0).sum(), rows)
            if step % LOGGED == 0 or step == total - 1:
                task.log(step, loss=loss)
    return net.eval()


def schedule(done: float) -> float:
    """The learning rate's factor: a linear warm-up, then half a cosine down to 0."""
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


# -- task-specific networks (Sec. 3.1) -------------------------------------------------------------


def network(run: Run, name: str) -> None:
    """Train the fully supervised network of a task and, for a target, one from scratch."""
    config: Config = run.config
    world = world_of(run)
    full = task_net(run, name)

    def losses(model: nn.Module, rows: Tensor) -> Tensor:
        pictures = inputs_of(run, world.tasks[name].spoil)
        return image_losses(world.tasks[name], model(pictures[rows]), world.labels[name][rows])

    train(run, f"full-{name}", full, losses, config.train, config.epochs)
    run.weights("full", full)
    if not world.tasks[name].target:
        return

    start = world.part("transfer").start
    scratch = task_net(run, name)
    little = config.transfer, config.scratch_epochs
    train(run, f"scratch-{name}", scratch, lambda m, rows: losses(m, start + rows), *little)
    run.weights("scratch", scratch)


def task_net(run: Run, name: str) -> TaskNet:
    """A fresh network for a task."""
    config: Config = run.config
    return TaskNet(task(name), config.size, config.widths).to(run.device)


def world_of(run: Run) -> World:
    """The rendered pictures and labels, made once a process."""
    config: Config = run.config
    run.data_label = f"rendered rooms, {config.size} px"

    def make() -> World:
        return build(config.tasks, config.size, config.counts, run.seed, run.device)

    return run.shared("world", make)


def inputs_of(run: Run, spoil: str) -> Tensor:
    """All pictures as a task with this way of spoiling sees them."""
    return run.shared(f"inputs {spoil}", lambda: world_of(run).inputs(spoil))


# -- transfers (Sec. 3.2) --------------------------------------------------------------------------


def codes_of(run: Run, spoil: str) -> dict[str, Tensor]:
    """The frozen codes (N, 8, 8, 8) of every source, for pictures spoilt in this way."""
    config: Config = run.config

    def make() -> dict[str, Tensor]:
        pictures = inputs_of(run, spoil)
        encoders = {name: trained(run, name, "full").encoder for name in config.tasks}
        for name, seed in ((RANDOM, run.seed), (TWIN, run.seed + 10_000)):
            known = inputs_of(run, "")[: config.train]
            encoders[name] = random_encoder(known, config.size, config.widths, seed)
        return {name: codes(encoder, pictures, config.train) for name, encoder in encoders.items()}

    return run.shared(f"codes {spoil}", make)


def trained(run: Run, name: str, which: str) -> TaskNet:
    """The network that an earlier unit trained; which: full or scratch."""
    net = task_net(run, name)
    net.load_state_dict(run.load_weights(f"net-{name}", which))
    return net.eval()


def readouts(
    run: Run, label: str, target: str, sources: Sequence[Sequence[str]], *,
    pictures: int = 0, epochs: int = 0, width: int = WIDTH,
) -> np.ndarray:  # fmt: skip
    """Train a read-out of `target` from each set of sources; their losses (G, choose + judge).

    The read-outs themselves are kept, for the page, where the target is depth.
    """
    config: Config = run.config
    world = world_of(run)
    goal = world.tasks[target]
    table = codes_of(run, goal.spoil)
    which = [[list(table).index(s) for s in names] for names in sources]
    shape = {"sources": len(which[0]), "heads": len(which), "width": width}
    heads = Readouts(goal, config.size, **shape).to(run.device)
    start = world.part("transfer").start

    def losses(model: nn.Module, rows: Tensor) -> Tensor:
        seen = gathered(list(table.values()), which, rows)
        return image_losses(goal, model(seen), world.labels[target][rows])

    amount = (pictures or config.transfer), (epochs or config.transfer_epochs)
    train(run, f"{label}-{target}", heads, lambda m, rows: losses(m, start + rows), *amount)
    if (label, target) == KEPT:
        run.weights("-".join(KEPT), heads)
    return evaluated(run, lambda rows: losses(heads, rows))


@torch.no_grad()
def evaluated(run: Run, losses: Callable[[Tensor], Tensor]) -> np.ndarray:
    """Losses (G, choose + judge) of all pictures that no training sees."""
    world = world_of(run)
    rows = torch.arange(world.part("choose").start, world.part("judge").stop, device=run.device)
    found = []
    for some in rows.split(EVALUATED):
        run.tick()
        found.append(losses(some).float().cpu())
    return torch.cat(found).T.double().numpy()


def supervised(run: Run, target: str, which: str) -> np.ndarray:
    """Losses (1, choose + judge) of the full network, or of the one from scratch."""
    world = world_of(run)
    goal, net = world.tasks[target], trained(run, target, which)
    pictures = inputs_of(run, goal.spoil)
    return evaluated(
        run, lambda rows: image_losses(goal, net(pictures[rows]), world.labels[target][rows])
    )
