"""Whether a file can be what the registry says: its size, its first bytes, its structure.

A sign-in page, an empty file or half a download must not be trusted as the first copy seen.
"""

from __future__ import annotations

import gzip
import json
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from cvlib.course.data.registry import DataFile
from cvlib.course.errors import CourseError

FIRST_BYTES = {
    "gzip": (b"\x1f\x8b",),
    "tar": (b"\x1f\x8b",),  # gzipped, as all archives here
    "zip": (b"PK\x03\x04",),
    "npz": (b"PK\x03\x04",),
    "torch": (b"PK\x03\x04", b"\x80"),  # a zip since PyTorch 1.6, a pickle before
    "pickle": (b"\x80",),
    "mat": (b"MATLAB 5.0",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "matroska": (b"\x1aE\xdf\xa3",),
    "json": (b"{", b"["),
}
STRANGERS = {
    b"<!doctype": "a web page, perhaps of a network that wants a sign-in",
    b"<html": "a web page, perhaps of a network that wants a sign-in",
    b"version https://git-lfs": "a pointer of Git LFS, not the file",
}


def doubt(path: Path, file: DataFile) -> str:
    """Why `path` cannot be the registered file by its size and first bytes; empty if it can."""
    size = path.stat().st_size
    if size == 0:
        return "it is empty"
    with open(path, "rb") as opened:
        start = opened.read(64)
    for mark, what in STRANGERS.items():
        if start.lstrip().lower().startswith(mark):
            return f"it is {what}"
    if file.kind and not start.startswith(FIRST_BYTES[file.kind]):
        return f"it does not begin as a {file.kind} file does"
    if not file.smallest <= size <= file.largest:
        return (
            f"it has {size:,} bytes, not between {file.smallest:,} and {file.largest:,}: "
            "perhaps only a part of the file"
        )
    return ""


def damage(path: Path, file: DataFile) -> str:
    """What is wrong inside the file, read from its first to its last byte; empty if nothing."""
    check = WHOLE.get(file.kind or "")
    try:
        return check(path) if check else ""
    except (OSError, EOFError, ValueError, zlib.error) as error:
        return f"it is damaged ({error})"
    except (zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError) as error:
        return f"it is damaged ({error})"


def known(kind: str) -> str:
    """The kind itself; `CourseError` if the course knows no such kind."""
    if kind not in FIRST_BYTES:
        raise CourseError(f"there is no kind of file {kind!r}: {', '.join(FIRST_BYTES)}")
    return kind


def _zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
    return f"it is damaged (its member {broken})" if broken else ""


def _gzip(path: Path) -> str:
    with gzip.open(path) as opened:
        while opened.read(1 << 20):
            pass
    return ""


def _torch(path: Path) -> str:
    return _zip(path) if zipfile.is_zipfile(path) else _pickle(path)


def _pickle(path: Path) -> str:
    """A pickle is never run here; its last byte says whether it is whole."""
    return "" if path.read_bytes().endswith(b".") else "it is damaged (it ends too early)"


def _json(path: Path) -> str:
    json.loads(path.read_bytes())
    return ""


def _mat(path: Path) -> str:
    """Level 5: a header of 128 bytes, then elements that say how long they are."""
    content = path.read_bytes()
    order = "little" if content[126:128] == b"IM" else "big"
    at = 128
    while at + 8 <= len(content):
        at += 8 + int.from_bytes(content[at + 4 : at + 8], order)
    return "" if at == len(content) else "it is damaged (its elements do not fill it)"


WHOLE: dict[str, Callable[[Path], str]] = {
    "gzip": _gzip,
    "tar": _gzip,
    "zip": _zip,
    "npz": _zip,
    "torch": _torch,
    "pickle": _pickle,
    "json": _json,
    "mat": _mat,
}
