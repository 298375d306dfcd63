"""The record of a run: what was measured, under what circumstances. Only a run writes one."""

from __future__ import annotations

import dataclasses
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import torch

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT
from cvlib.course.run.experiment import Experiment

if TYPE_CHECKING:
    from cvlib.course.run.run import Run

SCHEMA = Path(__file__).with_name("record.schema.json")
POINTS = 200  # of each history that a record keeps


def build(run: Run, complete: bool) -> dict[str, Any]:
    """The record of one seed."""
    experiment = run.experiment
    measured = {
        name: {
            **dataclasses.asdict(metric),
            "n": run.values[name][1] if name in run.values else None,
            "values": [run.values[name][0] if name in run.values else None],
        }
        for name, metric in experiment.metrics.items()
    }
    return _judged(
        {
            "schema": 1,
            "chapter": run.chapter.number,
            "title": run.chapter.title,
            "profile": run.profile,
            "evidence": run.profile != "smoke",
            "complete": complete,
            "data": run.data_label,
            "seeds": [run.seed],
            "metrics": measured,
            "history": [_history(run.seed, t.name, t.history) for t in run.tasks if t.history],
            "paper": {k: dataclasses.asdict(v) for k, v in experiment.paper.items()},
            "differs": experiment.differs,
            "extra": {str(run.seed): run.extra},
            "provenance": provenance(run),
        },
        experiment,
    )


def merge(records: Sequence[dict[str, Any]], experiment: Experiment) -> dict[str, Any]:
    """One record of several seeds: values side by side, mean and sd, judged anew."""
    whole = json.loads(json.dumps(records[-1]))
    whole["seeds"] = [seed for r in records for seed in r["seeds"]]
    whole["complete"] = all(r["complete"] for r in records)
    whole["history"] = [line for r in records for line in r["history"]]
    whole["extra"] = {seed: extra for r in records for seed, extra in r["extra"].items()}
    for name, metric in whole["metrics"].items():
        metric["values"] = [v for r in records for v in r["metrics"][name]["values"]]
        metric["n"] = next((n for r in records if (n := r["metrics"][name]["n"])), None)
    spent = whole["provenance"]
    spent["wall_seconds"] = sum(r["provenance"]["wall_seconds"] for r in records)
    spent["peak_memory_bytes"] = max(r["provenance"]["peak_memory_bytes"] for r in records)
    spent["resumes"] = sum(r["provenance"]["resumes"] for r in records)
    return _judged(whole, experiment)


def _judged(whole: dict[str, Any], experiment: Experiment) -> dict[str, Any]:
    for metric in whole["metrics"].values():
        values = [v for v in metric["values"] if v is not None]
        metric["mean"] = fmean(values) if values else None
        metric["sd"] = stdev(values) if len(values) > 1 else None
    means = {k: m["mean"] for k, m in whole["metrics"].items() if m["mean"] is not None}
    whole["verdict"] = [
        {"claim": c.text, "rule": c.holds, "direction": c.direction,
         "contradicted": c.contradicted, "status": c.status(means)}
        for c in experiment.claims
    ]  # fmt: skip
    return whole


def _history(seed: int, task: str, lines: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    stride = math.ceil(len(lines) / POINTS)
    kept = list(lines[::stride])
    if kept[-1] is not lines[-1]:
        kept.append(lines[-1])
    return {"seed": seed, "task": task, "points": [dict(line) for line in kept]}


def provenance(run: Run) -> dict[str, Any]:
    """Where, when and with what a run was made."""
    cuda = run.device.type == "cuda"
    properties = torch.cuda.get_device_properties(run.device) if cuda else None
    memory = torch.cuda.max_memory_allocated(run.device) if cuda else _resident_bytes()
    return {
        "commit": commit(),
        "versions": versions(),
        "device": properties.name if properties else (platform.processor() or platform.machine()),
        "cuda": torch.version.cuda if cuda else None,
        "processes": run.world,
        "threads": torch.get_num_threads(),
        "precision": run.precision,
        "config": json.loads(json.dumps(dataclasses.asdict(run.config))),
        "wall_seconds": round(time.monotonic() - run.began + run.earlier_seconds, 2),
        "peak_memory_bytes": int(memory),
        "resumes": run.resumes,
        "memos": run.memos,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit() -> str:
    """The git commit of the checkout, with `-dirty` when files differ; `unknown` without git."""
    try:
        head, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("-dirty" if changed else "")


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip()


def versions() -> dict[str, str]:
    """Of python and of the packages that numbers depend on."""
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("numpy", "scipy", "scikit-learn", "pillow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def _resident_bytes() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def write(record: Mapping[str, Any], path: Path) -> Path:
    """Write a record atomically as JSON."""
    return atomic.write(path, json.dumps(record, indent=1, allow_nan=False) + "\n")


def load(path: Path) -> dict[str, Any]:
    """Read a record and check it against the schema."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} is no readable record: {error}") from error
    if problem := schema_problem(record):
        raise CourseError(f"{path} is not a record: {problem}")
    return record


def schema_problem(record: Any) -> str:
    """What the schema finds wrong, or an empty string (also where jsonschema is absent)."""
    try:
        import jsonschema
    except ImportError:
        return ""
    try:
        jsonschema.validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
    except jsonschema.ValidationError as error:
        return f"{error.json_path}: {error.message}"
    return ""


def recorded(chapter: Chapter) -> dict[str, Any] | None:
    """The recorded full run of a chapter, or None when there is none yet."""
    path = chapter.recorded / "full.json"
    return load(path) if path.is_file() else None
