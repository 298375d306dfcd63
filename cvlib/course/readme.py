"""README's table of results, written from the recorded runs and nothing else."""

from pathlib import Path

from cvlib.course import atomic
from cvlib.course.chapters import written
from cvlib.course.errors import CourseError
from cvlib.course.paths import ROOT
from cvlib.course.scoreboard import results_markdown

README = ROOT / "README.md"
BEGIN = "<!-- results: written by `make notebooks`, do not edit -->\n"
END = "<!-- end of results -->\n"


def rendered(text: str) -> str:
    """The README's text with the table of results as the recorded runs have it now."""
    if BEGIN not in text or END not in text:
        raise CourseError("README.md lost the two marks between which the results stand")
    before, rest = text.split(BEGIN, 1)
    return before + BEGIN + "\n" + results_markdown(written()) + "\n" + END + rest.split(END, 1)[1]


def refresh(path: Path = README) -> None:
    """Rewrite the table in place when it changed."""
    text = path.read_text(encoding="utf-8")
    if (new := rendered(text)) != text:
        atomic.write(path, new)
