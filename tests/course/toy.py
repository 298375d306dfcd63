"""A toy experiment: logistic regression whose every number is known to be reproducible."""

import os
import signal
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from cvlib.course.run.experiment import Claim, Experiment, Metric, PaperValue, Unit


@dataclass(frozen=True)
class Config:
    steps: int
    batch: int = 8
    lr: float = 0.1


class Net(nn.Module):
    """Linear, with dropout: its numbers depend on torch's global generator too."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 2)

    def forward(self, x):
        return self.layer(nn.functional.dropout(x, 0.2, self.training))


def points():
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(60, 5, generator=generator)
    return x, (x[:, 0] > 0).long()


def training(run, name):
    """One training and its error."""
    run.data_label = "toy points"
    x, y = points()
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=run.config.lr)
    model = run.distribute(net)
    with run.task(name, model=net, optimizer=optimizer) as task:
        for step in task.steps(run.config.steps):
            batch = task.batch(step, len(x), run.config.batch)
            loss = task.descend(
                optimizer,
                lambda i: nn.functional.cross_entropy(model(x[i]), y[i]),
                batch,
            )
            task.log(step, loss=loss)
            _accident(name, step)
    net.eval()
    run.weights("net", net)
    run.measure(f"{name}_error", float((net(x).argmax(1) != y).float().mean()), n=len(x))


def units(config):
    """Two trainings, so that a resume has a finished and a half-finished one."""
    return [
        Unit(name, partial(training, name=name), (f"{name}_error",), config.steps)
        for name in ("first", "second")
    ]


def _accident(task, step):
    """Die without a word, as a disconnected machine does."""
    if os.environ.get("TOY_KILL") == f"{task}-{step}":
        os.kill(os.getpid(), signal.SIGKILL)


EXPERIMENT = Experiment(
    chapter=4,
    config={"smoke": Config(12), "laptop": Config(16), "workshop": Config(20), "full": Config(30)},
    units=units,
    metrics={
        "first_error": Metric("first: error", "", "toy.experiment"),
        "second_error": Metric("second: error", "", "toy.experiment"),
        "difference": Metric("second minus first", "", "difference", headline=False),
        "unmeasured": Metric("never measured", "%", "nothing", headline=False),
    },
    paper={"first_error": PaperValue(0.1, "Table 1", "toy scale", checked=False)},
    claims=(
        Claim("it learns", "first_error <= 0.4 and second_error <= 0.4", "first_error < 0.5"),
        Claim("nothing was measured here", "unmeasured > 0"),
    ),
    differs="it is a toy",
    derived={"difference": "second_error - first_error"},
    seeds={"laptop": 3},
)


if __name__ == "__main__":
    import sys

    from cvlib.course.run.run import Run

    Run(EXPERIMENT, "smoke", 0, sys.argv[1], save_seconds=0.0).execute()
