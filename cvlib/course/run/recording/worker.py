"""One worker process: runs the units that it is told to, and tells how they go."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from cvlib.course.errors import CourseError, DataMissing, OutOfBudget
from cvlib.course.run import units
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.interrupts import Stopped
from cvlib.course.run.progress import Progress
from cvlib.course.run.run import Run

EVERY = 1.0  # seconds between two words on a training
GRACE = 30.0  # seconds until a worker whose parent is gone ends the hard way


class Reporter(Progress):
    """Sends step, rate and loss to the parent instead of printing them."""

    def __init__(self, tell: Callable[..., None]) -> None:
        super().__init__(quiet=True)
        self._tell = tell

    def step(self, task: str, step: int, total: int, loss: float | None, seconds: float) -> None:
        """One more step is done."""
        super().step(task, step, total, loss, seconds)
        now = time.monotonic()
        if now - self._shown > EVERY:
            self._shown = now
            self._tell("going", step=step, total=total, loss=loss, rate=self.rate())


def work(
    connection: Connection, load: Callable[[int], Experiment], profile: str, folder: Path,
    accept_code: bool, save_seconds: float,
) -> None:  # fmt: skip
    """Run units until told to stop; started by `Session` in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and says what to do
    torch.set_num_threads(1)
    threading.Thread(target=_follow_parent, args=(os.getppid(),), daemon=True).start()
    kept: dict[str, Any] = {}
    last: tuple[int, int] | None = None
    while (order := _next(connection)) is not None:
        number, seed, name, deadline = order
        if last != (number, seed):
            kept.clear()
            last = (number, seed)

        def tell(event: str, key: tuple = (number, seed, name), **about: Any) -> None:
            connection.send((event, key, about))

        try:
            experiment = load(number)
            run = Run(
                experiment, profile, seed, folder / _folder(experiment), progress=Reporter(tell),
                minutes=(deadline - time.time()) / 60, accept_code=accept_code,
                save_seconds=save_seconds, kept=kept, say=lambda text: tell("said", text=text),
            )  # fmt: skip
            unit = next(u for u in run.plan if u.name == name)
            with run.interrupts.listening():
                units.perform(run, unit)
            tell("done")
        except (OutOfBudget, Stopped) as stop:
            tell("paused", text=str(stop))
            if isinstance(stop, Stopped):
                return
        except (CourseError, DataMissing, MemoryError, OSError) as error:
            tell("failed", text=str(error))
        except Exception as error:
            tell("failed", text=told(error))


def _folder(experiment: Experiment) -> str:
    from cvlib.course.chapters import chapter

    return chapter(experiment.chapter).name


def _next(connection: Connection) -> tuple | None:
    try:
        return connection.recv()
    except EOFError:
        return None


def told(error: BaseException) -> str:
    """An unforeseen error in one line, with the file and the line that raised it."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {error} ({place or 'no traceback'})"


def _follow_parent(parent: int) -> None:
    """A worker whose parent was killed saves, and ends."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
