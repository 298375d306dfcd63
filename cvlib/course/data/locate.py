"""From the name of a data file to a verified local file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from cvlib.course import atomic
from cvlib.course.data import checksums, folders
from cvlib.course.data.registry import DataFile, data_file
from cvlib.course.errors import CourseError, DataMissing


class MirrorFailed(Exception):
    """One mirror did not give the file; the next one is tried."""


def path(name: str) -> Path:
    """The local, verified file called `name`, such as `"mnist/train-images"`.

    Looked for in `data/samples`, `$CVLIB_DATA` and the user's cache folder, else downloaded
    (not with `CVLIB_OFFLINE=1`). Raises `CourseError` when a file has the wrong checksum or
    cannot be stored, `DataMissing` when it is nowhere and no mirror gives it.
    """
    file = data_file(name)
    folder = present(file)
    return verified(file, folder) if folder else downloaded(file)


def present(file: DataFile) -> Path | None:
    """The first data folder that holds the file, right or wrong; None if none does."""
    return next((f for f in folders.searched() if (f / file.path).is_file()), None)


def verified(file: DataFile, folder: Path, anew: bool = False) -> Path:
    """The file in `folder`, if its checksum is right: the registry's, else the folder's own list.

    `anew` reads the file again even if it was found right before and has not changed since.
    A file that neither knows is trusted now and held to the same sha256 from then on. A wrong
    file is set aside, never used: `CourseError`.
    """
    local = folder / file.path
    expected = _expected(file, folder)
    if expected and not anew and checksums.remembered(local, expected):
        return local
    got = checksums.digest(local, expected.partition(":")[0] if expected else "sha256")
    if expected is None:
        _trust(file, folder, got)
    elif got != expected:
        raise CourseError(_wrong(file, local, expected, got))
    checksums.remember(local, got)
    return local


def downloaded(file: DataFile) -> Path:
    """Download the file from the first mirror that gives it with the right checksum."""
    if os.environ.get("CVLIB_OFFLINE") == "1":
        raise DataMissing(_missing(file, ["not tried, since CVLIB_OFFLINE=1"] * len(file.mirrors)))
    failures = []
    for url in file.mirrors:
        try:
            return _from_mirror(file, url)
        except MirrorFailed as failure:
            failures.append(str(failure))
    raise DataMissing(_missing(file, failures))


def download(url: str, sink: BinaryIO) -> None:
    """Copy what `url` gives into the open binary file `sink`; `MirrorFailed` if it does not."""
    try:
        import pooch
        import requests
    except ImportError:
        raise MirrorFailed("not tried, since pooch is not installed: pip install pooch") from None
    try:
        pooch.HTTPDownloader(timeout=30, chunk_size=1 << 20)(url, sink, None)
    except requests.RequestException as error:
        raise MirrorFailed(_why(error)) from error


def _why(error: Exception) -> str:
    """The reason in three words; the whole of what requests says fills half a screen."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"HTTP {answer.status_code} {answer.reason}"
    return "timed out" if "Timeout" in type(error).__name__ else "no connection"


def _from_mirror(file: DataFile, url: str) -> Path:
    """Download to a temporary file, check it, and only then move it to its place."""
    folder = folders.downloads()
    local = folder / file.path
    size = f" ({file.bytes / 1e6:.1f} MB)" if file.bytes else ""
    print(f"Downloading {file.name}{size} from {url}", flush=True)
    fresh = local.with_name(f".{local.name}.{os.getpid()}.new")
    try:
        atomic.write(fresh, lambda sink: download(url, sink))
    except CourseError as error:
        raise CourseError(f"{file.name}: {error}; CVLIB_DATA can name another folder") from error
    if expected := _expected(file, folder):
        got = checksums.digest(fresh, expected.partition(":")[0])
        if got != expected:
            aside = _set_aside(fresh, local, got)
            raise MirrorFailed(f"gave {got}, expected {expected}; kept as {aside.name}")
    os.replace(fresh, local)
    return verified(file, folder)


def _expected(file: DataFile, folder: Path) -> str | None:
    return file.checksum or checksums.listed(folder).get(file.path)


def _trust(file: DataFile, folder: Path, got: str) -> None:
    if not folders.writable(folder):
        print(f"{file.name} is unverified: no checksum is known, and {folder} is read-only")
        return
    checksums.record(folder, file.path, got)
    print(
        f"{file.name}: no checksum is published; trusting this copy and recording its {got} in "
        f"{folder / checksums.LIST}"
    )


def _wrong(file: DataFile, local: Path, expected: str, got: str) -> str:
    if folders.writable(local.parent):
        done = f"it was set aside as {_set_aside(local, local, got).name}"
    else:
        done = "it is refused, and left where it is since the folder is read-only"
    if file.mirrors:
        todo = "run this again to download it anew, or put a good copy there"
    else:
        todo = f"put a good copy there ({file.set.by_hand})"
    if file.checksum is None:
        todo += f", or delete its line in {checksums.LIST} if this copy is the right one"
    return f"{local} ({file.name}) has {got}, expected {expected}: {done}; {todo}"


def _set_aside(bad: Path, local: Path, got: str) -> Path:
    aside = local.with_name(f"{local.name}.wrong-{got.partition(':')[2][:8]}")
    os.replace(bad, aside)
    return aside


def _missing(file: DataFile, failures: list[str]) -> str:
    tried = "; ".join(f"{url} ({why})" for url, why in zip(file.mirrors, failures, strict=True))
    mirrors = f"tried: {tried}" if tried else "it has no public download"
    if file.mirrors:
        hand = "where there is network, download it from one of these"
    else:
        hand = f"get a copy ({file.set.by_hand})"
    return (
        f"the data file {file.name} is not here; {mirrors}. By hand: {hand}, and put it at "
        f"{folders.downloads() / file.path}; or set CVLIB_DATA to a folder that holds "
        f"{file.path}, such as one that `cvlib data bundle` made on another machine"
    )
