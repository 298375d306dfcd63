"""The folders in which a data file may lie."""

from __future__ import annotations

import os
from pathlib import Path

from cvlib.course import paths


def user_cache() -> Path:
    """The user's cache folder, whatever `$CVLIB_DATA` says."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(base).expanduser() / "ten-papers-2018"


def searched() -> tuple[Path, ...]:
    """Where a file is looked for, in this order: samples, `$CVLIB_DATA`, the user's cache."""
    return tuple(dict.fromkeys((paths.SAMPLES, paths.cache_dir(), user_cache())))


def downloads() -> Path:
    """Where a download goes: `$CVLIB_DATA`, or the user's cache where that is read-only."""
    return paths.cache_dir() if writable(paths.cache_dir()) else user_cache()


def writable(folder: Path) -> bool:
    """Whether files can be added to `folder`, which need not exist yet.

    A folder without any write permission counts as read-only even for the superuser: whoever
    took the permission away meant it.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return bool(there.stat().st_mode & 0o222) and os.access(there, os.W_OK)
