"""The loop that the page shows. TODO: science that another chapter may want has its own package."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.everybody_dance_now.config import Config
from cvlib.course.run.run import Run


def points(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two noisy clouds in the plane: x (B, 2) and their labels y (B,) of 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (count,), generator=generator)
    x = torch.randn(count, 2, generator=generator) + 2.0 * y[:, None]
    return x, y


def train(run: Run, config: Config) -> nn.Module:
    """Train a linear classifier for `config.steps` steps; it resumes where it was stopped."""
    x, y = points(config.points, run.seed)
    net = nn.Linear(2, 2).to(run.device)
    optimizer = torch.optim.SGD(net.parameters(), config.lr)

    with run.task("linear", model=net, optimizer=optimizer) as task:
        for step in task.steps(config.steps):
            batch = task.batch(step, len(x), config.batch)

            def loss_of(i: Tensor) -> Tensor:
                scores = net(x[i].to(run.device))  # (B, 2)
                return F.cross_entropy(scores, y[i].to(run.device))  # Eq. (2)

            loss = task.descend(optimizer, loss_of, batch)
            task.log(step, loss=loss)
    return net.cpu()


def guess(x: Tensor) -> Tensor:
    """The baseline, which sees nothing of x (B, 2): scores (B, 2) for class 0."""
    return torch.tensor([1.0, 0.0]).expand(len(x), 2)


def error_rate(classify: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """Test error in % of the class with the largest score: x (B, 2), y (B,)."""
    with torch.no_grad():
        chosen = classify(x).argmax(1)  # (B,)
    return 100 * float((chosen != y).float().mean())
