"""A chapter's notebook under papermill, with a seed that is not the stored one."""

from pathlib import Path
from typing import Any

import pytest

from cvlib.course.chapters import chapter
from cvlib.course.notebooks import execute
from cvlib.course.run import record


def run_notebook(number: int, folder: Path, seed: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """Execute a chapter in profile smoke; its record, and metric name -> value where measured.

    The claims of the page so hold for another seed than the one that a reader sees.
    """
    entry = chapter(number)
    if not entry.notebook.is_file():
        pytest.skip(f"{entry.notebook.name} is not written yet")
    (outcome,) = execute([entry.notebook], folder, "smoke", seed=seed, jobs=1)
    assert not outcome.error, outcome.error
    result = record.load(folder / entry.name / f"seed{seed}" / "record.json")
    assert result["complete"]
    assert result["seeds"] == [seed]
    assert result["profile"] == "smoke"
    assert not result["evidence"]
    values = {name: metric["values"][0] for name, metric in result["metrics"].items()}
    return result, {name: value for name, value in values.items() if value is not None}
