"""Two steps of every training, with all that follows: what would fail late fails at once."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvlib.course.errors import CourseError, DataMissing, OutOfBudget
from cvlib.course.run import units
from cvlib.course.run.progress import Progress, duration
from cvlib.course.run.recording.visit import Plan
from cvlib.course.run.recording.worker import told
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task


class ShortTask(Task):
    """A training of its first and its last step, at which most loops test the net."""

    def _ahead(self, total: int) -> Sequence[int]:
        return sorted({self.step, total - 1}) if self.step < total else ()


class Rehearsal(Run):
    """A run whose trainings are short: its shapes, memory and files are those of the true one."""

    def task(self, name: str, **objects: Any) -> Task:
        """A training of two steps."""
        task = ShortTask(self, name, objects)
        self.tasks.append(task)
        return task


@dataclass(frozen=True)
class Tried:
    """How one unit went: `error` is empty if nothing is wrong with it."""

    name: str  # "04 gn"
    seconds: float
    gigabytes: float  # peak memory
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"  {self.name.ljust(28)} fails: {self.error}"
        took = duration(self.seconds)
        return f"  {self.name.ljust(28)} works: {took}, {self.gigabytes:.2f} GB at most"


def rehearse(plan: Plan) -> Iterator[Tried]:
    """Try every unit of seed 0 once, where a GPU is meant and none is here on the CPU.

    Nothing of it is kept. Ends when the plan's minutes are over.
    """
    end = time.monotonic() + 60 * plan.minutes
    todo = [job for job in plan.jobs if job.seed == 0]
    with tempfile.TemporaryDirectory() as place:
        for entry in dict.fromkeys(job.chapter for job in todo):
            names = {job.unit.name for job in todo if job.chapter == entry}
            minutes = (end - time.monotonic()) / 60
            if minutes <= 0:
                return
            run = Rehearsal(
                plan.experiments[entry], plan.profile, 0, Path(place) / entry.name,
                minutes=minutes, force_cpu=True, progress=Progress(quiet=True),
                say=lambda text: None,
            )  # fmt: skip
            yield from _chapter(run, names, end)


def _chapter(run: Run, names: set[str], end: float) -> Iterator[Tried]:
    broken: set[str] = set()
    for unit in run.plan:
        if unit.name not in names:
            continue
        began = time.monotonic()
        waits = broken.intersection(unit.after)
        memory, error = 0, f"{', '.join(sorted(waits))} must work first" if waits else ""
        try:
            if not waits:
                with _until(end):
                    result = units.perform(run, unit)
                memory = result["peak_memory_bytes"]
                error = "" if result["status"] == units.FINISHED else "it diverges at once"
        except OutOfBudget:
            return
        except (CourseError, DataMissing) as problem:
            error = str(problem)
        except Exception as problem:
            error = told(problem)
        if error:
            broken.add(unit.name)
        yield Tried(
            f"{run.chapter.number:02d} {unit.name}", time.monotonic() - began, memory / 1e9, error
        )


@contextlib.contextmanager
def _until(end: float) -> Iterator[None]:
    """Raise `OutOfBudget` at that time even in work that never looks at the clock."""

    def late(number: int, frame: object) -> None:
        raise OutOfBudget("the time of the rehearsal is up")

    if not hasattr(signal, "setitimer"):  # Windows: a unit ends when it looks at the clock
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(0.01, end - time.monotonic()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
