"""Notebooks executed side by side, each in its own process with one thread."""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSI = re.compile(r"\x1b\[[0-9;]*m")
NOISE = re.compile(r"without encryption|frozen modules|PYDEVD_DISABLE|Debugging will proceed")


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook; `error` is empty when all its cells ran."""

    path: Path
    seconds: float
    error: str = ""

    def __str__(self) -> str:
        line = f"{'FAIL' if self.error else 'ok  '} {self.path.name:34s}{self.seconds:6.1f} s"
        return f"{line}\n{self.error}".rstrip()


def run_all(
    job: Callable[..., None], tasks: Sequence[tuple[Path, tuple[Any, ...]]], jobs: int,
    report: Callable[[Outcome], object],
) -> list[Outcome]:  # fmt: skip
    """Call `job(path, *arguments)` for each task, `jobs` at a time; outcomes in the tasks' order.

    Processes are spawned, not forked: a forked copy of torch's threads hangs.
    """
    context = multiprocessing.get_context("spawn")
    outcomes: dict[Path, Outcome] = {}
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = {pool.submit(_timed, job, path, args): path for path, args in tasks}
        for future in as_completed(futures):
            path = futures[future]
            try:
                outcomes[path] = future.result()
            except Exception as error:  # the worker itself was killed
                outcomes[path] = Outcome(path, 0.0, f"{type(error).__name__}: {error}")
            report(outcomes[path])
    return [outcomes[path] for path, _ in tasks]


def _timed(job: Callable[..., None], path: Path, arguments: tuple[Any, ...]) -> Outcome:
    began = time.monotonic()
    error = ""
    with _stderr_in_file() as said:
        try:
            job(path, *arguments)
        except Exception as failure:
            error = f"{_explain(failure)}\n{said()}".strip()
    return Outcome(path, time.monotonic() - began, error)


def _explain(failure: Exception) -> str:
    """The failing cell's source and the end of its traceback, without colours."""
    source = getattr(failure, "source", "")
    traceback = "\n".join(failure.traceback) if source else str(failure)  # type: ignore[attr-defined]
    tail = "\n".join(ANSI.sub("", traceback).strip().splitlines()[-15:])
    cell = f"{source.strip()[:800]}\n" if source else ""
    return f"{type(failure).__name__}\n{cell}{tail}"


@contextmanager
def _stderr_in_file() -> Iterator[Callable[[], str]]:
    """Send this process's and its kernels' stderr to a file; yields what reads it, less noise."""
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)

        def said() -> str:
            file.seek(0)
            lines = file.read().decode(errors="replace").splitlines()
            return "\n".join([line for line in lines if not NOISE.search(line)][-15:])

        try:
            yield said
        finally:
            os.dup2(before, 2)
            os.close(before)


def headless_environment(profile: str) -> None:
    """Set what kernels of this process inherit: no front end, one thread, a fixed hash seed."""
    os.environ.update(
        CVLIB_HEADLESS="1",
        CVLIB_PROFILE=profile,
        PYTHONHASHSEED="0",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
    )
    if profile == "smoke":
        os.environ.update(CVLIB_OFFLINE="1", OMP_NUM_THREADS="1")
