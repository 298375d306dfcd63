"""The glossary of a translation: one word for one term, and which words it never uses.

`notebooks/<language>/GLOSSARY.md` is a page of the site and the table that the tests read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cvlib.course.editions.edition import Edition

ROW = re.compile(r"^\| ([A-Za-z][^|]*?) \| ([^|]+?) \| ([^|]*?) ?\|", re.MULTILINE)


@dataclass(frozen=True)
class Term:
    """An English term, its form in the translation, and the forms that are not used."""

    english: str
    here: str
    never: tuple[str, ...]


def terms(edition: Edition) -> list[Term]:
    """The rows of the edition's glossary."""
    text = (edition.home / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = [match for match in ROW.findall(text) if match[0] != "English"]
    return [Term(english, here, tuple(never.split("、")) if never else ())
            for english, here, never in rows]  # fmt: skip


def strayed(terms: Sequence[Term], english: str, here: str) -> list[str]:
    """Sentences on terms of an English stretch of prose that its translation calls otherwise."""
    found = []
    for term in terms:
        pattern = rf"\b{re.escape(term.english)}(?:s|es)?\b"
        if re.search(pattern, english, re.IGNORECASE) and term.here not in here:
            found.append(f"{term.english!r} is {term.here} in the glossary")
        found += [f"{word} is used for {term.here}" for word in term.never if word in here]
    return found
