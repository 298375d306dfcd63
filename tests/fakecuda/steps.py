"""Run every unit of a chapter's profile for a few steps on the fake GPU; print what it asked for.

`python -m tests.fakecuda.steps 04 full [unit ...]` prints one JSON line for each unit.
"""

from tests.fakecuda import device  # isort: skip  (before torch)

import contextlib
import json
import os
import sys
import tempfile
import traceback
import warnings

import torch

from cvlib.course import data
from cvlib.course.chapters import chapter
from cvlib.course.data.sets import Images
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.metrics import evaluate
from tests.fakecuda import attacks
from tests.fakecuda.rendered import FOR_REAL

SIDES = {"mnist": (1, 28), "mnist5k": (1, 28), "cifar10": (3, 32), "imagenette160": (3, 160),
         "tinyimagenet20": (3, 64), "digits": (1, 8)}  # fmt: skip
FEW = 300  # images of each set: the shapes of a batch are full, the number of batches is not
MANY = {"mnist": 6000}  # chapter 01 standardises by its first 5,000


def blank_images(name, size=None):
    """An image set of the right shapes with nothing on its pictures."""
    channels, side = SIDES[name]
    side = size or side
    n = MANY.get(name, FEW)
    x = torch.zeros(n, channels, side, side, dtype=torch.uint8)
    y = torch.arange(n) % 10
    return Images("blank", x, y, x[:130], y[:130], tuple("0123456789"))


class Watch:
    """Replaces the steps of a training by its first two and its last, and counts the second."""

    def __init__(self, gpu):
        self.gpu = gpu
        self.steps = []

    def counted(self, task, total):
        """What `Task.steps` does here."""
        task.total = total
        for step in sorted({0, min(1, total - 1), total - 1}):
            if step == min(1, total - 1):
                self.gpu.clear()
            task.step = step + 1
            yield step
            if step == min(1, total - 1):
                self.steps.append(self.told(task.name))
            task._flush()

    def told(self, name):
        """What the step asked for."""
        return {
            "task": name,
            "syncs": dict(self.gpu.syncs),
            "half_sums": dict(self.gpu.half_sums),
            "half": sum(self.gpu.half.values()),
            "launches": self.gpu.launches,
        }


def watched(unit, run, gpu):
    """The report of one unit."""
    watch = Watch(gpu)
    Task.steps = lambda task, total: watch.counted(task, total)
    put_back = attacks.count(watch)
    gpu.strangers.clear()
    error = ""
    try:
        run.enter(unit)
        unit.run(run)
    except Exception as problem:
        last = traceback.extract_tb(problem.__traceback__)
        ours = [f for f in last if "/cvlib/" in f.filename]
        place = f" at {ours[-1].filename.split('/cvlib/')[-1]}:{ours[-1].lineno}" if ours else ""
        error = f"{type(problem).__name__}: {problem}{place}"
    put_back()
    return {
        "unit": unit.name,
        "precision": run.precision,
        "steps": watch.steps,
        "strangers": dict(gpu.strangers),
        "error": error,
    }


def _keep_in_memory(run):
    """Nets that a unit keeps for a later one have no values to write."""
    kept = {}

    def keep(name, net):
        state = net.state_dict() if isinstance(net, torch.nn.Module) else net
        blank = {k: torch.zeros(v.shape, dtype=v.dtype, device="cpu") for k, v in state.items()}
        kept[run.unit.name, name] = blank

    run.weights = keep
    run.load_weights = lambda unit, name: kept[unit, name]


def main(number, profile, names):
    """Print the reports of the units called `names` (of all by default)."""
    warnings.simplefilter("ignore")
    os.environ["CVLIB_HEADLESS"] = "1"
    experiment = chapter(number).module("experiment").EXPERIMENT
    data.images = blank_images
    evaluate.to_uint8 = lambda x: (255 * x.float()).to(torch.uint8)  # without a look at values
    Task.save = lambda task: task._flush()
    Task.__enter__ = lambda task: task
    with tempfile.TemporaryDirectory() as folder, device.FakeCuda() as gpu:
        run = Run(experiment, profile, 0, folder)
        _keep_in_memory(run)
        shorter = FOR_REAL | {"02": attacks.smaller}
        run.config = shorter.get(number, lambda config: config)(run.config)
        for unit in run.plan:
            if names and unit.name not in names:
                continue
            with contextlib.redirect_stdout(sys.stderr):
                report = watched(unit, run, gpu)
            print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
