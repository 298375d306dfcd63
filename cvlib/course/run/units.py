"""Units: what is finished lies in a small file and is never done again."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cvlib.course import atomic
from cvlib.course.errors import CourseError, DataMissing, Diverged
from cvlib.course.run import identity, memory
from cvlib.course.run.experiment import Unit

if TYPE_CHECKING:
    from cvlib.course.run.run import Run

FINISHED, DIVERGED = "finished", "diverged"
POINTS = 200  # of each history that is kept
PACKAGE = "package:"


def path_of(folder: Path, unit: str) -> Path:
    """The file of a unit's result below the folder of its seed."""
    return folder / "units" / f"{unit}.json"


def perform(run: Run, unit: Unit) -> dict[str, Any]:
    """Run one unit and write its result at once. A diverged training is a result too.

    Raises `CourseError` when the unit did not measure what it declares.
    """
    run.enter(unit)
    memory.restart(run.device)
    began = time.monotonic()
    status = FINISHED
    try:
        unit.run(run)
    except Diverged as error:
        status = DIVERGED
        run.memo(f"{unit.name} diverged", str(error))
        run.say(f"{unit.name} diverged: {error}")
    if status == FINISHED and (absent := set(unit.metrics) - run.values.keys()):
        raise CourseError(f"unit {unit.name} did not measure {', '.join(sorted(absent))}")
    result = _result(run, unit, status, time.monotonic() - began)
    if run.rank == 0:
        atomic.write(path_of(run.folder, unit.name), json.dumps(result, allow_nan=False) + "\n")
    return result


def _result(run: Run, unit: Unit, status: str, seconds: float) -> dict[str, Any]:
    tasks = run.tasks_of_unit
    return {
        "schema": 1,
        "chapter": run.chapter.number,
        "profile": run.profile,
        "seed": run.seed,
        "unit": unit.name,
        "status": status,
        "data": run.data_label,
        "values": {name: list(value) for name, value in run.values.items()},
        "notes": run.extra,
        "memos": run.memos,
        "history": [_history(t.name, t.history) for t in tasks if t.history],
        "steps": sum(t.step for t in tasks),
        "seconds": round(seconds + run.earlier_seconds, 2),
        "training_seconds": round(sum(t.seconds for t in tasks), 2),
        "step_seconds": {t.name: round(t.step_seconds, 6) for t in tasks if t.step_seconds},
        "resumes": run.resumes,
        "peak_memory_bytes": memory.peak(run.device),
        "config": plain_config(run.config),
        "code": run.code,
        "commit": identity.commit(),
        "versions": identity.versions(),
        "device": device_name(run.device),
        "cuda": torch.version.cuda if run.device.type == "cuda" else None,
        "processes": run.world,
        "threads": torch.get_num_threads(),
        "precision": run.precision,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def plain_config(config: Any) -> dict[str, Any]:
    """A configuration as JSON gives it back."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def device_name(device: torch.device) -> str:
    """`NVIDIA H100 80GB HBM3`, or the processor's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).name
    return platform.processor() or platform.machine()


def _history(task: str, lines: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    stride = math.ceil(len(lines) / POINTS)
    kept = list(lines[::stride])
    if kept[-1] is not lines[-1]:
        kept.append(lines[-1])
    return {"task": task, "points": [dict(line) for line in kept]}


def read(path: Path) -> dict[str, Any] | None:
    """A unit's result, or None where there is none or only half of one."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) and result.get("schema") == 1 else None


def missing(unit: Unit, fetch: bool = False) -> str:
    """What a unit needs and is not here, as half a sentence; empty if all is.

    `fetch` downloads data sets that can be had.
    """
    for need in unit.needs:
        if need.startswith(PACKAGE):
            name = need.removeprefix(PACKAGE)
            if importlib.util.find_spec(name) is None:
                return f"the package {name} is not installed: pip install {name}"
        elif lack := _missing_data(need, fetch):
            return lack
    return ""


def _missing_data(name: str, fetch: bool) -> str:
    from cvlib.course.data import locate, registry

    entry = registry.data_set(name)
    usable = [entry, *filter(None, [registry.stand_in(entry)])]
    if any(all(map(locate.present, one.files)) for one in usable):
        return ""
    if fetch and os.environ.get("CVLIB_OFFLINE") != "1":
        try:
            for file in entry.files:
                locate.path(file.name)
            return ""
        except DataMissing as error:
            return str(error)
    return f"the data set {name} is not here: `cvlib data fetch` downloads it"
