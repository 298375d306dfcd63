"""`make smoke`: papermill runs the chapters headlessly with any profile and seed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from cvlib.course.notebooks.pool import Outcome, headless_environment, run_all

CELL_SECONDS = {"smoke": 120, "workshop": 1800, "full": 6 * 3600}


def execute(
    paths: Iterable[Path], out_dir: Path, profile: str = "smoke", seed: int = 0, jobs: int = 2,
    timeout: int | None = None, report: Callable[[Outcome], object] = print,
) -> list[Outcome]:  # fmt: skip
    """Execute notebooks with PROFILE, SEED and OUT set; the stored files are not touched.

    The executed copy is `out_dir/<name>.ipynb`, also of a notebook that failed half-way, and
    its run's folder `out_dir/<name>/` (the record is in `seed<seed>/record.json` there).
    `timeout` is for one cell, in seconds.
    """
    out_dir = Path(out_dir).resolve()
    out_dir.mkdir(parents=True, exist_ok=True)
    arguments = (out_dir, profile, seed, timeout or CELL_SECONDS[profile])
    return run_all(execute_one, [(Path(p).resolve(), arguments) for p in paths], jobs, report)


def execute_one(path: Path, out_dir: Path, profile: str, seed: int, timeout: int) -> None:
    """Execute one notebook in this process's environment."""
    headless_environment(profile)
    os.environ["CVLIB_RUNS"] = str(out_dir)
    import papermill

    papermill.execute_notebook(
        str(path),
        str(out_dir / path.name),
        parameters={"PROFILE": profile, "SEED": seed, "OUT": str(out_dir / path.stem)},
        kernel_name="python3",
        progress_bar=False,
        execution_timeout=timeout,
        start_timeout=120,
        cwd=str(path.parent),
    )
