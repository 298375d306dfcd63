"""A folder of notebooks becomes a folder of pages."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from PIL import Image

from cvlib.course import atomic
from cvlib.course.chapters import RELEASE, REPOSITORY, Chapter
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.export import without_injected
from cvlib.course.paths import ROOT
from cvlib.course.site import landing, pages

SPHINX = Path(__file__).with_name("sphinx")
PICTURE = re.compile(r'<img (?=[^>]*src="(\.\./_images/[^"]+)")')
TEXTS = ("notebooks/TEACHING.md", "data/README.md")  # pages beside the chapters
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def build(out: Path, notebooks: Mapping[Chapter, Path], ran: str = "") -> Path:
    """Write the site of these notebooks into `out`; returns its front page.

    `ran` is Markdown for the front page: what was executed to get these notebooks. Raises
    `CourseError` where Sphinx is not installed, or warns of anything.
    """
    require()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        lay_out(source, notebooks, ran)
        _sphinx(source, out.resolve(), Path(folder) / "doctrees")
    for html in out.glob("notebooks/*.html"):
        atomic.write(html, _lazy(html.read_text(encoding="utf-8"), html.parent))
    return out / "index.html"


def require() -> None:
    """Raises `CourseError` where Sphinx, which draws the pages, is not installed."""
    if importlib.util.find_spec("myst_nb") is None:
        raise CourseError("the pages need Sphinx: python -m pip install -e '.[site]'")


def lay_out(source: Path, notebooks: Mapping[Chapter, Path], ran: str = "") -> None:
    """The folder that Sphinx reads: configuration, pages, card pictures, downloads."""
    shutil.copytree(SPHINX, source, ignore=shutil.ignore_patterns("__pycache__"))
    read_ones = {entry: without_injected(read(path)) for entry, path in notebooks.items()}
    for entry, nb in read_ones.items():
        kind, picture, _ = landing.card_picture(entry, nb)
        atomic.write(source / "_cards" / f"{entry.name}.{kind}", picture)
        download = source / "extra" / "download" / entry.notebook.name
        atomic.write(download, entry.notebook.read_bytes())
    atomic.write(source / "index.md", landing.front(read_ones, ran))
    atomic.write(source / "exercises.md", landing.exercises(tuple(read_ones)))
    for name in TEXTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        atomic.write(source / name, _linked(text, Path(name), source, notebooks))
    for entry, nb in read_ones.items():
        page = pages.page(entry, nb)
        for cell in page.cells:
            if cell.cell_type == "markdown":
                place = Path("notebooks") / entry.notebook.name
                cell.source = _linked(cell.source, place, source, notebooks)
        text = nbformat.writes(page)
        atomic.write(source / "notebooks" / entry.notebook.name, text)


def _linked(
    text: str, place: Path, source: Path, notebooks: Mapping[Chapter, Path]
) -> str:  # fmt: skip
    """The text with its links to files that are no pages of the site turned to the repository."""
    here = {f"notebooks/{entry.notebook.name}" for entry in notebooks} | {*TEXTS, "exercises.md"}

    def link(match: re.Match[str]) -> str:
        target = os.path.normpath(place.parent / match[2]).replace(os.sep, "/")
        if target in here:
            return match[0].replace(match[3], "") if match[3] else match[0]
        return f"[{match[1]}](https://github.com/{REPOSITORY}/blob/{RELEASE}/{target})"

    return LINK.sub(link, text)


def _sphinx(source: Path, out: Path, doctrees: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, "-d", str(doctrees), str(source), str(out)], env=environment,
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.replace(f"{source}{os.sep}", "").strip()
        raise CourseError(f"the site could not be built:\n{said[-3000:]}")


def _lazy(html: str, folder: Path) -> str:
    """The page with pictures that load when they come into view, in a place of their size."""

    def sized(match: re.Match[str]) -> str:
        with Image.open(folder / match[1]) as picture:
            width, height = picture.size
        return f'<img loading="lazy" width="{width}" height="{height}" '

    return PICTURE.sub(sized, html)
