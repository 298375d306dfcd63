"""What `cvlib record` does: look, foretell or run, pack, merge."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.paths import runs_dir
from cvlib.course.run import identity, machine, profiles, units
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.progress import duration
from cvlib.course.run.recording import merge as merging
from cvlib.course.run.recording import preflight
from cvlib.course.run.recording.jobs import Estimates, Job, all_jobs
from cvlib.course.run.recording.session import RESERVE, Session, prepare

WORKERS = {"cpu": 2, "cuda": 3}


@dataclass(frozen=True)
class Plan:
    """A visit that can start: what is to do, where, for how long, and what was found."""

    jobs: tuple[Job, ...]
    profile: str
    minutes: float
    workers: int
    work: Path
    out: Path
    estimates: Estimates
    experiments: dict[Chapter, Experiment]
    lines: tuple[str, ...]
    load: Callable[[int], Experiment]
    accept_code: bool


def plan(
    numbers: Sequence[str], profile: str, minutes: float, out: Path | None,
    sources: Sequence[Path] = (), workers: int | None = None, seeds: int | None = None, *,
    accept_code: bool = False, load: Callable[[int], Experiment] = preflight.load,
    scratch: Path | None = None,
) -> Plan:  # fmt: skip
    """Look at everything before anything runs. Raises `CourseError` if nothing can.

    Where a visit is only foretold, what earlier ones brought is laid out in `scratch`, and nothing
    else is written.
    """
    profile = profiles.resolve(profile)
    _check(minutes, workers, seeds)
    experiments, absent = preflight.chosen(numbers, profile, load)
    device = preflight.device_name(profile)
    workers = workers or WORKERS["cuda" if preflight.on_cuda(profile) else "cpu"]
    out = out or runs_dir() / "recorded" / profile
    work = _work_folder(out, profile)
    jobs = all_jobs(experiments, profile, seeds)
    preflight.check_folders(work, out)
    work = scratch or work
    said = prepare(_about(experiments, profile), work, [*_own(out), *sources], accept_code)
    found = preflight.examine(jobs, profile, work, device)
    estimates = Estimates(device)
    estimates.read_records(experiments, profile)
    done = [(job, result) for job in jobs if (result := job.result(work))]
    for job, result in done:
        estimates.learn(job, result)
    said += [f"{len(done)} units are done already"] if done else []
    elsewhere = _begun_elsewhere(done, device)
    said += _where(elsewhere)
    able = tuple(
        job for job in jobs
        if f"{job.chapter.number:02d} {job.unit.name}" not in found.blocked
        and (job.result(work) or (job.chapter, job.seed) not in elsewhere)
    )  # fmt: skip
    return Plan(
        able, profile, minutes, workers, work, out, estimates, experiments,
        (*found.lines, *absent, *said), load, accept_code,
    )  # fmt: skip


def _begun_elsewhere(
    done: Sequence[tuple[Job, dict[str, Any]]], device: str
) -> dict[tuple[Chapter, int], str]:
    """The seeds of which another device ran units, and this one none: chapter and seed -> device.

    The units of one seed are compared with each other, so they are of one device.
    """
    here = {(job.chapter, job.seed) for job, r in done if r["device"] == device}
    return {
        (job.chapter, job.seed): r["device"]
        for job, r in done
        if (job.chapter, job.seed) not in here
    }


def _where(elsewhere: dict[tuple[Chapter, int], str]) -> list[str]:
    groups: dict[tuple[Chapter, str], list[int]] = defaultdict(list)
    for (entry, seed), device in elsewhere.items():
        groups[entry, device].append(seed)
    return [
        f"{entry.number:02d} was begun on {device} (seed {', '.join(map(str, sorted(seeds)))}): "
        "what is missing there runs on such a device only; --seeds asks for further seeds"
        for (entry, device), seeds in groups.items()
    ]


def _about(experiments: dict[Chapter, Experiment], profile: str) -> dict[str, dict]:
    """The configuration and the code, by chapter folder, that results must be of."""
    return {
        entry.name: {
            "config": units.plain_config(experiment.config[profile]),
            "code": identity.code_hash(experiment.units),
        }
        for entry, experiment in experiments.items()
    }


def _check(minutes: float, workers: int | None, seeds: int | None) -> None:
    if not (math.isfinite(minutes) and minutes > 0):
        raise CourseError(f"{minutes} minutes: give a positive number")
    for name, value in (("jobs", workers), ("seeds", seeds)):
        if value is not None and value < 1:
            raise CourseError(f"{value} {name}: at least one is needed")


def _work_folder(out: Path, profile: str) -> Path:
    """Where the units run: not in `out`, whose few flat files alone are carried home."""
    mark = hashlib.sha256(str(out.absolute()).encode()).hexdigest()[:8]
    return runs_dir() / "record" / f"{profile}-{mark}"


def _own(out: Path) -> list[Path]:
    return [out] if out.is_dir() and any(out.glob("*.tar")) else []


def foretold(plan: Plan) -> list[str]:
    """What a visit would do, by the rates that are known: one line a unit, in order."""
    free = [0.0] * plan.workers
    budget = 60 * plan.minutes - min(RESERVE, 0.3 * 60 * plan.minutes)
    todo = [job for job in plan.jobs if job.result(plan.work) is None]
    lines = [f"{plan.minutes:g} minutes, {plan.workers} processes, {len(todo)} units to do:"]
    for job in todo:
        seconds = plan.estimates.of(job, plan.work)
        worker = free.index(min(free))
        if seconds is None:
            told = "not measured yet: starts when a process is free"
        elif free[worker] + seconds > budget:
            told = f"{duration(seconds)}: not in this visit"
        else:
            told = f"{duration(seconds)}, from {duration(free[worker])} on"
            free[worker] += seconds
        lines.append(
            f"  {job.unit.priority}  {str(job).ljust(32)} {job.unit.steps:6d} steps  {told}"
        )
    return lines


def run(plan: Plan) -> tuple[bool, list[str]]:
    """Run the visit: whether all is done, and what to tell at its end."""
    machine.device(plan.profile, force_cpu=False)
    session = Session(
        plan.jobs, plan.profile, plan.work, plan.out, plan.minutes, plan.workers, plan.estimates,
        plan.load, plan.accept_code,
    )  # fmt: skip
    session.run()
    done = [job for job in plan.jobs if job.result(plan.work)]
    lines = [f"{len(done)} of {len(plan.jobs)} units are done; packed in {plan.out}"]
    for job in plan.jobs:
        if job.key in session.failed:
            lines.append(f"  {job} failed: {session.failed[job.key]}")
        elif (result := job.result(plan.work)) and result["status"] != units.FINISHED:
            lines.append(f"  {job} diverged")
    half = sum(job.key in session.paused for job in plan.jobs)
    lines += [f"  {half} are half-done: the same command goes on"] if half else []
    lines += [f"  not packed: {name}" for name in session.left_out]
    if session.interrupts.wish:
        lines.append(f"stopped by {session.interrupts.wish}; the same command goes on")
    return len(done) == len(plan.jobs), lines


def merge(
    folder: Path, numbers: Sequence[str], profile: str, seeds: int | None,
    load: Callable[[int], Experiment] = preflight.load,
) -> list[str]:  # fmt: skip
    """Write the records of the chapters that have results in `folder`."""
    if not folder.is_dir():
        raise CourseError(f"{folder} is no folder: give the one with results.tar")
    profile = profiles.resolve(profile)
    experiments, _ = preflight.chosen(numbers, profile, load)
    return merging.merge(folder, experiments, profile, seeds)
