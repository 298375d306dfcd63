"""A translated notebook follows the English one: its code and outputs are copied, never executed.

Both are cut at their code cells into stretches of prose. `drift` compares what no translation
changes in them: formulas, code, links and numbers.
"""

from __future__ import annotations

import copy
import re
from collections import Counter

from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import Chapter
from cvlib.course.editions.edition import TRANSLATIONS
from cvlib.course.errors import CourseError
from cvlib.course.notebooks.canonical import canonical, dumps, read

ADDED = ("*图", "**练习", "> **译注")  # a translation's own: captions, tasks, notes
BADGE = re.compile(r"^\[!\[Open in Colab\].*$", re.MULTILINE)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"(?<=\]\()https?:[^)\s]+|arXiv:\d{4}\.\d+")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def follow(english: NotebookNode, translated: NotebookNode) -> NotebookNode:
    """The translation with the English code cells and their outputs, in canonical form.

    Raises `CourseError` where the translation has not as many code cells.
    """
    theirs = [cell for cell in english.cells if cell.cell_type == "code"]
    places = [i for i, cell in enumerate(translated.cells) if cell.cell_type == "code"]
    if len(places) != len(theirs):
        raise CourseError(
            f"a translation has {len(places)} code cells, the English notebook {len(theirs)}: "
            "add or remove the cell by hand, with its prose"
        )
    cells = list(translated.cells)
    for place, cell in zip(places, theirs, strict=True):
        cells[place] = copy.deepcopy(cell)
    return canonical(NotebookNode({**translated, "cells": cells}))


def refresh(entry: Chapter) -> None:
    """Let every stored translation of a chapter follow its English notebook."""
    for path in (edition.notebook(entry) for edition in TRANSLATIONS):
        if path.is_file():
            text = dumps(follow(read(entry.notebook), read(path)))
            if text != path.read_text(encoding="utf-8"):
                atomic.write(path, text)


def prose(nb: NotebookNode) -> list[str]:
    """The Markdown above each code cell, and that below the last one."""
    found = [""]
    for cell in nb.cells:
        if cell.cell_type == "code":
            found.append("")
        elif not cell.source.startswith(ADDED):
            found[-1] += cell.source + "\n\n"
    return found


def drift(english: NotebookNode, translated: NotebookNode) -> list[str]:
    """What the translation's prose lacks of the English, or has beyond it; empty when it agrees."""
    found = []
    for place, (ours, theirs) in enumerate(zip(prose(english), prose(translated), strict=True), 1):
        kept, numbers = facts(ours)
        here, numbers_here = facts(theirs)
        found += [f"above code cell {place}: {item} is missing" for item in kept - here]
        found += [f"above code cell {place}: {item} is too much" for item in here - kept]
        missing = numbers - numbers_here
        found += [f"above code cell {place}: the number {item} is missing" for item in missing]
    return found


def facts(text: str) -> tuple[Counter[str], Counter[str]]:
    """What a translation keeps letter by letter, and the numbers of the prose around it."""
    kept: Counter[str] = Counter()
    text = BADGE.sub("", text)
    for pattern in (FORMULA, CODE, LINK):
        kept.update(" ".join(item.split()) for item in pattern.findall(text))
        text = pattern.sub(" ", text)
    return kept, Counter(number.replace(",", "").rstrip(".") for number in NUMBER.findall(text))
