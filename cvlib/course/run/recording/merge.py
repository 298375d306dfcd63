"""From results to `data/recorded/NN_slug/PROFILE.json`; nothing that is missing goes unsaid."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import identity, record, units, weights
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.recording import pack

WEIGHT_BYTES = 2 << 20  # of all kept weights of a chapter that go beside its record


def collect(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every unit's result below a folder, packed or not, with the file that it was read from.

    The packs are opened below `folder`'s results, in a temporary place that the caller removes.
    """
    found = []
    for path in sorted(folder.rglob("units/*.json")):
        if "aside" not in str(path.relative_to(folder)) and (result := units.read(path)):
            found.append((path, result))
    return found


def merge(
    folder: Path, experiments: dict[Chapter, Experiment], profile: str, seeds: int | None
) -> list[str]:
    """Write the record of every chapter that has results in `folder`; one line about each.

    Raises `CourseError` where a headline unit is missing or a compared set mixes code,
    configurations or data. The units of one seed are of one device: those of another are left out.
    """
    said = []
    with tempfile.TemporaryDirectory() as place:
        opened = Path(place)
        if any(folder.rglob("*.tar")):
            pack.unpack(folder, opened)
        everything = collect(opened) + collect(folder)
        for entry, experiment in experiments.items():
            mine = [
                (path, r) for path, r in everything
                if (r["chapter"], r["profile"]) == (entry.number, profile)
            ]  # fmt: skip
            if mine:
                said += _merge_one(entry, experiment, profile, mine, seeds)
    if not said:
        raise CourseError(f"{folder} holds no results of profile {profile}")
    return said


def _merge_one(
    entry: Chapter, experiment: Experiment, profile: str,
    found: Sequence[tuple[Path, dict[str, Any]]], seeds: int | None,
) -> list[str]:  # fmt: skip
    code = identity.code_hash(experiment.units)
    headline = [unit.name for unit in experiment.plan(profile) if unit.priority == 0]
    comparable, left_out = _of_one_device(found, headline)
    best: dict[tuple[int, str], tuple[Path, dict[str, Any]]] = {}
    for path, r in sorted(comparable, key=lambda pair: (pair[1]["code"] == code, pair[1]["date"])):
        best[r["seed"], r["unit"]] = (path, r)
    wanted = seeds or experiment.seeds.get(profile, 1)
    lacking = [f"seed {s}: {u}" for s in range(wanted) for u in headline if (s, u) not in best]
    if lacking:
        lacks = f"chapter {entry.number:02d} lacks headline units: {', '.join(lacking)}"
        raise CourseError("; ".join([lacks, *left_out]))
    names = {unit.name for unit in experiment.plan(profile)}
    more = sorted({s for s, _ in best if s >= wanted})
    whole = [s for s in more if all((s, u) in best for u in headline)]
    kept = [*range(wanted), *whole]
    results = [r for (s, u), (_, r) in best.items() if s in kept and u in names]
    _alike(entry, results)
    built = record.build(experiment, profile, results, kept)
    if problem := record.schema_problem(built):
        raise CourseError(f"the record of chapter {entry.number:02d} breaks the schema: {problem}")
    path = record.write(built, entry.recorded / f"{profile}.json")
    said = [f"{path}: {len(kept)} seeds, {len(results)} units, {built['provenance']['device']}"]
    if results[0]["code"] != code:
        said.append(f"   made by other training code ({results[0]['code']}) than this ({code})")
    said += [f"   missing: {', '.join(built['missing'])}"] if built["missing"] else []
    said += [f"   {line}" for line in left_out]
    said += [f"   seed {s} is left out: its headline is not whole" for s in more if s not in whole]
    return said + _keep_weights(entry, profile, [p for (s, _), (p, _) in best.items() if s == 0])


def _of_one_device(
    found: Sequence[tuple[Path, dict[str, Any]]], headline: Sequence[str]
) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """Of every seed what one device ran, that with most of its headline; what is left out."""
    groups: dict[int, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for path, r in found:
        groups[r["seed"]][r["device"]].append((path, r))

    def worth(group: list[tuple[Path, dict[str, Any]]]) -> tuple[int, str]:
        first = {r["unit"] for _, r in group} & set(headline)
        return len(first), max(r["date"] for _, r in group)

    kept, left_out = [], []
    for seed, by_device in sorted(groups.items()):
        device, *others = sorted(by_device, key=lambda d: worth(by_device[d]), reverse=True)
        kept += by_device[device]
        for other in others:
            names = ", ".join(sorted({r["unit"] for _, r in by_device[other]}))
            left_out.append(f"seed {seed} is of {device}, so {names} of {other} is left out")
    return kept, left_out


def _alike(entry: Chapter, results: Sequence[dict[str, Any]]) -> None:
    """Refuse a set whose units are of several codes or configurations, or a unit of two data."""
    for key, what in (("code", "training codes"), ("config", "configurations")):
        groups: dict[str, list[str]] = defaultdict(list)
        for r in results:
            groups[str(r[key])].append(f"seed {r['seed']} {r['unit']}")
        if len(groups) > 1:
            fewest = min(groups.values(), key=len)
            raise CourseError(
                f"chapter {entry.number:02d} mixes {len(groups)} {what}: run again "
                f"{', '.join(fewest)}"
            )
    labels: dict[str, set[str]] = defaultdict(set)
    for r in results:
        labels[r["unit"]].add(r["data"])
    mixed = [f"{unit} ({' and '.join(sorted(d))})" for unit, d in labels.items() if len(d) > 1]
    if mixed:
        raise CourseError(f"chapter {entry.number:02d} mixes data: {', '.join(mixed)}")


def _keep_weights(entry: Chapter, profile: str, results: Sequence[Path]) -> list[str]:
    """Copy the nets that seed 0 kept beside the record, while they are small."""
    files = [
        path for result in results
        for path in sorted((result.parents[1] / weights.FOLDER).glob(f"{result.stem}-*.pt"))
    ]  # fmt: skip
    size = sum(path.stat().st_size for path in files)
    if size > WEIGHT_BYTES:
        return [f"   {len(files)} kept nets are {size / 1e6:.1f} MB: too much to go beside it"]
    for path in files:
        target = entry.recorded / f"{profile}-{path.name}"
        shutil.copyfile(path, target)
    return [f"   {len(files)} kept nets of seed 0 beside it"] if files else []
