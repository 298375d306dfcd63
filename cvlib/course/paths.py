"""Where things live: the checkout, the data cache, the folder of runs, the recorded runs."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "data" / "samples"
DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts a reader's Drive


def cache_dir() -> Path:
    """The folder of downloaded data: `$CVLIB_DATA`, else the user's cache folder."""
    if named := os.environ.get("CVLIB_DATA"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(base).expanduser() / "ten-papers-2018"


def runs_dir() -> Path:
    """The folder of checkpoints and records: `$CVLIB_RUNS`, else a mounted Drive, else `runs/`.

    A Colab machine's disk is gone after a disconnect; the Drive is not, so it goes first there.
    """
    if named := os.environ.get("CVLIB_RUNS"):
        return Path(named).expanduser()
    return DRIVE / "ten-papers-2018-runs" if DRIVE.is_dir() else ROOT / "runs"
