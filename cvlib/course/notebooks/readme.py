"""README's two generated tables: the chapters, and the results of the recorded runs."""

from collections.abc import Callable
from pathlib import Path

from cvlib.course import atomic
from cvlib.course.chapters import CHAPTERS, REPOSITORY, Chapter, written
from cvlib.course.errors import CourseError
from cvlib.course.page.scoreboard import results_markdown
from cvlib.course.paths import ROOT

README = ROOT / "README.md"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def chapters_markdown() -> str:
    """The ten chapters with their state; a written one links its notebook and its Colab page."""
    lines = ["| | chapter | paper | state | |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(_chapter_row(entry) for entry in CHAPTERS)]) + "\n"


def _chapter_row(entry: Chapter) -> str:
    paper = f"[{entry.paper}](https://arxiv.org/abs/{entry.arxiv})"
    if not entry.done:
        return f"| {entry.number:02d} | {entry.title} | {paper} | planned | |"
    path = f"notebooks/{entry.name}.ipynb"
    colab = f"https://colab.research.google.com/github/{REPOSITORY}/blob/main/{path}"
    badge = f"[![Open in Colab]({BADGE})]({colab})"
    return f"| {entry.number:02d} | [{entry.title}]({path}) | {paper} | done | {badge} |"


TABLES: dict[str, Callable[[], str]] = {
    "chapters": chapters_markdown,
    "results": lambda: results_markdown(written()),
}


def rendered(text: str) -> str:
    """The README's text with both tables as the code and the recorded runs have them now."""
    for name, table in TABLES.items():
        begin = f"<!-- {name}: written by `make notebooks`, do not edit -->"
        end = f"<!-- {name} end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise CourseError(f"README.md lost the marks between which the {name} stand")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{table()}\n{end}{rest.split(end)[1]}"
    return text


def refresh(path: Path = README) -> None:
    """Rewrite the tables in place when they changed."""
    text = path.read_text(encoding="utf-8")
    if (new := rendered(text)) != text:
        atomic.write(path, new)
