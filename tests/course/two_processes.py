"""Three optimiser steps of a network with ghost batch norm, alone or under torchrun."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from cvlib.course.run.experiment import Unit
from cvlib.course.run.run import Run
from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d
from tests.course import toy


def three_steps(run):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), GhostBatchNorm2d(8, 4), nn.ReLU(), GroupNorm2d(8, 2), nn.Flatten(),
        nn.Linear(8 * 16, 3),
    )  # fmt: skip
    x, y = torch.randn(64, 1, 6, 6), torch.arange(64) % 3
    model = run.distribute(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    with run.task("net", model=net, optimizer=optimizer) as task:
        for step in task.steps(3):
            batch = task.batch(step, len(x), 16)
            loss = task.descend(
                optimizer, lambda i: nn.functional.cross_entropy(model(x[i]), y[i]), batch
            )
            task.log(step, loss=loss)
    if run.rank == 0:
        torch.save(net.state_dict(), run.out / "after.pt")


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    Run(
        replace(toy.EXPERIMENT, units=lambda config: [Unit("net", three_steps, ())]),
        "smoke",
        0,
        sys.argv[1],
    ).execute()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
