"""The record of a run: what was measured, under what circumstances. Only a run writes one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from cvlib.course import atomic
from cvlib.course.chapters import Chapter, chapter
from cvlib.course.errors import CourseError
from cvlib.course.run.experiment import Claim, Experiment, Unit
from cvlib.course.run.rules import compute, names

SCHEMA = Path(__file__).with_name("record.schema.json")

Results = Mapping[tuple[int, str], dict[str, Any]]  # (seed, unit) -> what the unit wrote


def build(
    experiment: Experiment, profile: str, results: Sequence[dict[str, Any]], seeds: Sequence[int]
) -> dict[str, Any]:
    """The record of some seeds from the results of their units; what is missing is named."""
    plan = experiment.plan(profile)
    entry = chapter(experiment.chapter)
    found = {(r["seed"], r["unit"]): r for r in results}
    keys = [(seed, unit.name) for seed in seeds for unit in plan]
    there = [found[key] for key in keys if key in found]
    missing = [f"seed {seed}: {unit}" for seed, unit in keys if (seed, unit) not in found]
    values = {seed: _values(experiment, plan, found, seed) for seed in seeds}
    extra = {str(seed): _notes(r for r in there if r["seed"] == seed) for seed in seeds}
    whole = {
        "schema": 2,
        "chapter": entry.number,
        "title": entry.title,
        "profile": profile,
        "evidence": profile != "smoke",
        "complete": not missing,
        "missing": missing,
        "data": " + ".join(dict.fromkeys(r["data"] for r in there if r["data"])),
        "seeds": list(seeds),
        "metrics": {
            name: _metric(dataclasses.asdict(metric), [values[s].get(name) for s in seeds])
            for name, metric in experiment.metrics.items()
        },
        "history": [{"seed": r["seed"], **line} for r in there for line in r["history"]],
        "paper": {k: dataclasses.asdict(v) for k, v in experiment.paper.items()},
        "differs": experiment.differs,
        "extra": extra,
        "provenance": provenance(experiment, profile, there),
    }
    whole["verdict"] = verdict(experiment.claims, whole["metrics"])
    return whole


def verdict(claims: Sequence[Claim], metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every claim with its rules and what they say of the means over seeds."""
    means = {k: m["mean"] for k, m in metrics.items() if m["mean"] is not None}
    return [
        {"claim": c.text, "rule": c.holds, "direction": c.direction,
         "contradicted": c.contradicted, "status": c.status(means)}
        for c in claims
    ]  # fmt: skip


Measured = tuple[float, int | None]  # a value and the sample count behind it


def _values(
    experiment: Experiment, plan: Sequence[Unit], found: Results, seed: int
) -> dict[str, Measured]:
    values: dict[str, Measured] = {}
    for unit in plan:
        for name, (value, n) in found.get((seed, unit.name), {"values": {}})["values"].items():
            values[name] = (value, n)
    for name, rule in experiment.derived.items():
        used = names(rule)
        if used <= values.keys():
            numbers = {k: v for k, (v, _) in values.items()}
            counts = [n for k in used if (n := values[k][1])]
            with contextlib.suppress(ZeroDivisionError):
                values[name] = (float(compute(rule, numbers)), min(counts, default=None))
    return values


def _metric(declared: dict[str, Any], values: Sequence[Measured | None]) -> dict[str, Any]:
    known = [pair[0] for pair in values if pair]
    return {
        **declared,
        "n": next((pair[1] for pair in values if pair and pair[1]), None),
        "values": [pair[0] if pair else None for pair in values],
        "mean": fmean(known) if known else None,
        "sd": stdev(known) if len(known) > 1 else None,
    }


def _notes(results: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {r["unit"]: r["notes"] for r in results if r["notes"]}


def provenance(
    experiment: Experiment, profile: str, results: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Where, when and with what the units were run; `mixed` where they do not agree."""
    last = max(results, key=lambda r: r["date"], default=None)

    def one(key: str) -> str:
        found = sorted({str(r[key]) for r in results})
        return found[0] if len(found) == 1 else f"mixed ({'; '.join(found)})"

    return {
        "commit": one("commit") if results else "unknown",
        "code": one("code") if results else "unknown",
        "versions": last["versions"] if last else {},
        "device": one("device") if results else "unknown",
        "cuda": last["cuda"] if last else None,
        "processes": max((r["processes"] for r in results), default=1),
        "threads": max((r["threads"] for r in results), default=1),
        "precision": one("precision") if results else "fp32",
        "config": json.loads(json.dumps(dataclasses.asdict(experiment.config[profile]))),
        "wall_seconds": round(sum(r["seconds"] for r in results), 2),
        "peak_memory_bytes": max((r["peak_memory_bytes"] for r in results), default=0),
        "resumes": sum(r["resumes"] for r in results),
        "memos": _memos(results),
        "units": [{key: r[key] for key in ("seed", "unit", *ABOUT) if key in r} for r in results],
        "date": last["date"] if last else "not run yet",
    }


ABOUT = (
    "status", "steps", "seconds", "training_seconds", "step_seconds", "peak_memory_bytes", "device",
)  # fmt: skip


def _memos(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    several = len({r["seed"] for r in results}) > 1
    return {
        f"{key} (seed {r['seed']})" if several else key: value
        for r in results
        for key, value in r["memos"].items()
    }


def note(record: Mapping[str, Any], unit: str, key: str, seed: int | None = None) -> Any:
    """What `unit` noted under `key`, of one seed (the first by default); None if it did not."""
    seed = record["seeds"][0] if seed is None else seed
    return record["extra"].get(str(seed), {}).get(unit, {}).get(key)


def notes(record: Mapping[str, Any], key: str, seed: int | None = None) -> dict[str, Any]:
    """What every unit noted under `key`, by unit, of one seed (the first by default)."""
    seed = record["seeds"][0] if seed is None else seed
    found = record["extra"].get(str(seed), {})
    return {unit: kept[key] for unit, kept in found.items() if key in kept}


def history_of(record: Mapping[str, Any], task: str, seed: int) -> Sequence[Mapping[str, float]]:
    """The history of one training of one seed in a record."""
    return next(
        line["points"] for line in record["history"] if (line["task"], line["seed"]) == (task, seed)
    )


def median_seed(record: Mapping[str, Any], metric: str) -> int:
    """The seed with the median of a metric, of two in the middle the lower: what a page shows."""
    values = dict(zip(record["seeds"], record["metrics"][metric]["values"], strict=True))
    ranked = sorted(values, key=lambda seed: values[seed])
    return ranked[(len(ranked) - 1) // 2]


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


def recorded(entry: Chapter, profile: str = "laptop") -> dict[str, Any] | None:
    """A chapter's recorded run of a profile; None when there is none yet."""
    path = entry.recorded / f"{profile}.json"
    return load(path) if path.is_file() else None


def recorded_file(entry: Chapter, name: str) -> Path | None:
    """A small file beside a chapter's records, such as kept weights; None if it is not there."""
    path = entry.recorded / name
    return path if path.is_file() else None
