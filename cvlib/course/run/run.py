"""A run: the one owner of device, seeds, precision, checkpoints, progress and the record."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError, DataMissing, OutOfBudget
from cvlib.course.page.frontend import headless
from cvlib.course.paths import runs_dir
from cvlib.course.run import cost, guards, identity, machine, profiles, record, units, weights
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.interrupts import Interrupts, Stopped
from cvlib.course.run.plain import plain
from cvlib.course.run.progress import Progress
from cvlib.course.run.task import Task


class Run:
    """One seed of one chapter's experiment in one profile; resumes by default.

    `out` is the folder of the run (default: `runs_dir()/NN_slug/profile`), `minutes` a wall-clock
    budget, `fresh` throws earlier results and checkpoints away, `force_cpu` allows profile full
    without CUDA, `accept_code` goes on with what other code trained.
    """

    def __init__(
        self, experiment: Experiment, profile: str = "auto", seed: int = 0,
        out: str | Path | None = None, *, minutes: float | None = None, fresh: bool = False,
        force_cpu: bool = False, accept_code: bool = False, save_seconds: float = 60.0,
        progress: Progress | None = None, kept: dict[str, Any] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        guards.budget(minutes)
        self.began = time.monotonic()
        self.experiment, self.seed = experiment, int(seed)
        self.profile, self._why = profiles.choose(profile)
        self.plan = experiment.plan(self.profile)
        self.config = experiment.config[self.profile]
        self.chapter = chapter(experiment.chapter)
        self.code = identity.code_hash(experiment.units)
        self.rank, self.world = machine.join_processes()
        self.device = machine.device(self.profile, force_cpu)
        self.precision = machine.precision(self.device, experiment.precision)
        machine.tune(self.precision, experiment.fixed_shapes)
        self.out = guards.folder(out, runs_dir() / self.chapter.name / self.profile)
        self.folder = self.out / f"seed{self.seed}"
        self.minutes, self.save_seconds = minutes, save_seconds
        self.accept_code = accept_code
        self.progress = progress or Progress(quiet=self.rank > 0)
        self.tasks: list[Task] = []
        self.interrupts = Interrupts()
        self._kept = {} if kept is None else kept
        self._say = say or partial(print, flush=True)
        if fresh and self.rank == 0:
            for part in ("checkpoints", "units", "weights"):
                shutil.rmtree(self.folder / part, ignore_errors=True)
        self.enter(None)

    def enter(self, unit: Unit | None) -> None:
        """Begin a unit: the generators start from the seed, whatever ran before."""
        self.unit = unit
        self.data_label = ""
        self.values: dict[str, tuple[float, int | None]] = {}
        self.extra: dict[str, Any] = {}
        self.memos: dict[str, Any] = {}
        self.earlier_seconds = 0.0
        self.resumes = 0
        self._first_task = len(self.tasks)
        machine.seed_everything(self.seed)

    @property
    def tasks_of_unit(self) -> list[Task]:
        """The trainings of the unit that runs."""
        return self.tasks[self._first_task :]

    @property
    def checkpoint_folder(self) -> Path:
        """Where the trainings of the unit that runs keep their checkpoints."""
        return self.folder / "checkpoints" / (self.unit.name if self.unit else "")

    # -- what a unit calls ------------------------------------------------------------------

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
        if self.unit and name not in self.unit.metrics:
            raise CourseError(f"unit {self.unit.name} does not declare that it measures {name!r}")
        value = float(value)
        if not math.isfinite(value):
            raise CourseError(f"{name} came out as {value}: nothing is recorded")
        self.values[name] = (value, None if n is None else int(n))

    def note(self, key: str, value: Any) -> None:
        """Extra material of the record, such as a curve or a table; converted to JSON now."""
        self.extra[key] = plain(value, key)

    def memo(self, key: str, value: Any) -> None:
        """A circumstance that the record's provenance must tell."""
        self.memos[key] = plain(value, key)

    def shared(self, key: str, make: Callable[[], Any]) -> Any:
        """What several units read, such as the pictures: made once in this process."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def weights(self, name: str, trained: nn.Module | dict[str, Tensor]) -> None:
        """Keep a small half-precision file of a net for later units and for the page."""
        if self.rank == 0:
            weights.save(self.folder, self.unit.name if self.unit else "run", name, trained)

    def load_weights(self, unit: str, name: str) -> dict[str, Tensor]:
        """The state, in float32, that `unit` kept under `name`."""
        return weights.load(self.folder, unit, name)

    def tick(self) -> None:
        """Call where time goes by outside a training step.

        Raises `OutOfBudget` once the time is up, `Stopped` once somebody asked to stop.
        """
        where = f" in {self.unit.name}" if self.unit else ""
        if self.interrupts.wish:
            raise Stopped(f"{self.interrupts.wish}{where}; all is saved: run it again to go on")
        if self.out_of_time():
            raise OutOfBudget(f"the time is up{where}; all is saved: run it again to go on")

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision where the device has it: bf16 where native, else fp16; none on a CPU."""
        return machine.autocast(self.device, self.precision)

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
        """Run this seed's units in order and write the record; finished units come from files.

        The time budget, or a data set or package that is missing, ends it early or leaves a unit
        out: the record then holds what there is and says what is missing.
        """
        results = self.finished()
        try:
            with self.interrupts.listening():
                self._execute(results)
        except OutOfBudget as stop:
            self.say(str(stop))
        except Stopped as stop:
            self.say(str(stop))
            raise
        finally:
            self.progress.close()
            result = record.build(
                self.experiment, self.profile, list(results.values()), [self.seed]
            )
            if self.rank == 0 and results:
                record.write(result, self.folder / "record.json")
        return result

    def _execute(self, results: dict[str, dict[str, Any]]) -> None:
        todo = [unit for unit in self.plan if unit.name not in results]
        absent = {unit.name: units.missing(unit, fetch=True) for unit in todo}
        if not headless():  # a stored page holds no line that depends on the machine
            for line in cost.sentences(self, [u for u in todo if not absent[u.name]], self._why):
                self.say(line)
        self.progress.planned = sum(u.steps for u in todo if not absent[u.name])
        if len(todo) < len(self.plan):
            self.say(f"{len(self.plan) - len(todo)} finished units are taken from {self.folder}")
        for unit in todo:
            waits = [n for n in unit.after if results.get(n, {}).get("status") != units.FINISHED]
            lack = absent[unit.name] or (f"{waits[0]} is not finished" if waits else "")
            if not lack:
                lack = self._attempt(unit, results)
            if lack:
                self.say(f"{unit.name} is left out: {lack}")
        if not results:
            raise DataMissing(f"nothing could be run: {absent[todo[0].name] or lack}")

    def _attempt(self, unit: Unit, results: dict[str, dict[str, Any]]) -> str:
        """Run a unit; what it lacked, if it could not be run."""
        try:
            results[unit.name] = units.perform(self, unit)
        except DataMissing as error:
            return str(error)
        except ModuleNotFoundError as error:
            return f"the package {error.name} is not installed: pip install {error.name}"
        return ""

    def finished(self) -> dict[str, dict[str, Any]]:
        """The results of this run's units that are in its folder."""
        found = {u.name: units.read(units.path_of(self.folder, u.name)) for u in self.plan}
        if self.world > 1:  # all processes must leave out the same units
            torch.distributed.barrier()
        results = {name: result for name, result in found.items() if result}
        for name, result in results.items():
            self.guard(result["config"], result["code"], name)
        return results

    # -- what a task calls ------------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line to the reader, from the first process only."""
        if self.rank == 0:
            self._say(text)

    def out_of_time(self) -> bool:
        """Whether the wall-clock budget is used up."""
        return self.minutes is not None and time.monotonic() - self.began > 60 * self.minutes

    def resumed(self, task: Task) -> None:
        """Say that a training goes on from its checkpoint."""
        self.resumes += 1
        if task.step and task.step < (task.total or 0):
            self.say(f"{task.name}: going on from step {task.step} of {task.total}")

    def guard(self, config: dict[str, Any], code: str, what: str) -> None:
        """Refuse what another configuration, or other code, has made."""
        guards.same_config(self.folder, config, units.plain_config(self.config))
        if not self.accept_code:
            guards.same_code(self.folder, what, code, self.code)
