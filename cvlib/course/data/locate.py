"""From the name of a data file to a verified local file."""

from __future__ import annotations

import os
from pathlib import Path

from cvlib.course import atomic, paths
from cvlib.course.data import checksums, folders, kinds
from cvlib.course.data.download import MirrorFailed, discard, download, own_part
from cvlib.course.data.registry import DataFile, data_file
from cvlib.course.errors import CourseError, DataMissing


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
    A file that neither knows is trusted if it is of the right kind and size and whole, and held
    to the same sha256 from then on. A wrong file is never used: `CourseError`.
    """
    local = folder / file.path
    expected = _expected(file, folder)
    if expected and not anew and checksums.remembered(local, expected):
        return local
    if expected is None:
        if wrong := kinds.doubt(local, file) or kinds.damage(local, file):
            raise CourseError(_refused(file, local, f"is not {file.name}: {wrong}"))
        expected = _trusted(file, folder)
    else:
        got = checksums.digest(local, expected.partition(":")[0])
        if not got.startswith(expected):
            raise CourseError(_mismatch(file, folder, expected, got))
    checksums.remember(local, expected)
    return local


def distrust(name: str) -> str:
    """Set a file aside that was trusted on sight and cannot be read; says what was done.

    Nothing is done to a file whose checksum is published: then it is not the file's fault.
    """
    file = data_file(name)
    folder = present(file)
    if file.checksum or folder is None or not paths.writable(folder):
        return ""
    line = _line(folder, file, checksums.listed(folder).get(file.path, ""))
    checksums.drop(folder, file.path)
    local = folder / file.path
    aside = _set_aside(local, checksums.digest(local))
    return f"{local} was set aside as {aside.name} and {line} dropped: run this again"


def downloaded(file: DataFile) -> Path:
    """Download the file from the first mirror that gives it with the right checksum."""
    if os.environ.get("CVLIB_OFFLINE") == "1":
        raise DataMissing(_missing(file, ["not tried, since CVLIB_OFFLINE=1"] * len(file.mirrors)))
    folder = folders.downloads()
    local = folder / file.path
    failures = []
    for url in file.mirrors:
        try:
            fresh = _from_mirror(file, url, local)
            return _stored(file, folder, fresh)
        except MirrorFailed as failure:
            failures.append(str(failure))
        except OSError as error:
            reason = f"cannot write {local}: {atomic.reason(error)}"
            raise CourseError(
                f"{file.name}: {reason}; CVLIB_DATA can name another folder"
            ) from error
    raise DataMissing(_missing(file, failures))


def _from_mirror(file: DataFile, url: str, local: Path) -> Path:
    """The downloaded file under a temporary name; what an earlier try left is gone on from."""
    size = f" ({file.bytes / 1e6:.1f} MB)" if file.bytes else ""
    print(f"Downloading {file.name}{size} from {url}", flush=True)
    local.parent.mkdir(parents=True, exist_ok=True)
    part = own_part(local)
    try:
        download(url, part, file.largest)
    except OSError:
        discard(part, file.largest, keep=False)  # a full disk wants its room back
        raise
    except BaseException:  # a lost connection, Ctrl-C: the next try goes on from here
        discard(part, file.largest, keep=True)
        raise
    return part


def _stored(file: DataFile, folder: Path, fresh: Path) -> Path:
    """Move a download to its place if it is the file; `MirrorFailed` if it is another one."""
    local = folder / file.path
    expected = _expected(file, folder)
    if expected is None:
        if wrong := kinds.doubt(fresh, file) or kinds.damage(fresh, file):
            fresh.unlink()
            raise MirrorFailed(f"what it gave is not this file: {wrong}")
    else:
        got = checksums.digest(fresh, expected.partition(":")[0])
        if not got.startswith(expected):
            aside = _set_aside(fresh, got, local.name)
            line = "" if file.checksum else f" ({_line(folder, file, expected)})"
            raise MirrorFailed(f"gave {got}, expected {expected}{line}; kept as {aside.name}")
    os.replace(fresh, local)
    return verified(file, folder)


def _expected(file: DataFile, folder: Path) -> str | None:
    return file.checksum or checksums.listed(folder).get(file.path)


def _trusted(file: DataFile, folder: Path) -> str:
    got = checksums.digest(folder / file.path)
    if paths.writable(folder):
        checksums.record(folder, file.path, got)
        print(
            f"{file.name}: no checksum is published; trusting this copy and recording its {got} "
            f"in {folder / checksums.LIST}"
        )
    else:
        print(f"{file.name} is unverified: no checksum is known, and {folder} is read-only")
    return got


def _mismatch(file: DataFile, folder: Path, expected: str, got: str) -> str:
    """What to say of a file with another checksum: a published one is right, a seen one may err."""
    local = folder / file.path
    what = f"has {got}, expected {expected}"
    if file.checksum:
        return _refused(file, local, what)
    return (
        f"{local} ({file.name}) {what}, the sum of the first copy seen here: if this copy is the "
        f"right one, delete {_line(folder, file, expected)}; if not, move it away and run this "
        "again"
    )


def _line(folder: Path, file: DataFile, expected: str) -> str:
    line = f"{expected.partition(':')[2]}  {file.path}"
    return f"the line {line!r} of {folder / checksums.LIST}"


def _refused(file: DataFile, local: Path, what: str) -> str:
    if paths.writable(local.parent):
        done = f"it was set aside as {_set_aside(local, checksums.digest(local)).name}"
    else:
        done = "it is refused, and left where it is since the folder is read-only"
    if file.mirrors:
        todo = "run this again to download it anew, or put a good copy there"
    else:
        todo = f"put a good copy there ({file.set.by_hand})"
    return f"{local} ({file.name}) {what}: {done}; {todo}"


def _set_aside(bad: Path, got: str, name: str | None = None) -> Path:
    aside = bad.with_name(f"{name or bad.name}.wrong-{got.partition(':')[2][:8]}")
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
