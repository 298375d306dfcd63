"""What README and TEACHING.md have from files: pictures, tables, the times.

Each stands between two comments; `cvlib notebooks refresh` rewrites it and a test compares it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cvlib.course import atomic
from cvlib.course.chapters import CHAPTERS, Chapter, written
from cvlib.course.editions import readme as chinese
from cvlib.course.errors import CourseError
from cvlib.course.notebooks import cards, teaching
from cvlib.course.notebooks.cells import badge
from cvlib.course.notebooks.verify import FIGURES, PRINTED
from cvlib.course.page.scoreboard import results_markdown
from cvlib.course.paths import ROOT

README = ROOT / "README.md"


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


def verified_markdown() -> str:
    """How much of what a reader sees is compared, as the tests demand it."""
    figures = "Every figure" if FIGURES == 100 else f"At least {FIGURES} % of the figures"
    return (
        f"{figures} and at least {PRINTED} % of the printed text of the stored notebooks are "
        "**compared with a fresh run** on each change:\ntext letter by letter, figures by what "
        "the eye can tell, the scores of this run to a tenth or one point in a hundred.\n"
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "gallery": cards.gallery,
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
    """Rewrite the pictures, the READMEs' parts and TEACHING's times where they changed."""
    cards.refresh()
    for page, tables in ((path, TABLES), (chinese.README, chinese.TABLES)):
        text = page.read_text(encoding="utf-8")
        if (new := rendered(text, tables)) != text:
            atomic.write(page, new)
    text = teaching.TEACHING.read_text(encoding="utf-8")
    if (new := teaching.rendered(text, between)) != text:
        atomic.write(teaching.TEACHING, new)
