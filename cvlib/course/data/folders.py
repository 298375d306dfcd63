"""The folders in which a data file may lie."""

from __future__ import annotations

from pathlib import Path

from cvlib.course import paths


def searched() -> tuple[Path, ...]:
    """Where a file is looked for, in this order: samples, `$CVLIB_DATA`, the user's cache."""
    return tuple(dict.fromkeys((paths.SAMPLES, paths.cache_dir(), paths.user_cache())))


def downloads() -> Path:
    """Where a download goes: `$CVLIB_DATA`, or the user's cache where that is read-only."""
    return paths.cache_dir() if paths.writable(paths.cache_dir()) else paths.user_cache()
