"""`make notebooks`: execute in profile smoke, keep clean outputs, byte-identical when repeated."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import written
from cvlib.course.editions import follow
from cvlib.course.notebooks import teaching
from cvlib.course.notebooks.canonical import canonical, dumps, read
from cvlib.course.notebooks.cells import SETUP_CELL
from cvlib.course.notebooks.pool import Outcome, headless_environment, run_all

CELL_SECONDS = 600  # a busy machine is slow, and no reason to lose a page


def refresh(
    paths: Iterable[Path], jobs: int = 2, report: Callable[[Outcome], object] = print
) -> dict[Path, str]:
    """Execute and rewrite notebooks; returns the errors by path, empty when all went well.

    A notebook with a failing cell keeps its file as it is. Where the sections are not those whose
    times are kept for TEACHING.md, the times of this run are kept. A chapter's translations follow.
    """
    outcomes = run_all(refresh_one, [(Path(path), ()) for path in paths], jobs, report)
    for entry in written():
        if any(outcome.path == entry.notebook and not outcome.error for outcome in outcomes):
            follow.refresh(entry)
    return {outcome.path: outcome.error for outcome in outcomes if outcome.error}


def refresh_one(path: Path) -> None:
    """Execute one notebook in this process's environment and write it in canonical form."""
    nb = executed(path)
    teaching.keep(path, nb)
    text = dumps(canonical(nb))
    if text != path.read_text(encoding="utf-8"):
        atomic.write(path, text)


def time_one(path: Path) -> None:
    """Execute one notebook and keep the times of its sections; the notebook stays as it is."""
    teaching.keep(path, executed(path), always=True)


def executed(path: Path) -> NotebookNode:
    """A fresh run of a notebook, each code cell with the processor time that it took.

    Not the time on the clock: that is another one whenever the machine has other work.
    """
    import psutil  # comes with ipykernel
    from nbclient import NotebookClient

    def processor_seconds() -> float:
        spent = psutil.Process(client.km.provisioner.pid).cpu_times()
        return spent.user + spent.system + spent.children_user + spent.children_system

    def begins(cell: NotebookNode, cell_index: int) -> None:
        cell.metadata["seconds"] = -processor_seconds()

    def ends(cell: NotebookNode, cell_index: int, execute_reply: object) -> None:
        cell.metadata["seconds"] += processor_seconds()

    headless_environment("smoke")
    nb = canonical(read(path))
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if code and '"clone"' in code[0].source:
        code[0].source = SETUP_CELL  # the same in every notebook
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as runs:
        os.environ["CVLIB_RUNS"] = runs  # a checkpoint of an earlier run would change the page
        client = NotebookClient(
            nb,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_execute=begins,
            on_cell_executed=ends,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute()
    return nb
