"""`cvlib doctor`: what this machine has, what is missing, and what mends it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata

from cvlib.course.paths import ROOT, cache_dir, runs_dir

NOTEBOOKS = ("jupyterlab", "ipywidgets", "ipykernel", "papermill", "nbval")
FREE_GB = 5.0  # profile full with its data set and checkpoints


@dataclass(frozen=True)
class Finding:
    """One line of the examination; `mend` is empty when all is well."""

    subject: str
    state: str
    mend: str = ""


def examine() -> list[Finding]:
    """Python, packages, GPU, threads, disk, folders, stored notebooks."""
    return [_python(), *_packages(), _gpu(), _threads(), *_folders(), _checkout()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    return Finding("python", version, "install Python 3.11 or newer" if old else "")


def _packages() -> list[Finding]:
    base = ("torch", "numpy", "scipy", "matplotlib", "pillow", "scikit-image", "scikit-learn")
    found = []
    for name in (*base, "pooch", "click", "rich", *NOTEBOOKS):
        try:
            found.append(Finding(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            extra = "[notebooks,test]" if name in NOTEBOOKS else ""
            found.append(Finding(name, "absent", f"pip install -e '.{extra}' (or `make lab`)"))
    return found


def _gpu() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("GPU", "none: profile smoke runs here; workshop and full want CUDA")
    free, total = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    mend = "" if free > 8e9 else "other programs hold GPU memory: end them (nvidia-smi)"
    return Finding("GPU", f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free", mend)


def _threads() -> Finding:
    import torch

    return Finding("threads", f"{torch.get_num_threads()} of {os.cpu_count()} cores")


def _folders() -> list[Finding]:
    findings = []
    for subject, folder in (("data cache", cache_dir()), ("runs", runs_dir())):
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free / 1e9
        mend = "" if os.access(there, os.W_OK) else "not writable: set CVLIB_DATA or CVLIB_RUNS"
        if free < FREE_GB:
            mend = f"under {FREE_GB:.0f} GB free: make room or set CVLIB_DATA and CVLIB_RUNS"
        findings.append(Finding(subject, f"{folder} ({free:.0f} GB free)", mend))
    return findings


def _checkout() -> Finding:
    there = (ROOT / "notebooks").is_dir() and (ROOT / "data").is_dir()
    mend = "" if there else "clone the repository: notebooks and data do not come with the wheel"
    return Finding("checkout", str(ROOT), mend)
