"""The small classifiers' training: squeezed images, shifted a little, perhaps seen by a retina."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.adversarial.controls import displayed
from cvlib.adversarial.stimuli import percent, squeezed
from cvlib.course.run.run import Run

SHIFT = 2  # pixels, at most, to every side


def train(
    run: Run, name: str, net: nn.Module, eye: nn.Module, images: tuple[Tensor, Tensor]
) -> nn.Module:
    """Train `net` on uint8 images (N, C, S, S) with classes (N,) seen through `eye`; resumes.

    Adam with a rate that falls as a cosine. Returns the net frozen.
    """
    config = run.config
    x, y = squeezed(images[0]), images[1]
    opt = torch.optim.Adam(net.parameters(), config.rate)

    with run.task(name, net=net, opt=opt) as task:
        for step in task.steps(config.steps):
            for group in opt.param_groups:
                group["lr"] = config.rate * 0.5 * (1 + math.cos(math.pi * step / config.steps))
            chosen = task.batch(step, len(x), config.batch)  # (B,)
            draw = task.generator(step)
            place = torch.randint(0, 2 * SHIFT + 1, (2,), generator=draw, device=x.device)

            def loss_of(index: Tensor, place: Tensor = place) -> Tensor:
                seen = eye(shifted(displayed(x[index]), place))  # (b, C, S, S)
                return F.cross_entropy(net(seen), y[index])

            loss = task.descend(opt, loss_of, chosen)
            task.log(step, loss=loss)
    return net.eval().requires_grad_(False)


def shifted(x: Tensor, place: Tensor) -> Tensor:
    """Images (B, C, S, S) cut out at `place` (2,), row and column, of a frame `SHIFT` wider."""
    size = x.shape[-1]
    framed = F.pad(x, (SHIFT, SHIFT, SHIFT, SHIFT), mode="replicate")
    row, column = place.tolist()
    return framed[..., row : row + size, column : column + size]


@torch.no_grad()
def accuracy(net: nn.Module, images: tuple[Tensor, Tensor]) -> float:
    """Per cent of uint8 images (N, C, S, S) with classes (N,) that a net reads right."""
    x, y = squeezed(images[0]), images[1]
    read = torch.cat([net(displayed(part)).argmax(1) for part in x.split(250)])  # (N,)
    return percent(read == y)
