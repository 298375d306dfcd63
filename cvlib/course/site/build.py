"""A folder of notebooks becomes a folder of pages, and one below it for each translation."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cvlib.course.chapters import Chapter
from cvlib.course.editions import EDITIONS
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.export import without_injected
from cvlib.course.paths import ROOT
from cvlib.course.site.layout import lay_out
from cvlib.course.site.weight import lighten


def build(out: Path, notebooks: Mapping[Chapter, Path], ran: str = "") -> Path:
    """Write the site of these notebooks into `out`; returns its front page.

    `ran` is Markdown for the front page: what was executed to get these notebooks. Raises
    `CourseError` where Sphinx is not installed, or warns of anything.
    """
    require()
    read_ones = {entry: without_injected(read(path)) for entry, path in notebooks.items()}
    with tempfile.TemporaryDirectory() as folder:
        for edition in EDITIONS:
            source = Path(folder) / edition.words.language / "source"
            lay_out(source, edition, read_ones, ran)
            drawn = _sphinx(source)
            lighten(drawn)
            shutil.copytree(drawn, out / edition.folder, dirs_exist_ok=True)
    return out / "index.html"


def require() -> None:
    """Raises `CourseError` where Sphinx, which draws the pages, is not installed."""
    if importlib.util.find_spec("myst_nb") is None:
        raise CourseError("the pages need Sphinx: python -m pip install -e '.[site]'")


def _sphinx(source: Path) -> Path:
    """Draw the pages beside their source, where myst-nb leaves a folder of its own too."""
    out, doctrees = source.with_name("pages"), source.with_name("doctrees")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, "-d", str(doctrees), str(source), str(out)], env=environment,
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.replace(f"{source}{os.sep}", "").strip()
        raise CourseError(f"the site could not be built:\n{said[-3000:]}")
    return out
