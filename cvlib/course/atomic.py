"""Files that are either the old ones or the new ones, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cvlib.course.errors import CourseError

REASONS = {
    errno.ENOSPC: "the disk is full: free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another folder",
    errno.EACCES: "the folder may not be written to: choose another one",
    errno.EPERM: "the folder may not be written to: choose another one",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENOTDIR: "a file stands where a folder should be: choose another folder",
    errno.EEXIST: "a file stands where a folder should be: choose another folder",
}


def write(path: Path, content: bytes | str | Callable[[BinaryIO], None]) -> Path:
    """Write to a temporary file beside `path`, flush it to disk, then move it into place.

    Raises `CourseError` when that cannot be done; a file that was there is then still there.
    """
    if isinstance(content, str):
        content = content.encode()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            content(file) if callable(content) else file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _discard(temporary)
        raise CourseError(f"cannot write {path}: {reason(error)}; nothing was changed") from error
    except BaseException:
        _discard(temporary)
        raise
    return path


def reason(error: OSError) -> str:
    """Why a file could not be written, and the remedy, as the end of a sentence."""
    return REASONS.get(error.errno or 0, error.strerror or str(error))


def _discard(path: Path) -> None:
    """Remove a temporary file, whatever state the disk is in."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
