"""GANimation's losses (Sec. 4.2), for the critic and for the generator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.gan.animation import Animator, Judge, Painted, with_noise
from cvlib.gan.compose import attention_loss
from cvlib.gan.regularize import gradient_penalty


@dataclass(frozen=True)
class Weights:
    """What the terms weigh; every term is a mean over batch and pixels or action units."""

    penalty: float = 10.0  # lambda_gp
    read: float = 60.0  # lambda_y
    cycle: float = 5.0  # lambda_idt
    attention: float = 0.05  # lambda_A
    variation: float = 1e-4  # lambda_TV, within the attention term
    sigma: float = 0.8  # of the noise on what the judge's reader sees


def critic_loss(
    D: Judge, real: Tensor, y: Tensor, fake: Tensor, w: Weights, draw: torch.Generator,
    penalty_times: int,
) -> Tensor:  # fmt: skip
    """D's loss, a scalar: Wasserstein, gradient penalty, and reading real faces.

    `real` and `fake` are (B, 3, H, H), `y` (B, n) what the real faces show. `penalty_times` is 0
    on steps without the penalty, and on the others how many steps it stands for.
    """
    wasserstein = D.score(fake).mean() - D.score(real).mean()

    seen = with_noise(real, w.sigma, draw)
    reading = F.mse_loss(D.read(seen), y)

    loss = wasserstein + w.read * reading
    if penalty_times:
        # A picture's score is the mean of its patches, here as in the Wasserstein term.
        slope = gradient_penalty(D.score, real, fake, draw, reduce="mean")
        loss = loss + penalty_times * w.penalty * slope
    return loss


def animator_loss(
    G: Animator, D: Judge, x: Tensor, y: Tensor, target: Tensor, there: Painted, w: Weights,
    attention_weight: float, draw: torch.Generator,
) -> Tensor:  # fmt: skip
    """G's loss, a scalar: fool D, show the target, come back, repaint little.

    `there` is `G(x, target)`; x is (B, 3, H, H), `y` and `target` are (B, n).
    """
    back = G(there.image, y)  # the way back to the first expression

    fooling = -D.score(there.image).mean()
    seen = with_noise(there.image, w.sigma, draw)
    showing = F.mse_loss(D.read(seen), target)
    cycle = F.l1_loss(back.image, x)

    loss = fooling + w.read * showing + w.cycle * cycle
    if attention_weight and G.attention is not None:
        price = attention_loss(there.attention, w.variation)
        price = price + attention_loss(back.attention, w.variation)
        loss = loss + attention_weight * price
    return loss


def other_targets(y: Tensor, jitter: float, draw: torch.Generator) -> Tensor:
    """Expressions (B, n) to ask for: those of other faces of the batch, a little changed.

    Uniform noise of +-`jitter`, then cut to [0, 1].
    """
    order = torch.randperm(len(y), generator=draw, device=y.device)
    noise = torch.rand(y.shape, generator=draw, device=y.device) * 2 - 1
    return (y[order] + jitter * noise).clamp(0, 1)
