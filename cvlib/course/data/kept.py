"""Arrays that took long to make of data files, kept for the next time."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cvlib.course import atomic, paths
from cvlib.course.data import formats, locate
from cvlib.course.errors import CourseError

Arrays = Mapping[str, np.ndarray]


def kept(name: str, sources: Sequence[str], build: Callable[[], Arrays]) -> Arrays:
    """What `build` makes of the data files `sources`: named arrays, kept in the user's cache.

    name: what the arrays are, with every setting that they depend on, such as `"cifar10-32px"`.
    sources: names of files, such as `"modelnet10/archive"`; another version of a file is another
        key, and a damaged copy is made again.
    Raises `CourseError` when `build` cannot read the sources; a source that had only been
    trusted on sight is then set aside, so that the right file can take its place.
    """
    file = paths.user_cache() / "decoded" / f"{name}-{_key(sources)}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        return formats.load_npz(file)
    arrays = _built(name, sources, build)
    try:
        atomic.write(file, lambda sink: np.savez(sink, **arrays))
    except CourseError as error:
        print(f"{name} will be made again next time: {error}")
    return arrays


def _key(sources: Sequence[str]) -> str:
    found = [locate.path(source) for source in sources]
    states = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in found]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:12]


def _built(name: str, sources: Sequence[str], build: Callable[[], Arrays]) -> Arrays:
    try:
        return build()
    except (ValueError, LookupError, EOFError, OSError) as error:
        if isinstance(error, CourseError) and type(error) is not CourseError:
            raise  # a budget that ended or a missing file says nothing about the sources
        done = [locate.distrust(source) for source in sources]
        mended = "; ".join(filter(None, done)) or "fetch the files again: `cvlib data verify`"
        what = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        raise CourseError(
            f"{name} cannot be made of {', '.join(sources)} ({what}); {mended}"
        ) from error
