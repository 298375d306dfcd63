"""What there is to do, in which order, and how long it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from cvlib.course.chapters import Chapter
from cvlib.course.run import record, units
from cvlib.course.run.experiment import Experiment, Unit

Key = tuple[int, int, str]  # chapter, seed, unit
SURE = 10.0  # recorded seconds from which on a unit tells how fast this machine is


@dataclass(frozen=True, eq=False)
class Job:
    """One unit of one seed of one chapter; two are the same if they are called the same."""

    chapter: Chapter
    seed: int
    unit: Unit

    @property
    def key(self) -> Key:
        """What names it in messages between processes."""
        return (self.chapter.number, self.seed, self.unit.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f"{self.chapter.number:02d} seed {self.seed} {self.unit.name}"

    def folder(self, work: Path) -> Path:
        """The folder of its seed below the folder in which units are run."""
        return work / self.chapter.name / f"seed{self.seed}"

    def result(self, work: Path) -> dict[str, Any] | None:
        """What it wrote when it finished, or None."""
        return units.read(units.path_of(self.folder(work), self.unit.name))


def all_jobs(
    experiments: Mapping[Chapter, Experiment], profile: str, seeds: int | None
) -> list[Job]:
    """Every unit: the headline of seed 0 of every chapter, of seeds 1, 2, then what comes after.

    An early end so leaves complete small tables, not one deep seed. `seeds` overrides what the
    experiments ask for.
    """
    ranked = []
    for place, (entry, experiment) in enumerate(experiments.items()):
        wanted = seeds or experiment.seeds.get(profile, 1)
        for seed in range(wanted):
            for index, unit in enumerate(experiment.plan(profile)):
                rank = (unit.priority, seed, place, index)
                ranked.append((rank, Job(entry, seed, unit)))
    return [job for _, job in sorted(ranked, key=lambda pair: pair[0])]


class Estimates:
    """Seconds of a unit: as measured in this visit, else as recorded and corrected by it."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.recorded: dict[tuple[int, str], float] = {}
        self._measured: dict[tuple[int, str], list[float]] = defaultdict(list)
        self._ratios: list[float] = []

    def read_records(self, entries: Iterable[Chapter], profile: str) -> None:
        """Take the seconds that the recorded runs of this profile took on such a device."""
        for entry in entries:
            known = record.recorded(entry, profile)
            for line in known["provenance"]["units"] if known else ():
                if line["device"] == self.device:
                    self.recorded[entry.number, line["unit"]] = line["seconds"]

    def learn(self, job: Job, result: Mapping[str, Any]) -> None:
        """Take what a finished unit took, if it ran on such a device."""
        key = (job.chapter.number, job.unit.name)
        if result["device"] != self.device:
            return
        if self.recorded.get(key, 0.0) >= SURE and not self._measured[key]:
            self._ratios.append(result["seconds"] / self.recorded[key])
        self._measured[key].append(result["seconds"])

    def of(self, job: Job, work: Path) -> float | None:
        """Seconds that the job still takes; None if nobody has measured it."""
        key = (job.chapter.number, job.unit.name)
        if self._measured[key]:
            whole = fmean(self._measured[key])
        elif key in self.recorded:
            whole = self.recorded[key] * (median(self._ratios) if self._ratios else 1.0)
        else:
            return None
        return whole * (1 - done_share(job, work))


def done_share(job: Job, work: Path) -> float:
    """How much of a job's steps its checkpoints hold, 0 to 1."""
    newest = [max(map(_step, files)) for files in checkpoints(job, work).values()]
    return min(1.0, sum(newest) / job.unit.steps) if job.unit.steps else 0.0


def checkpoints(job: Job, work: Path) -> dict[str, list[Path]]:
    """The checkpoints of a job's trainings, by training."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in (job.folder(work) / "checkpoints" / job.unit.name).glob("*/step-*.pt"):
        if _step(path) > 0:  # the very first holds nothing that was trained
            found[path.parent.name].append(path)
    return found


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def waits_for(job: Job, work: Path) -> str:
    """The first unit that a job needs and that is not finished; empty if none."""
    for name in job.unit.after:
        result = units.read(units.path_of(job.folder(work), name))
        if result is None or result["status"] != units.FINISHED:
            return name
    return ""
