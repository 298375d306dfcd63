"""What `cvlib data list|fetch|verify|bundle` does: all the data of a chapter at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cvlib.course import atomic, paths
from cvlib.course.chapters import chapter as chapter_of
from cvlib.course.data import checksums, formats, locate, registry, sets
from cvlib.course.data.registry import DataFile, DataSet
from cvlib.course.errors import CourseError, DataMissing


@dataclass(frozen=True)
class Row:
    """One line of a table about a data file; `str(row)` is what `cvlib data` prints of it."""

    name: str
    present: bool  # here, and not found wrong
    bytes: int | None
    licence: str
    chapters: tuple[str, ...]  # ("04 workshop full", "06"): the profiles that need it
    note: str  # where it lies, or what is wrong with it
    wrong: bool = False  # here, but with another checksum

    def __str__(self) -> str:
        return f"{self.name}: {self.note}"


def listing() -> list[Row]:
    """Every registered file: whether it is here and where. Checks nothing, downloads nothing."""
    rows = []
    for file in _files(registry.sets().values()):
        folder = locate.present(file)
        rows.append(_row(file, folder is not None, str(folder) if folder else "not here"))
    return rows


def fetch(chapter: int | str, profile: str = "workshop") -> list[Row]:
    """Make everything present that this profile of the chapter needs, downloading it if allowed.

    A lossy copy that is here serves where the set itself cannot be had; its row says so. Raises
    `DataMissing` if neither is to be had.
    """
    rows = []
    for entry in registry.needs(chapter, profile):
        used = _fetched(entry)
        note = "" if used is entry else f"stands in for {entry.name}: "
        rows += [_row(f, True, f"{note}{locate.path(f.name)}") for f in used.files]
    return rows


def verify(what: int | str | None = None) -> list[Row]:
    """Read again, against their checksums, the files that are here.

    `what` is a file (`"mnist/test-labels"`), a set (`"mnist"`), a chapter (`"04"`), or None for
    all files. A row is `wrong` if the checksum is; the file is then set aside.
    """
    rows = []
    for file in _named(what):
        folder = locate.present(file)
        if folder is None:
            rows.append(_row(file, False, "not here"))
            continue
        try:
            rows.append(_row(file, True, f"right: {locate.verified(file, folder, anew=True)}"))
        except CourseError as error:
            rows.append(_row(file, False, str(error), wrong=True))
    return rows


def bundle(
    chapter: int | str, profile: str, out: str | Path, quality: int | None = None
) -> list[Path]:
    """Pack what the chapter needs into the folder `out`, to be used as `$CVLIB_DATA` elsewhere.

    Files are copied as they are and listed in SHA256SUMS. With a JPEG `quality`, a set of which
    the registry knows a lossy copy at that quality is packed as that smaller copy, labelled so
    wherever it is read. Returns the packed files. Raises `CourseError` if the registry knows
    another quality, or if the chapter needs nothing beyond what ships.
    """
    out = Path(out).expanduser()
    entries = [e for e in registry.needs(chapter, profile) if not _ships(e)]
    if not entries:
        raise CourseError(f"chapter {chapter}, {profile}: nothing to pack, what it needs ships")
    packed = []
    for entry in entries:
        copy = registry.stand_in(entry)
        if quality and copy and copy.quality != quality:
            raise CourseError(f"{entry.name} can be packed at quality {copy.quality} only")
        packed += _recompressed(entry, copy, out) if quality and copy else _copied(entry, out)
    return [*packed, out / checksums.LIST]


def _fetched(entry: DataSet) -> DataSet:
    """Make the set present, or take what is here and may stand in for it."""
    part = sets.at_hand(entry)
    if part is not entry and not part.quality:
        entry = part
    try:
        for file in entry.files:
            locate.path(file.name)
        return entry
    except DataMissing:
        copy = sets.at_hand(entry)
        if copy is entry:
            raise
        return copy


def _copied(entry: DataSet, out: Path) -> list[Path]:
    return [_copy(locate.path(file.name), out, file.path) for file in entry.files]


def _copy(local: Path, out: Path, relative: str) -> Path:
    with open(local, "rb") as source:
        atomic.write(out / relative, lambda sink: shutil.copyfileobj(source, sink))
    return _recorded(out, relative)


def _recompressed(entry: DataSet, copy: DataSet, out: Path) -> list[Path]:
    """Pack the lossy copy: the one that is here, else one made from the set itself."""
    if sets.at_hand(entry) is copy:
        return _copied(copy, out)
    full = sets.images(entry.name)
    parts = ((full.train_x, full.train_y), (full.test_x, full.test_y))
    packed = []
    for file, (x, y) in zip(copy.files, parts, strict=True):
        formats.write_jpegs(out / file.path, x.numpy(), y.numpy(), copy.quality)
        packed.append(_recorded(out, file.path))
    return packed


def _recorded(out: Path, relative: str) -> Path:
    checksums.record(out, relative, checksums.digest(out / relative))
    return out / relative


def _ships(entry: DataSet) -> bool:
    return all((paths.SAMPLES / file.path).is_file() for file in entry.files)


def _files(entries: Iterable[DataSet]) -> list[DataFile]:
    return [file for entry in entries for file in entry.files]


def _named(what: int | str | None) -> list[DataFile]:
    if what is None:
        return _files(registry.sets().values())
    if "/" in str(what):
        return [registry.data_file(str(what))]
    if str(what) in registry.sets():
        return registry.data_set(str(what)).files
    if not str(what).isdigit():
        raise CourseError(f"{what!r} is no data set, file or chapter: see `cvlib data list`")
    key = f"{chapter_of(what).number:02d}"
    return _files(entry for entry in registry.sets().values() if key in entry.chapters)


def _row(file: DataFile, present: bool, note: str, wrong: bool = False) -> Row:
    folder = locate.present(file)
    size = (folder / file.path).stat().st_size if folder else file.bytes
    chapters = tuple(" ".join((key, *used)) for key, used in file.set.chapters.items())
    return Row(file.name, present, size, file.set.licence, chapters, note, wrong)
