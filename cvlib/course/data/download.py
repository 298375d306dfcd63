"""One download over HTTP: goes on where it broke off, and knows how much and how slow is enough."""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cvlib import __version__

TRIES = 4  # connections to one mirror, each going on where the last one broke off
SILENCE_S = 30.0  # without a byte: the connection is dead
PACE_S, PACE_BYTES = 60.0, 60_000  # every minute must bring this much
KEEP_BYTES = 1_000_000  # less than this is not worth going on from


class MirrorFailed(Exception):
    """One mirror did not give the file; the next one is tried."""


class _Broken(Exception):
    """The connection ended too early; what came so far is kept."""


def download(url: str, part: Path, most: int) -> None:
    """Append what `url` gives to the file `part`, from where that ends.

    most: bytes; a mirror that gives more is not giving this file. Raises `MirrorFailed` when the
    mirror refuses, gives too much, or is too slow; `OSError` when `part` cannot be written.
    """
    for tries_left in reversed(range(TRIES)):
        before = _size(part)
        try:
            return _append(url, part, most)
        except _Broken as broken:
            if not tries_left or _size(part) <= before:
                raise MirrorFailed(str(broken)) from broken


def parts(local: Path) -> Iterator[Path]:
    """What dead processes left of a download of `local`, the largest first."""
    found = [p for p in local.parent.glob(f".{local.name}.*.part") if not _alive(p)]
    yield from sorted(found, key=_size, reverse=True)


def own_part(local: Path) -> Path:
    """This process's file for the download of `local`; it takes over what a dead one left."""
    mine = local.with_name(f".{local.name}.{os.getpid()}.part")
    for left in parts(local):
        if _size(mine):
            left.unlink(missing_ok=True)
        else:
            os.replace(left, mine)
    return mine


def discard(part: Path, most: int, keep: bool) -> None:
    """Remove `part`; with `keep`, only if going on from it is not worth it or not possible."""
    if not keep or not KEEP_BYTES <= _size(part) <= most:
        part.unlink(missing_ok=True)


def _append(url: str, part: Path, most: int) -> None:
    start = _size(part)
    try:
        with _opened(url, start) as answer:
            if start and answer.status != http.client.PARTIAL_CONTENT:
                start = 0  # this mirror cannot go on: from the beginning then
            length = answer.headers.get("Content-Length")
            end = start + int(length) if length else None
            if (end or 0) > most:
                raise MirrorFailed(f"offers {end:,} bytes where at most {most:,} are right")
            _copy(answer, part, start, most)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return None  # all of it was here already
        raise MirrorFailed(f"HTTP {error.code} {error.reason}") from error
    except (http.client.HTTPException, urllib.error.URLError, ConnectionError) as error:
        raise _Broken("no connection") from error
    except TimeoutError as error:
        raise _Broken("timed out") from error
    if end is not None and _size(part) < end:
        raise _Broken(f"broke off after {_size(part):,} of {end:,} bytes")
    return None


def _opened(url: str, start: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"ten-papers-2018/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)
    return urllib.request.urlopen(request, timeout=SILENCE_S, context=_certificates())


def _certificates() -> ssl.SSLContext:
    """certifi's authorities where it is installed: some Pythons on macOS find none of their own."""
    try:
        import certifi
    except ImportError:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())


def _copy(answer: http.client.HTTPResponse, part: Path, start: int, most: int) -> None:
    """Copy the body; `read1` returns with what is there, so a trickle cannot hold it for ever."""
    began, came = time.monotonic(), 0
    with open(part, "r+b" if start else "wb") as sink:
        sink.seek(start)
        while chunk := answer.read1(1 << 18):
            sink.write(chunk)
            came += len(chunk)
            if sink.tell() > most:
                raise MirrorFailed(f"gives more than the {most:,} bytes that are right")
            if time.monotonic() - began > PACE_S:
                if came < PACE_BYTES:
                    raise MirrorFailed(f"too slow: {came:,} bytes in {PACE_S:.0f} s")
                began, came = time.monotonic(), 0
        sink.flush()
        os.fsync(sink.fileno())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _alive(part: Path) -> bool:
    """Whether the process that writes this part still runs; unsure: whether it wrote lately."""
    process = int(part.name.rsplit(".", 2)[1]) if part.name.rsplit(".", 2)[1].isdigit() else 0
    if os.name == "posix" and process:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
    return time.time() - part.stat().st_mtime < 2 * PACE_S
