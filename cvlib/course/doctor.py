"""`cvlib doctor`: what this machine has, what a run misses, and what mends it."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement

from cvlib.course.paths import CHECKOUT, ROOT, cache_dir, runs_dir, writable

DISTRIBUTION = "ten-papers-2018"
FREE_GB = 5.0  # profile full with its data set and checkpoints


@dataclass(frozen=True)
class Finding:
    """One line of the examination; `mend` is empty where a run misses nothing."""

    subject: str
    state: str
    mend: str = ""


def examine() -> list[Finding]:
    """Python, packages against their floors, GPU, threads, folders, what came with the course."""
    return [_python(), *_packages(), _notebooks(), _gpu(), _threads(), *_folders(), _course()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    return Finding("python", version, "install Python 3.11 or newer" if old else "")


def _packages() -> Iterator[Finding]:
    """The packages that a run needs; those of Jupyter and of the tests are no business of it."""
    for requirement in requirements():
        have = installed(requirement.name)
        wanted = f"pip install '{requirement}'"
        if have is None:
            yield Finding(requirement.name, "absent", wanted)
        elif not requirement.specifier.contains(have, prereleases=True):
            yield Finding(requirement.name, f"{have}, {requirement.specifier} is needed", wanted)
        else:
            yield Finding(requirement.name, have)


def requirements() -> list[Requirement]:
    """What cvlib depends on, from the checkout's pyproject.toml or from the installed package."""
    if CHECKOUT:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lines = project["dependencies"]
    else:
        lines = metadata.requires(DISTRIBUTION) or []
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed(name: str) -> str | None:
    """The version of an installed package, None if it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _notebooks() -> Finding:
    """Whether the chapters open here. Never advised: on Colab they open without JupyterLab."""
    lab = installed("jupyterlab") or installed("notebook")
    return Finding("notebooks", f"Jupyter {lab}" if lab else "no Jupyter here: `cvlib run` does")


def _gpu() -> Finding:
    if installed("torch") is None:
        return Finding("GPU", "unknown without torch")
    import torch

    if not torch.cuda.is_available():
        return Finding(
            "GPU", "none: profiles smoke and laptop run here; workshop and full want CUDA"
        )
    free, total = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    mend = "" if free > 8e9 else "other programs hold GPU memory: end them (nvidia-smi)"
    return Finding("GPU", f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free", mend)


def _threads() -> Finding:
    return Finding("cores", str(os.cpu_count()))


def _folders() -> Iterator[Finding]:
    for subject, folder, variable in (
        ("data cache", cache_dir(), "CVLIB_DATA"),
        ("runs", runs_dir(), "CVLIB_RUNS"),
    ):
        there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
        free = shutil.disk_usage(there).free / 1e9
        mend = ""
        if not writable(folder):
            mend = f"not writable: set {variable} to another folder"
        elif free < FREE_GB:
            mend = f"under {FREE_GB:.0f} GB free: make room, or set {variable} to another folder"
        yield Finding(subject, f"{folder} ({free:.0f} GB free)", mend)


def _course() -> Finding:
    whole = all((ROOT / part).exists() for part in ("notebooks", "data/registry.toml"))
    what = "checkout" if CHECKOUT else "installed"
    return Finding("course", f"{what} in {ROOT}", "" if whole else "install it again: files miss")
