"""Several seeds of a chapter, one record: what `cvlib run` does. Needs no Jupyter."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import record
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.run import Run


def run_chapter(
    number: int | str, profile: str = "auto", seeds: int = 1, *, minutes: float | None = None,
    out: str | Path | None = None, fresh: bool = False, force_cpu: bool = False,
    accept_code: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run seeds 0..seeds-1 one after another and write `out/record.json`; `minutes` is for all."""
    if seeds < 1:
        raise CourseError(f"{seeds} seeds: at least one is needed")
    experiment: Experiment = chapter(number).module("experiment").EXPERIMENT
    began = time.monotonic()
    results: list[dict[str, Any]] = []
    for seed in range(seeds):
        left = minutes if not seed or minutes is None else _left(minutes, began)
        run = Run(
            experiment, profile, seed, out, minutes=left, fresh=fresh, force_cpu=force_cpu,
            accept_code=accept_code,
        )  # fmt: skip
        if seeds > 1:
            run.say(f"seed {seed} of {seeds}")
        complete = run.execute()["complete"]
        results += run.finished().values()
        if not complete:
            break
    whole = record.build(experiment, run.profile, results, range(seeds))
    if run.rank == 0:
        record.write(whole, run.out / "record.json")
    return whole


def _left(minutes: float, began: float) -> float:
    return max(0.0, minutes - (time.monotonic() - began) / 60)
