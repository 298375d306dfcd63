"""What `data/registry.toml` says: every data set, its files, and which chapter needs it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cvlib.course.chapters import chapter as chapter_of
from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT
from cvlib.course.run.profiles import resolve

REGISTRY = ROOT / "data" / "registry.toml"


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    `checksum` is `"sha256:<hex>"` or `"md5:<hex>"`, only the published first digits of it in
    some, None where nobody published one. `kind` names how its first bytes look, such as "zip".
    """

    set: DataSet = field(repr=False)
    name: str  # "mnist/train-images"
    path: str  # below a data folder
    bytes: int | None = None
    checksum: str | None = None
    mirrors: tuple[str, ...] = ()
    kind: str | None = None
    least: int = 1
    most: int = 4_000_000_000

    @property
    def smallest(self) -> int:
        """The least size in bytes that the file can have."""
        return self.bytes or self.least

    @property
    def largest(self) -> int:
        """The size in bytes beyond which a download is broken off."""
        return self.bytes or self.most


@dataclass(frozen=True)
class DataSet:
    """One data set: its card, and the profiles of each chapter that need it."""

    name: str
    title: str
    who: str
    licence: str
    people: str
    page: str
    chapters: Mapping[str, tuple[str, ...]]
    by_hand: str = ""
    stands_in_for: str | None = None
    quality: int | None = None
    files: list[DataFile] = field(default_factory=list, repr=False)

    def needed_by(self, chapter: int | str, profile: str) -> bool:
        """Whether this profile of the chapter cannot run without the set."""
        key = f"{chapter_of(chapter).number:02d}"
        return resolve(profile) in self.chapters.get(key, ())


def sets() -> Mapping[str, DataSet]:
    """All data sets by name. Raises `CourseError` for a registry that cannot be read."""
    return _read(REGISTRY)


def data_set(name: str) -> DataSet:
    """The set called `name`."""
    try:
        return sets()[name]
    except KeyError:
        raise CourseError(f"there is no data set {name!r}: choose of {', '.join(sets())}") from None


def data_file(name: str) -> DataFile:
    """The file called `name`, as in `"mnist/train-images"`."""
    files = {file.name: file for entry in sets().values() for file in entry.files}
    try:
        return files[name]
    except KeyError:
        raise CourseError(
            f"there is no data file {name!r}: `cvlib data list` prints the {len(files)} names"
        ) from None


def needs(chapter: int | str, profile: str) -> list[DataSet]:
    """The sets without which this profile of the chapter cannot run."""
    return [entry for entry in sets().values() if entry.needed_by(chapter, profile)]


def stand_in(entry: DataSet) -> DataSet | None:
    """The set that may be used in place of `entry`, a part of it or a lossy copy, if any."""
    return next((s for s in sets().values() if s.stands_in_for == entry.name), None)


@lru_cache
def _read(path: Path) -> Mapping[str, DataSet]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _data_set(name, dict(table)) for name, table in tables.items()}
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise CourseError(
            f"the data registry {path} cannot be read ({error}): restore it with git"
        ) from error


def _data_set(name: str, table: dict) -> DataSet:
    files = table.pop("files")
    chapters = {key: tuple(profiles) for key, profiles in table.pop("chapters").items()}
    entry = DataSet(name=name, chapters=chapters, **table)
    for part, fields in files.items():
        mirrors = tuple(fields.pop("mirrors", ()))
        entry.files.append(DataFile(entry, f"{name}/{part}", mirrors=mirrors, **fields))
    return entry
