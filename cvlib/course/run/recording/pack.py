"""At most eight flat files of 15 MiB, 62 in all: how results leave a machine, and come back."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.course.run.recording.jobs import Job, checkpoints

LIMIT = 15 << 20  # bytes of a file
TOTAL = 62 << 20  # of all files; what is half-done gives way to what is finished
ROOM = 256 << 10  # of them for tar's own headers
WEIGHTS, RESUME = 3, 4  # files of each kind, beside the one with the results
ABOUT = "about.json"  # of a chapter: the configuration and the code that its results are of

Member = tuple[str, bytes]


def pack(work: Path, out: Path, jobs: Sequence[Job]) -> list[str]:
    """Write `results.tar`, `weights-k.tar` and `resume-k.tar`; what is left out for its size."""
    about = [p for entry in {j.chapter for j in jobs} if (p := work / entry.name / ABOUT).is_file()]
    done = [job for job in jobs if job.result(work)]
    results = [job.folder(work) / "units" / f"{job.unit.name}.json" for job in done]
    _write(out / "results.tar", _read(work, [*about, *results]), "w:gz")
    kept = [p for job in done for p in sorted(job.folder(work).glob(f"weights/{job.unit.name}-*"))]
    left = _spread(out, "weights", _read(work, kept), WEIGHTS)
    half = [p for job in jobs if job not in done for p in _newest(job, work)]
    half.sort(key=_age)
    taken = sum(p.stat().st_size for p in (out / "results.tar", *out.glob("weights-*.tar")))
    files = min(RESUME, (TOTAL - taken) // LIMIT)
    return left + _spread(out, "resume", _read(work, half), files)


def _newest(job: Job, work: Path) -> list[Path]:
    return [max(files, key=lambda p: p.name) for files in checkpoints(job, work).values()]


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _read(work: Path, paths: Iterable[Path]) -> list[Member]:
    found = []
    for path in paths:
        try:
            found.append((path.relative_to(work).as_posix(), path.read_bytes()))
        except FileNotFoundError:  # a worker has just replaced it by a newer one
            continue
    return found


def _spread(out: Path, kind: str, members: Sequence[Member], files: int) -> list[str]:
    """Fill the files in order, cutting large members into pieces; the names left out."""
    bins: list[list[Member]] = [[]]
    room = LIMIT - ROOM
    left = []
    for name, content in members:
        whole = room + (files - len(bins)) * (LIMIT - ROOM)
        if len(content) > whole:
            left.append(name)
            continue
        pieces, start = [], 0
        while start < len(content) or not pieces:
            if room == 0:
                bins.append([])
                room = LIMIT - ROOM
            piece = content[start : start + room]
            pieces.append((len(bins) - 1, piece))
            start += len(piece)
            room -= len(piece)
        for i, (place, piece) in enumerate(pieces):
            cut = f"~{i + 1}of{len(pieces)}" if len(pieces) > 1 else ""
            bins[place].append((name + cut, piece))
    for k in range(max(WEIGHTS, RESUME)):
        path = out / f"{kind}-{k + 1}.tar"
        if k < len(bins) and bins[k]:
            _write(path, bins[k], "w")
        else:
            path.unlink(missing_ok=True)
    return left


def _write(path: Path, members: Sequence[Member], mode: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    atomic.write(path, buffer.getvalue())


def unpack(source: Path, folder: Path) -> int:
    """Put what the packed files below `source` hold below `folder`; the number of files.

    Files of `folder` are replaced. A pack that cannot be read is passed over; `CourseError` where
    there is no pack.
    """
    packs = sorted(source.rglob("*.tar")) if source.is_dir() else []
    if not packs:
        raise CourseError(f"{source} holds no packed results: give the folder with results.tar")
    pieces: dict[str, dict[int, bytes]] = defaultdict(dict)
    counts: dict[str, int] = {}
    for path in packs:
        for name, content in _members(path):
            if cut := re.fullmatch(r"(.+)~(\d+)of(\d+)", name):
                name, counts[cut[1]] = cut[1], int(cut[3])
                pieces[name][int(cut[2])] = content
            else:
                pieces[name], counts[name] = {1: content}, 1
    whole = {name: found for name, found in pieces.items() if len(found) == counts[name]}
    for name, found in whole.items():
        atomic.write(folder / name, b"".join(found[i] for i in sorted(found)))
    return len(whole)


def _members(path: Path) -> list[Member]:
    try:
        with tarfile.open(path) as tar:
            return [
                (entry.name, tar.extractfile(entry).read())
                for entry in tar
                if entry.isreg() and _harmless(entry.name)
            ]
    except (tarfile.TarError, OSError, EOFError):
        print(f"{path} is damaged and was passed over", flush=True)
        return []


def _harmless(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def adopt(incoming: Path, work: Path, about: dict[str, dict]) -> list[str]:
    """Move a chapter's files from `incoming` into `work` where configuration and code agree.

    `about` has, by chapter folder, what the results must be of. Returns one sentence for each
    chapter that was refused. Files that `work` has already stay.
    """
    said = []
    for folder in sorted(p for p in incoming.iterdir() if p.is_dir()):
        if folder.name not in about:
            continue
        if reason := differs(folder, about[folder.name]):
            said.append(f"{folder.name} was not taken: {reason}")
            continue
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            target = work / path.relative_to(incoming)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)
    return said


def remove(folder: Path) -> None:
    """Delete a folder that was made here."""
    shutil.rmtree(folder, ignore_errors=True)


def differs(folder: Path, about: dict) -> str:
    """Why the results in a chapter's folder are not of this configuration and code, or empty."""
    try:
        there = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"it has no readable {ABOUT}"
    if there.get("config") != about["config"]:
        return "its results are of another configuration"
    if about["code"] and there.get("code") != about["code"]:
        return "its results were made by other training code (--accept-code takes them)"
    return ""
