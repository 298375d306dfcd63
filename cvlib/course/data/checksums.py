"""Checksums of data files: computed, listed beside the files, and remembered between calls."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.course.paths import user_cache, writable

LIST = "SHA256SUMS"  # the format of `sha256sum`, so `sha256sum -c SHA256SUMS` works too


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The checksum of a file as `"sha256:<hex>"`. Raises `CourseError` if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): make it readable") from error


def listed(folder: Path) -> dict[str, str]:
    """What the folder's SHA256SUMS says: relative path -> `"sha256:<hex>"`."""
    try:
        lines = (folder / LIST).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split(maxsplit=1) for line in lines if len(line.split(maxsplit=1)) == 2)
    return {path.lstrip("*").removeprefix("./"): f"sha256:{value}" for value, path in pairs}


def record(folder: Path, relative: str, checksum: str) -> None:
    """Write a file's sha256 into the folder's SHA256SUMS, replacing what stood there for it."""
    _write(folder, listed(folder) | {relative: checksum})


def drop(folder: Path, relative: str) -> None:
    """Take the line of a file out of the folder's SHA256SUMS."""
    _write(folder, {path: value for path, value in listed(folder).items() if path != relative})


def _write(folder: Path, sums: dict[str, str]) -> None:
    lines = (f"{value.removeprefix('sha256:')}  {path}\n" for path, value in sorted(sums.items()))
    atomic.write(folder / LIST, "".join(lines))


def remembered(path: Path, checksum: str) -> bool:
    """Whether this file had this checksum before and its size and time have not changed since."""
    try:
        return json.loads(_memory(path).read_text()) == _state(path, checksum)
    except (OSError, ValueError):
        return False


def remember(path: Path, checksum: str) -> None:
    """Note that the file has this checksum; without a cache folder to write to, do nothing."""
    if writable(user_cache()):
        with contextlib.suppress(CourseError):
            atomic.write(_memory(path), json.dumps(_state(path, checksum)))


def _memory(path: Path) -> Path:
    key = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    return user_cache() / "verified" / f"{key}.json"


def _state(path: Path, checksum: str) -> dict[str, str | int]:
    stat = path.stat()
    return {
        "path": str(path.absolute()),
        "bytes": stat.st_size,
        "modified": stat.st_mtime_ns,
        "checksum": checksum,
    }
