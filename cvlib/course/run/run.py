"""A run: the one owner of device, seeds, precision, checkpoints, progress and the record."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import random
import shutil
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError, DataMissing, OutOfBudget
from cvlib.course.paths import runs_dir
from cvlib.course.run import profiles, record
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.progress import Progress, duration
from cvlib.course.run.task import Task


class Run:
    """One seed of one chapter's experiment in one profile; resumes by default.

    `out` is the folder of the run (default: `runs_dir()/NN_slug/profile`), `minutes` a wall-clock
    budget, `fresh` throws earlier checkpoints away, `force_cpu` allows profile full without CUDA.
    """

    def __init__(
        self, experiment: Experiment, profile: str = "auto", seed: int = 0,
        out: str | Path | None = None, *, minutes: float | None = None, fresh: bool = False,
        force_cpu: bool = False, save_seconds: float = 60.0,
    ) -> None:  # fmt: skip
        self.began = time.monotonic()
        self.experiment, self.seed = experiment, int(seed)
        self.profile = profiles.resolve(profile)
        self.config = experiment.config[self.profile]
        self.chapter = chapter(experiment.chapter)
        self.rank, self.world = _join_processes()
        self.device = _device(self.profile, force_cpu, experiment)
        self.precision = _precision(self.device)
        self.out = Path(out) if out else runs_dir() / self.chapter.name / self.profile
        self.folder = self.out / f"seed{self.seed}"
        self.minutes, self.save_seconds = minutes, save_seconds
        self.progress = Progress(quiet=self.rank > 0)
        self.earlier_seconds = 0.0
        self.resumes = 0
        self.data_label = ""
        self.values: dict[str, tuple[float, int | None]] = {}
        self.extra: dict[str, Any] = {}
        self.memos: dict[str, Any] = {}
        self.tasks: list[Task] = []
        if fresh and self.rank == 0:
            shutil.rmtree(self.folder / "checkpoints", ignore_errors=True)
        seed_everything(self.seed)

    # -- what an experiment calls -----------------------------------------------------------

    def plan(self, steps: int) -> None:
        """Say how many steps all trainings of this run have together, for the time left."""
        self.progress.planned = steps

    def task(self, name: str, **objects: Any) -> Task:
        """A resumable training; `objects` (models, optimisers, ...) are saved with it.

        Give the plain model, not its DistributedDataParallel wrapper.
        """
        task = Task(self, name, objects)
        self.tasks.append(task)
        return task

    def measure(self, name: str, value: float, n: int | None = None) -> None:
        """The value of a declared metric for this seed; `n` is the sample count behind it."""
        if name not in self.experiment.metrics:
            raise CourseError(f"{name!r} is not a declared metric of chapter {self.chapter.number}")
        if not math.isfinite(value):
            raise CourseError(f"{name} came out as {value}: nothing is recorded")
        self.values[name] = (float(value), n)

    def note(self, key: str, value: Any) -> None:
        """Extra JSON material of the record, such as a curve or a table."""
        self.extra[key] = value

    def memo(self, key: str, value: Any) -> None:
        """A circumstance that the record's provenance must tell."""
        self.memos[key] = value

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision where the device has it: bf16 where native, else fp16; none on a CPU."""
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision)
        if dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype)

    def distribute(self, model: nn.Module) -> nn.Module:
        """The model to call in the loop: DistributedDataParallel under torchrun, else itself."""
        if self.world == 1:
            return model
        devices = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=devices)

    def mean_over_ranks(self, value: Tensor) -> Tensor:
        """The mean of a scalar over the processes."""
        if self.world > 1:
            torch.distributed.all_reduce(value)
            value /= self.world
        return value

    def execute(self) -> dict[str, Any]:
        """Run the experiment for this seed and write its record.

        The time budget, or a data set that is missing after something was measured, ends it early:
        the record then holds what there is and says that it is not complete.
        """
        complete = True
        try:
            self.experiment.run(self)
        except (OutOfBudget, DataMissing) as stop:
            if isinstance(stop, DataMissing) and not self.values:
                raise
            complete = False
            self.say(str(stop))
        finally:
            self.progress.close()
        result = record.build(self, complete)
        if self.rank == 0:
            record.write(result, self.folder / "record.json")
        return result

    # -- what a task calls ------------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line to the reader, from the first process only."""
        if self.rank == 0:
            print(text, flush=True)

    def out_of_time(self) -> bool:
        """Whether the wall-clock budget is used up."""
        return self.minutes is not None and time.monotonic() - self.began > 60 * self.minutes

    def resumed(self, task: Task) -> None:
        """Say once that a run goes on from its checkpoints."""
        self.resumes += 1
        if task.step and task.step < (task.total or 0):
            self.say(f"{task.name}: going on from step {task.step} of {task.total}")
        elif self.resumes == 1:
            self.say("finished trainings are taken from their checkpoints (fresh=True: anew)")

    @property
    def fingerprint(self) -> str:
        """What a checkpoint must agree with, as JSON."""
        config = dataclasses.asdict(self.config)
        whole = {"chapter": self.chapter.number, "profile": self.profile, "seed": self.seed}
        return json.dumps({**whole, **config}, sort_keys=True)

    def guard(self, fingerprint: str) -> None:
        """Refuse a checkpoint of another configuration."""
        if fingerprint == self.fingerprint:
            return
        there, here = json.loads(fingerprint), json.loads(self.fingerprint)
        keys = [k for k in sorted({*there, *here}) if there.get(k) != here.get(k)]
        first = keys[0]
        raise CourseError(
            f"{self.folder} holds a run of another configuration ({first} was "
            f"{there.get(first)}, is {here.get(first)}): choose another folder (out) or start anew "
            "(fresh)"
        )


def seed_everything(seed: int) -> None:
    """Seed python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _join_processes() -> tuple[int, int]:
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return 0, 1
    if not torch.distributed.is_initialized():
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backend, timeout=timedelta(minutes=30))
    return torch.distributed.get_rank(), world


def _device(profile: str, force_cpu: bool, experiment: Experiment) -> torch.device:
    if profile == "smoke":
        torch.set_num_threads(1)  # so that everybody sees the same digits
        return torch.device("cpu")
    if torch.cuda.is_available() and not force_cpu:
        torch.backends.cudnn.benchmark = True
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if profile == "full":
        cost = cpu_estimate(experiment.flops.get("full"))
        if not force_cpu:
            raise CourseError(
                f"profile full needs a CUDA GPU{cost}: take --profile smoke, or --force-cpu to "
                "run it here all the same"
            )
        print(f"profile full on the CPU{cost}", flush=True)
    return torch.device("cpu")


def cpu_estimate(flops: float | None) -> str:
    """How long one seed would take here, from its FLOPs and a matrix product timed now."""
    if not flops:
        return ""
    a = torch.randn(1024, 1024)
    a @ a
    began = time.perf_counter()
    for _ in range(4):
        a @ a
    rate = 4 * 2 * 1024**3 / (time.perf_counter() - began)
    return f" (one seed would take about {duration(3 * flops / rate)} on this CPU)"


def _precision(device: torch.device) -> str:
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"
