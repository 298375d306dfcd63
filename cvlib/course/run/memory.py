"""The most memory that a piece of work took: on the GPU, else of the process."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

import torch

_PROCESS = Path("/proc/self")


def restart(device: torch.device) -> None:
    """Begin anew, where the machine can: on CUDA and under Linux."""
    if device.type == "cuda":
        torch.cuda.init()  # without it, a process that has done nothing there yet is refused
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5")


def peak(device: torch.device) -> int:
    """Bytes at most since `restart`; on a CPU of the whole process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        status = (_PROCESS / "status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    except (OSError, TypeError):
        return _ever()


def _ever() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
