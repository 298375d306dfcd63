"""The one training loop of the chapter: every network of the page goes through it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cvlib.course.run.run import Run


def train(
    run: Run,
    name: str,
    net: nn.Module,
    loss_of: Callable[[nn.Module, Tensor], Tensor],
    n: int,
    steps: int,
    batch: int,
    lr: float,
) -> nn.Module:
    """Train on `n` examples with Adam and a one-cycle learning rate that peaks at `lr`.

    `loss_of` takes the network and indices of examples (on the run's device) and gives the loss.
    Goes on from its checkpoint after a disconnect; returns the network in evaluation mode.
    """
    run.precision = "fp32"  # for all networks that are compared: they are small
    net = net.to(run.device).train()
    optimizer = torch.optim.Adam(net.parameters(), lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1)
    model = run.distribute(net)

    with run.task(name, net=net, optimizer=optimizer, schedule=schedule) as task:
        for step in task.steps(steps):
            examples = task.batch(step, n, batch).to(run.device)
            loss = task.descend(optimizer, lambda i: loss_of(model, i), examples)
            schedule.step()
            task.log(step, loss=loss)

    return net.eval()


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor, batch: int = 250) -> float:
    """Per cent of the signals `x` whose class `y` gets the highest score."""
    guesses = torch.cat([net(part).argmax(1) for part in x.split(batch)])
    return 100 * int((guesses == y).sum()) / len(y)
