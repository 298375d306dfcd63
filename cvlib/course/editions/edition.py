"""An edition: the course in one language, where its files are and what they are called."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cvlib.course.chapters import Chapter
from cvlib.course.editions.words import CHINESE_WORDS, ENGLISH_WORDS, Words
from cvlib.course.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"


@dataclass(frozen=True)
class Edition:
    """One language: `folder` below `notebooks/` and below the site; English stands at the top."""

    folder: str
    words: Words
    texts: Mapping[str, str]  # file of the repository -> page beside the chapters

    @property
    def home(self) -> Path:
        """The folder of its notebooks."""
        return NOTEBOOKS / self.folder

    def notebook(self, entry: Chapter) -> Path:
        """A chapter's notebook in this language, whether it is written or not."""
        return self.home / entry.notebook.name

    def file(self, entry: Chapter) -> str:
        """The notebook's name in the repository."""
        return "/".join(filter(None, ("notebooks", self.folder, entry.notebook.name)))

    def has(self, entry: Chapter) -> bool:
        """Whether the chapter stands in this language."""
        return self.notebook(entry).is_file()

    def title(self, entry: Chapter) -> str:
        """The chapter's title, in English where `cards.toml` has none."""
        return self._cards.get(f"{entry.number:02d}", {}).get("title", entry.title)

    def claim(self, entry: Chapter) -> str:
        """The claim on a chapter's card; empty where `cards.toml` has none."""
        return self._cards.get(f"{entry.number:02d}", {}).get("claim", "")

    @cached_property
    def _cards(self) -> dict[str, dict[str, str]]:
        path = self.home / "cards.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


ENGLISH = Edition(
    "",
    ENGLISH_WORDS,
    {"notebooks/TEACHING.md": "notebooks/TEACHING", "data/README.md": "data/README"},
)
TRANSLATIONS = (Edition("zh", CHINESE_WORDS, {"notebooks/zh/GLOSSARY.md": "glossary"}),)
EDITIONS = (ENGLISH, *TRANSLATIONS)


def badge_of(path: Path) -> str:
    """The name by which Colab opens a notebook's file: `04_x.ipynb` or `zh/04_x.ipynb`."""
    folders = {edition.folder for edition in TRANSLATIONS}
    return f"{path.parent.name}/{path.name}" if path.parent.name in folders else path.name
