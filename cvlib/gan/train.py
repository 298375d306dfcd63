"""One step of D, one step of G, and the moving average that is evaluated (SAGAN, Sec. 4)."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cvlib.gan.losses import Scores, hinge_d, hinge_g

Batch = tuple[Tensor, Tensor]  # images or noise (B, ...), and their condition (B, ...)
Descend = Callable[[Optimizer, Callable[[Tensor], Tensor], Tensor], Tensor]


def descend(
    opt: Optimizer, loss_of: Callable[[Tensor], Tensor], index: Tensor, chunks: int = 1
) -> Tensor:
    """One optimiser step on the mean of `loss_of` over equal `chunks` of `index` (B,).

    `Task.descend` of a run is the same with mixed precision and a memory-aware chunk count.
    Accumulation equals the big batch for D; for G only up to its batch-norm statistics.
    """
    opt.zero_grad(set_to_none=True)
    total = torch.zeros((), device=index.device)
    for part in index.chunk(chunks):
        loss = loss_of(part) * (len(part) / len(index))
        loss.backward()
        total += loss.detach()
    opt.step()
    return total


@contextmanager
def frozen(net: nn.Module) -> Iterator[nn.Module]:
    """Inside, no parameter of `net` gathers gradients; afterwards each is as it was before.

    Gradients still flow through the net. For D in G's step that saves a third of D's backward pass.
    """
    before = [(p, p.requires_grad) for p in net.parameters()]
    net.requires_grad_(False)
    try:
        yield net
    finally:
        for parameter, flag in before:
            parameter.requires_grad_(flag)


def _halves(scores: Tensor | Sequence[Any]) -> tuple[Any, Any]:
    """Split scores of real and fake images, in one tensor or in lists of lists, in fp32."""
    if isinstance(scores, Tensor):
        real, fake = scores.float().chunk(2)
        return real, fake
    real, fake = zip(*(_halves(part) for part in scores), strict=True)
    return list(real), list(fake)


def d_step(
    G: nn.Module, D: nn.Module, opt: Optimizer, real: Batch, fake: Batch,
    descend: Descend = descend, loss: Callable[[Scores, Scores], Tensor] = hinge_d,
) -> Tensor:  # fmt: skip
    """Update D and return its loss, ().

    `real` holds images (B, C, R, R) and their classes (B,), or another condition that D takes;
    `fake` what G takes: noise (B, z_dim) and classes. `descend` says how the optimiser steps, e.g.
    `task.descend`; `loss` compares D's results on real and on fake images, also lists of maps.
    """
    x, y = real
    z, y_fake = fake

    def loss_of(i: Tensor) -> Tensor:
        with torch.no_grad():
            x_fake = G(z[i], y_fake[i])  # no graph: D's step does not move G
        # One pass for both halves: one power iteration, and larger batches for the device.
        images = torch.cat([x[i], x_fake])  # (2B, C, R, R)
        scores = D(images, torch.cat([y[i], y_fake[i]]))
        return loss(*_halves(scores))

    return descend(opt, loss_of, torch.arange(len(x), device=x.device))


def g_step(
    G: nn.Module, D: nn.Module, opt: Optimizer, fake: Batch,
    descend: Descend = descend, loss: Callable[[Scores], Tensor] = hinge_g,
) -> Tensor:  # fmt: skip
    """Update G on `loss` of D's scores of its images and return that loss, ().

    `fake` holds noise (B, z_dim) and classes (B,); `descend` as in `d_step`.
    """
    z, y = fake

    def loss_of(i: Tensor) -> Tensor:
        scores = D(G(z[i], y[i]), y[i])
        return loss(scores).float()

    with frozen(D):
        return descend(opt, loss_of, torch.arange(len(z), device=z.device))


def ema_decay(half_life: float, batch: int) -> float:
    """The rate of a moving average that forgets half of its past in `half_life` images."""
    return 0.5 ** (batch / half_life)


class EMA:
    """An exponential moving average of a net's parameters, for evaluation.

    After t updates the rate is `min(decay, (1 + t) / (10 + t))`, so the first steps are soon
    forgotten. Buffers are copied, not averaged: an average of unit vectors u, v is no unit vector,
    and batch-norm statistics are recomputed before evaluation (`standing_statistics`).
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay = decay
        self.t = 0

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """Move the average towards `source`."""
        rate = 1 - min(self.decay, (1 + self.t) / (10 + self.t))
        self.t += 1
        torch._foreach_lerp_(list(self.net.parameters()), list(source.parameters()), rate)
        for mine, theirs in zip(self.net.buffers(), source.buffers(), strict=True):
            mine.copy_(theirs)

    def state_dict(self) -> dict[str, Any]:
        """The averaged net and the number of updates."""
        return {"net": self.net.state_dict(), "t": self.t}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.t = state["t"]
