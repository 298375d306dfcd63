"""A visit: worker processes, a budget, results written and packed as they come."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.interrupts import Interrupts
from cvlib.course.run.recording import pack
from cvlib.course.run.recording.jobs import Estimates, Job, waits_for
from cvlib.course.run.recording.table import Table
from cvlib.course.run.recording.worker import work as work_units

RESERVE = 45.0  # seconds before the end in which nothing starts: saving, packing
PACK_SECONDS = 30.0
SAVE_SECONDS = 20.0  # between two checkpoints of a training
START = "spawn"  # how worker processes start: CUDA forbids fork


@dataclass
class Worker:
    """A worker process, the connection to it, and what it does."""

    process: Any
    connection: Connection
    job: Job | None = None
    about: dict[str, Any] = field(default_factory=dict)


@dataclass
class Session:
    """Runs jobs within a budget; `load` gives a chapter's experiment, also in the workers."""

    jobs: Sequence[Job]
    profile: str
    work: Path
    out: Path
    minutes: float
    workers: int
    estimates: Estimates
    load: Callable[[int], Experiment]
    accept_code: bool = False
    failed: dict[tuple, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = time.time()
        self.end = self.began + 60 * self.minutes
        self.deadline = self.end - min(RESERVE, 0.3 * 60 * self.minutes)
        self.paused: set[tuple] = set()
        self.interrupts = Interrupts()
        self.left_out: list[str] = []
        self._packed = 0.0

    def run(self) -> None:
        """Run until all is done, the time is up or somebody asks to stop; always packs."""
        team = [self._hire() for _ in range(self.workers)]
        table = Table(self)
        try:
            with self.interrupts.listening(), self.interrupts.holding():
                while self._step(team, table):
                    table.show(team)
            self._wind_down(team, table)
        finally:
            for worker in team:
                worker.process.kill()
                worker.process.join()
            table.close(team)
            self._pack()

    def _step(self, team: list[Worker], table: Table) -> bool:
        """Give out work, listen for a moment, pack; False when there is no more to wait for."""
        if self.interrupts.wish or time.time() > self.deadline:
            return False
        for worker in team:
            if worker.job is None and (job := self._next(team)):
                self._give(worker, job)
        busy = [worker for worker in team if worker.job]
        if not busy:
            return False
        self._listen(team, 0.5)
        if time.time() - self._packed > PACK_SECONDS:
            self._pack()
        return True

    def _wind_down(self, team: list[Worker], table: Table) -> None:
        """Let the workers save what is half-done, at most until shortly before the end."""
        latest = max(self.end - 10, time.time() + 8)
        for worker in team:
            if worker.job and self.interrupts.wish:
                worker.process.terminate()
        asked = False
        while any(worker.job for worker in team) and time.time() < latest:
            self._listen(team, 0.2)
            if not asked and time.time() > latest - 5:
                asked = True
                for worker in team:
                    if worker.job:
                        worker.process.terminate()

    def _hire(self) -> Worker:
        context = multiprocessing.get_context(START)
        here, there = context.Pipe()
        process = context.Process(
            target=work_units,
            args=(there, self.load, self.profile, self.work, self.accept_code, SAVE_SECONDS),
            daemon=True,
        )
        process.start()
        there.close()
        return Worker(process, here)

    def _next(self, team: list[Worker]) -> Job | None:
        """The first job in order that can start and, as far as is known, ends in time."""
        busy = {worker.job.key for worker in team if worker.job}
        left = self.deadline - time.time()
        for job in self.jobs:
            if job.key in busy or job.key in self.failed or job.key in self.paused:
                continue
            if job.result(self.work) or waits_for(job, self.work):
                continue
            seconds = self.estimates.of(job, self.work)
            if seconds is None or seconds <= left:
                return job
        return None

    def _give(self, worker: Worker, job: Job) -> None:
        worker.job, worker.about = job, {"began": time.time()}
        worker.connection.send((*job.key, self.deadline))

    def _listen(self, team: list[Worker], seconds: float) -> None:
        by_connection = {worker.connection: worker for worker in team}
        for connection in wait(list(by_connection), seconds):
            worker = by_connection[connection]
            try:
                event, key, about = connection.recv()
            except (EOFError, OSError):
                self._lost(team, worker)
                continue
            if worker.job and key == worker.job.key:
                self._heard(worker, event, about)

    def _heard(self, worker: Worker, event: str, about: dict[str, Any]) -> None:
        job = worker.job
        if event in ("going", "said"):
            worker.about.update(about)
            return
        worker.job = None
        if event == "failed":
            self.failed[job.key] = about["text"]
        elif event == "paused":
            self.paused.add(job.key)
        else:
            self.estimates.learn(job, job.result(self.work))
        self._pack()

    def _lost(self, team: list[Worker], worker: Worker) -> None:
        """A worker died: its job failed, and another one takes its place."""
        worker.process.join()
        if worker.job:
            code = worker.process.exitcode
            self.failed[worker.job.key] = f"its process ended with exit code {code}"
        team[team.index(worker)] = self._hire()

    def _pack(self) -> None:
        self._packed = time.time()
        try:
            self.left_out = pack.pack(self.work, self.out, self.jobs)
        except CourseError as error:  # a full disk must not end the visit
            self.left_out = [str(error)]


def prepare(
    about: dict[str, dict], work: Path, sources: Sequence[Path],
    accept_code: bool,
) -> list[str]:  # fmt: skip
    """Make `work` hold what earlier visits brought and nothing of other code; what to say."""
    said = []
    checked = {k: {**v, "code": None} if accept_code else v for k, v in about.items()}
    for name, wanted in checked.items():
        folder = work / name
        if folder.is_dir() and (reason := pack.differs(folder, wanted)):
            aside = work / f"{name}.aside-{int(time.time())}"
            folder.rename(aside)
            said.append(f"{name} in {work} was set aside as {aside.name}: {reason}")
        atomic.write(folder / pack.ABOUT, json.dumps(about[name]) + "\n")
    for source in sources:
        incoming = work / "incoming"
        pack.unpack(source, incoming)
        said += pack.adopt(incoming, work, checked)
        pack.remove(incoming)
    return said
