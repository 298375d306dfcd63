"""Before a visit starts: what can run, what cannot and why. Takes a few seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cvlib.course.chapters import Chapter, chapter, written
from cvlib.course.errors import CourseError
from cvlib.course.paths import writable
from cvlib.course.run import identity, units
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.profiles import GPU
from cvlib.course.run.recording.jobs import Job

FREE_GB = 2.0


@dataclass(frozen=True)
class Preflight:
    """The lines to print, and the units that cannot run with the reason."""

    lines: tuple[str, ...]
    blocked: Mapping[str, str]  # "04 bn-32" -> why


def check_folders(work: Path, out: Path) -> None:
    """Raise `CourseError` where a visit could not write its results."""
    for folder in (work, out):
        if folder.exists() and not folder.is_dir():
            raise CourseError(f"{folder} is a file: choose another folder")
        if not writable(folder):
            raise CourseError(f"{folder} may not be written to: choose another folder")


def examine(jobs: Sequence[Job], profile: str, work: Path, device: str) -> Preflight:
    """Look at data, packages, commit and disk: what can run, what cannot and why."""
    blocked = {}
    lines = [f"profile {profile} on {device}, commit {identity.commit()[:12]}"]
    free = shutil.disk_usage(next(p for p in (work, *work.parents) if p.exists())).free / 1e9
    if free < FREE_GB:
        lines.append(f"only {free:.1f} GB are free below {work}: some {FREE_GB:.0f} GB are wanted")
    for entry in dict.fromkeys(job.chapter for job in jobs):
        mine = [job for job in jobs if job.chapter == entry]
        lacking = {job.unit.name: units.missing(job.unit) for job in mine if job.seed == 0}
        blocked |= {f"{entry.number:02d} {k}": why for k, why in lacking.items() if why}
        able = sum(not lacking[job.unit.name] for job in mine)
        done = sum(job.result(work) is not None for job in mine)
        lines.append(
            f"{entry.number:02d} {entry.title}: {len(mine)} units, {done} done, "
            f"{len(mine) - able} cannot run"
        )
        for why in dict.fromkeys(filter(None, lacking.values())):
            lines.append(f"   {', '.join(k for k, v in lacking.items() if v == why)}: {why}")
    return Preflight(tuple(lines), blocked)


def chosen(
    numbers: Sequence[str], profile: str, load: Callable[[int], Experiment]
) -> tuple[dict[Chapter, Experiment], list[str]]:
    """The experiments of these chapters (all written ones by default), and who has no profile."""
    entries = [chapter(n) for n in numbers] or list(written())
    found, said = {}, []
    for entry in entries:
        experiment = load(entry.number)
        if profile in experiment.config:
            found[entry] = experiment
        else:
            said.append(f"{entry.number:02d} {entry.title} has no profile {profile}")
    if not found:
        raise CourseError(f"nothing can be recorded: {'; '.join(said)}")
    return found, said


def load(number: int) -> Experiment:
    """A chapter's experiment; workers call it too."""
    return chapter(number).module("experiment").EXPERIMENT


def device_name(profile: str) -> str:
    """The device on which this profile runs here."""
    return units.device_name(torch.device("cuda" if on_cuda(profile) else "cpu"))


def on_cuda(profile: str) -> bool:
    """Whether this profile runs on a GPU here."""
    return profile in GPU and torch.cuda.is_available()
