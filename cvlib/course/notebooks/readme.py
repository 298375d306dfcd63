"""What README and TEACHING.md have from files: tables, the hero picture, the times.

Each stands between two comments; `cvlib notebooks refresh` rewrites it and a test compares it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import CHAPTERS, Chapter, chapter, written
from cvlib.course.editions import readme as chinese
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import teaching
from cvlib.course.notebooks.canonical import read
from cvlib.course.notebooks.cells import badge
from cvlib.course.notebooks.verify import FIGURES, PRINTED
from cvlib.course.page.scoreboard import results_markdown
from cvlib.course.paths import ROOT

README = ROOT / "README.md"
HERO = (4, "## 10 ")  # the first figure of this section of this chapter's notebook


def chapters_markdown() -> str:
    """The ten chapters with their state; a written one links its notebook and its Colab page."""
    lines = ["| | chapter | paper | state | |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(_chapter_row(entry) for entry in CHAPTERS)]) + "\n"


def _chapter_row(entry: Chapter) -> str:
    paper = f"[{entry.paper}](https://arxiv.org/abs/{entry.arxiv})"
    if not entry.done:
        return f"| {entry.number:02d} | {entry.title} | {paper} | planned | |"
    path = f"notebooks/{entry.name}.ipynb"
    opened = badge(entry.notebook.name)
    return f"| {entry.number:02d} | [{entry.title}]({path}) | {paper} | done | {opened} |"


def hero_file() -> Path:
    """The picture at the top of the README."""
    return chapter(HERO[0]).recorded / "smoke.png"


def hero() -> tuple[bytes, str, str]:
    """The hero's PNG file, alt text and caption, as they are stored in the notebook."""
    entry, seen = chapter(HERO[0]), False
    for cell in read(entry.notebook).cells:
        seen = seen or (cell.cell_type == "markdown" and cell.source.startswith(HERO[1]))
        shown = cell.get("outputs", []) if seen else []
        for picture, caption in pairwise(shown):
            if "image/png" in picture.get("data", {}):
                return _figure(picture, caption)
    raise CourseError(f"{entry.notebook.name} has no figure below {HERO[1]!r}")


def _figure(picture: NotebookNode, caption: NotebookNode) -> tuple[bytes, str, str]:
    content = base64.b64decode(picture.data["image/png"])
    return content, picture.data["text/plain"], caption.data["text/plain"]


def hero_markdown() -> str:
    """The picture with its alt text, and its caption."""
    _, alt, caption = hero()
    path = hero_file().relative_to(ROOT).as_posix()
    about = f"Chapter {HERO[0]:02d}, profile smoke: a plumbing check, not evidence"
    return f"![{alt}]({path})\n\n*{about}. {caption.removeprefix('Figure. ')}*\n"


def verified_markdown() -> str:
    """How much of what a reader sees is compared, as the tests demand it."""
    figures = "Every figure" if FIGURES == 100 else f"At least {FIGURES} % of the figures"
    return (
        f"{figures} and at least {PRINTED} % of the printed text of the stored notebooks are "
        "**compared with a fresh run** on each change:\ntext letter by letter, figures by what "
        "the eye can tell, the scores of this run to a tenth or one point in a hundred.\n"
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "hero": hero_markdown,
    "verified": verified_markdown,
    "chapters": chapters_markdown,
    "results": lambda: results_markdown(written()),
}


def between(text: str, begin: str, end: str, new: str) -> str:
    """The text with `new` between two marks that stand in it once."""
    if text.count(begin) != 1 or text.count(end) != 1:
        raise CourseError(f"a page lost the marks {begin} and {end}")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{new}\n{end}{rest.split(end)[1]}"


def rendered(text: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """The README's text with its parts as the code, notebooks and recorded runs have them now."""
    for name, part in tables.items():
        begin = f"<!-- {name}: written by `make notebooks`, do not edit -->"
        text = between(text, begin, f"<!-- {name} end -->", part())
    return text


def refresh(path: Path = README) -> None:
    """Rewrite the hero picture, the READMEs' parts and TEACHING's times where they changed."""
    content, *_ = hero()
    if hero_file().read_bytes() != content:
        atomic.write(hero_file(), content)
    for page, tables in ((path, TABLES), (chinese.README, chinese.TABLES)):
        text = page.read_text(encoding="utf-8")
        if (new := rendered(text, tables)) != text:
            atomic.write(page, new)
    text = teaching.TEACHING.read_text(encoding="utf-8")
    if (new := teaching.rendered(text, between)) != text:
        atomic.write(teaching.TEACHING, new)
