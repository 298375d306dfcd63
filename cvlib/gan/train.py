"""One step of D, one step of G, and the moving average that is evaluated (SAGAN, Sec. 4)."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cvlib.gan.losses import hinge_d, hinge_g

Pair = tuple[Tensor, Tensor]
Descend = Callable[[Optimizer, Callable[[Tensor], Tensor], Tensor], Tensor]


def descend(
    opt: Optimizer, loss_of: Callable[[Tensor], Tensor], index: Tensor, chunks: int = 1
) -> Tensor:
    """One optimiser step on the mean of ``loss_of`` over equal ``chunks`` of ``index`` (B,).

    ``Task.descend`` of a run is the same with mixed precision and a memory-aware chunk count.
    Accumulation equals the big batch for D; for G only up to its batch-norm statistics.
    """
    opt.zero_grad(set_to_none=True)
    total = torch.zeros((), device=opt.param_groups[0]["params"][0].device)
    for part in index.chunk(chunks):
        loss = loss_of(part) * (len(part) / len(index))
        loss.backward()
        total += loss.detach()
    opt.step()
    return total


def d_step(
    G: nn.Module, D: nn.Module, opt: Optimizer, real: Pair, fake: Pair, descend: Descend = descend
) -> Tensor:
    """Update D on the hinge loss and return that loss, ().

    Args:
        real: images (B, C, R, R) and their classes (B,).
        fake: noise (B, z_dim) and classes (B,); G makes the images without a graph.
        descend: how the optimiser steps, e.g. ``task.descend``.
    """
    (x, y), (z, y_fake) = real, fake
    D.requires_grad_(True)

    def loss(i: Tensor) -> Tensor:
        with torch.no_grad():
            x_fake = G(z[i], y_fake[i])
        # One pass for both halves: one power iteration, and larger batches for the device.
        scores = D(torch.cat([x[i], x_fake]), torch.cat([y[i], y_fake[i]]))
        on_real, on_fake = scores.float().chunk(2)
        return hinge_d(on_real, on_fake)

    return descend(opt, loss, torch.arange(len(x)))


def g_step(
    G: nn.Module, D: nn.Module, opt: Optimizer, fake: Pair, descend: Descend = descend
) -> Tensor:
    """Update G on ``-mean D(G(z, y), y)`` and return that loss, ().

    Args:
        fake: noise (B, z_dim) and classes (B,).
        descend: how the optimiser steps, e.g. ``task.descend``.
    """
    z, y = fake
    D.requires_grad_(False)  # saves D's weight gradients, a third of its backward pass
    loss = descend(opt, lambda i: hinge_g(D(G(z[i], y[i]), y[i]).float()), torch.arange(len(z)))
    D.requires_grad_(True)
    return loss


class EMA:
    """An exponential moving average of a net's parameters, for evaluation.

    After t updates the rate is ``min(decay, (1 + t) / (10 + t))``, so the first steps are soon
    forgotten. Buffers are copied, not averaged: an average of unit vectors u, v is no unit vector,
    and batch-norm statistics are recomputed before evaluation (``standing_statistics``).
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.decay, self.t = decay, 0

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """Move the average towards ``source``."""
        rate = 1 - min(self.decay, (1 + self.t) / (10 + self.t))
        self.t += 1
        torch._foreach_lerp_(list(self.net.parameters()), list(source.parameters()), rate)
        for mine, theirs in zip(self.net.buffers(), source.buffers(), strict=True):
            mine.copy_(theirs)

    def state_dict(self) -> dict[str, Any]:
        """The averaged net and the number of updates."""
        return {"net": self.net.state_dict(), "t": self.t}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.net.load_state_dict(state["net"])
        self.t = state["t"]
