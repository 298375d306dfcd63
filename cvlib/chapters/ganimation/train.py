"""GANimation's training: the judge learns to read, then it and the animator train in turns."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from cvlib.chapters.ganimation.config import Arm, Config
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.faces.trials import Faces
from cvlib.gan.animation import Animator, Judge, with_noise
from cvlib.gan.animation_losses import Weights, animator_loss, critic_loss, other_targets
from cvlib.gan.pair import Pair
from cvlib.gan.train import EMA, ema_decay, frozen

Look = Callable[[int, Pair], dict[str, float]]  # after a step: what the history should keep of it
History = list[dict[str, float]]


def build(config: Config, arm: Arm, device: torch.device, seed: int) -> Pair:
    """New nets with Adam and a moving average of G, the same for the same seed."""
    torch.manual_seed(seed)
    units = len(config.numbers)
    G = Animator(units, config.width, config.blocks, arm.attention).to(device)
    D = Judge(units, config.size, config.judge_width).to(device)
    opt_g = Adam(G.parameters(), config.lr_g, config.betas)
    opt_d = Adam(D.parameters(), config.lr_d, config.betas)
    return Pair(G, D, opt_g, opt_d, EMA(G, ema_decay(config.half_life, config.batch)))


def warm_up(run: Run, arm: Arm, pair: Pair, faces: Faces) -> None:
    """Teach D to read real faces, so that its gradient means something when G begins."""
    opt = Adam(pair.D.parameters(), 1e-3)
    with run.task(f"{arm.name}-warm-up", D=pair.D, opt=opt) as task:
        for step in task.steps(arm.warm_up):
            chosen = task.batch(step, len(faces.pictures), 2 * run.config.batch)
            x, y = faces.batch(chosen)  # (2B, 3, S, S), (2B, n)
            seen = with_noise(x, arm.weights.sigma, task.generator(step))
            task.log(step, loss=reading_step(task, pair.D, opt, seen, y))


def train(run: Run, arm: Arm, faces: Faces, look: Look) -> tuple[Pair, History]:
    """Train one arm on rendered faces; resumes by itself.

    Both rates fall linearly to 0 over the second half. `look(steps done, pair)` is called after
    every step; what it returns is kept with the losses.
    """
    c: Config = run.config
    pair = build(c, arm, run.device, run.seed)
    warm_up(run, arm, pair, faces)

    with run.task(arm.name, **pair.parts()) as task, pair.kept_when_diverged(task):
        for step in task.steps(arm.steps):
            slow_down(pair, c, step / arm.steps)
            draw = task.generator(step)
            x, y = faces.batch(task.batch(step, len(faces.pictures), c.batch))
            target = other_targets(y, c.jitter, draw)  # (B, n)

            with torch.no_grad():
                fake = pair.G(x, target).image  # (B, 3, S, S), without a graph: for D alone
            penalty = c.penalty_every if step % c.penalty_every == 0 else 0
            for _ in range(c.d_steps):
                loss_d = judge_step(task, pair, arm.weights, x, y, fake, penalty, draw)

            price = arm.price(step)
            loss_g = animator_step(task, pair, arm.weights, x, y, target, price, draw)

            pair.ema.update(pair.G)
            task.log(step, loss=loss_d, loss_g=loss_g, **look(step + 1, pair))
    return pair, task.history


def reading_step(task: Task, D: Judge, opt: Adam, seen: Tensor, y: Tensor) -> Tensor:
    """One step of D's reader towards what real pictures (B, 3, S, S) show, (B, n)."""

    def loss_of(i: Tensor) -> Tensor:
        return F.mse_loss(D.read(seen[i]), y[i])

    return task.descend(opt, loss_of, places(seen))


def judge_step(
    task: Task, pair: Pair, w: Weights, x: Tensor, y: Tensor, fake: Tensor, penalty: int,
    draw: torch.Generator,
) -> Tensor:  # fmt: skip
    """One step of D on real pictures and fakes (B, 3, S, S), `y` (B, n) what the real ones show."""

    def loss_of(i: Tensor) -> Tensor:
        return critic_loss(pair.D, x[i], y[i], fake[i], w, draw, penalty)

    return task.descend(pair.opt_d, loss_of, places(x))


def animator_step(
    task: Task, pair: Pair, w: Weights, x: Tensor, y: Tensor, target: Tensor, price: float,
    draw: torch.Generator,
) -> Tensor:  # fmt: skip
    """One step of G from pictures (B, 3, S, S) that show `y` (B, n) to `target` (B, n) and back."""

    def loss_of(i: Tensor) -> Tensor:
        there = pair.G(x[i], target[i])
        return animator_loss(pair.G, pair.D, x[i], y[i], target[i], there, w, price, draw)

    with frozen(pair.D):
        return task.descend(pair.opt_g, loss_of, places(x))


def places(batch: Tensor) -> Tensor:
    """The indices (B,) of a batch (B, ...), on its device."""
    return torch.arange(len(batch), device=batch.device)


def slow_down(pair: Pair, config: Config, done: float) -> None:
    """Set both learning rates for the share `done` of the training."""
    share = min(1.0, 2 * (1 - done))
    pair.opt_g.param_groups[0]["lr"] = share * config.lr_g
    pair.opt_d.param_groups[0]["lr"] = share * config.lr_d
