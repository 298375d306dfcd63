"""Where things live: the checkout, the data cache, the folder of runs, the recorded runs."""

import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = (PACKAGE.parent / "data" / "registry.toml").is_file()
# An installed wheel has no folders beside the package: it carries them inside.
ROOT = PACKAGE.parent if CHECKOUT else PACKAGE / "share"
SAMPLES = ROOT / "data" / "samples"
DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts a reader's Drive


def user_cache() -> Path:
    """The user's cache folder, whatever `$CVLIB_DATA` says."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    try:
        return Path(base).expanduser() / "ten-papers-2018"
    except RuntimeError:  # a container's user without a home
        return Path(tempfile.gettempdir()) / "ten-papers-2018"


def cache_dir() -> Path:
    """The folder of downloaded data: `$CVLIB_DATA`, else the user's cache folder."""
    return _named("CVLIB_DATA") or user_cache()


def runs_dir() -> Path:
    """The folder of checkpoints and records: `$CVLIB_RUNS`, else a mounted Drive, else `runs/`.

    A Colab machine's disk is gone after a disconnect; the Drive is not, so it goes first there.
    Without a checkout, or in one that may not be written to, `runs/` is in the user's cache folder.
    """
    if folder := _named("CVLIB_RUNS"):
        return folder
    if DRIVE.is_dir():
        return DRIVE / "ten-papers-2018-runs"
    here = ROOT / "runs"
    return here if CHECKOUT and writable(here) else user_cache() / "runs"


def writable(folder: Path) -> bool:
    """Whether files can be added to `folder`, which need not exist yet.

    A folder without any write permission counts as read-only even for the superuser: whoever
    took the permission away meant it.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return bool(there.stat().st_mode & 0o222) and os.access(there, os.W_OK)


def _named(variable: str) -> Path | None:
    """The folder that an environment variable names, if it is set."""
    value = os.environ.get(variable)
    return Path(os.path.expanduser(value)) if value else None
