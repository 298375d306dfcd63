"""Toy units for `cvlib record`, slow enough to be interrupted."""

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from cvlib.course.run.experiment import Unit
from cvlib.course.run.recording import visit
from tests.course import toy

NAMES = ("first", "second", "third")
STEPS = 30


def slow(run, name):
    """The toy's training with a pause in every step, `TOY_PAUSE` seconds."""
    pause = float(os.environ.get("TOY_PAUSE", "0.01"))
    run.data_label = "toy points"
    x, y = toy.points()
    net = toy.Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=run.config.lr)
    with run.task(name, model=net, optimizer=optimizer) as task:
        for step in task.steps(STEPS):
            batch = task.batch(step, len(x), run.config.batch)
            loss = task.descend(
                optimizer, lambda i: torch.nn.functional.cross_entropy(net(x[i]), y[i]), batch
            )
            task.log(step, loss=loss)
            time.sleep(pause)
    net.eval()
    run.weights("net", net)
    run.note("seed", run.seed)
    run.measure(f"{name}_error", float((net(x).argmax(1) != y).float().mean()), n=len(x))


def diverging(run):
    """A training whose loss becomes NaN."""
    with run.task("bad") as task:
        for step in task.steps(5):
            task.log(step, loss=float("nan") if step == 3 else 1.0)


def deaf(run):
    """Work that never looks at the clock."""
    time.sleep(600)


def dying(run):
    """A process that is killed, as by the kernel when memory is short."""
    os.kill(os.getpid(), 9)


def wrong(run):
    """An error in the code."""
    raise ZeroDivisionError("division by zero")


EXTRA = {
    "diverging": Unit("diverging", diverging, ("unmeasured",), 5, priority=1),
    "dependent": Unit("dependent", lambda run: None, (), after=("diverging",), priority=1),
    "needy": Unit("needy", wrong, (), needs=("package:no_such_package",), priority=1),
    "deaf": Unit("deaf", deaf, (), priority=1),
    "dying": Unit("dying", dying, (), priority=1),
    "wrong": Unit("wrong", wrong, (), priority=1),
}


def units(config):
    """The three trainings, and those of `EXTRA` that the environment names."""
    found = [Unit(name, partial(slow, name=name), (f"{name}_error",), STEPS) for name in NAMES]
    return found + [EXTRA[name] for name in os.environ.get("TOY_EXTRA", "").split()]


METRICS = {
    **toy.EXPERIMENT.metrics,
    "third_error": replace(toy.EXPERIMENT.metrics["first_error"], title="third: error"),
}
EXPERIMENT = replace(toy.EXPERIMENT, units=units, metrics=METRICS, seeds={"laptop": 2})


def load(number):
    """The toy in place of every chapter's experiment."""
    return EXPERIMENT


def planned(out, *, minutes=5.0, sources=(), workers=1, **options):
    """A visit of the toy."""
    return visit.plan(["04"], "laptop", minutes, Path(out), sources, workers, load=load, **options)
