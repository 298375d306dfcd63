"""A chapter's page: figures with captions, code that is not the lesson and solutions folded."""

from __future__ import annotations

import ast
import copy
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from cvlib.course.chapters import Chapter
from cvlib.course.editions.words import Words
from cvlib.course.errors import CourseError
from cvlib.course.page.exercises import Exercise, source_of

BADGE = re.compile(r"^\[!\[Open in Colab\].*$\n*", re.MULTILINE)
FACT_BOX = "| | |\n|---|---|"
TRANSLATED = re.compile(r"^\*图[：:] *(.+)\*$", re.MULTILINE)  # a caption in another language
CORNER = re.compile(r"^\| +(?=\|.*\|\n\|[-:]+\|)", re.MULTILINE)  # a head without words
UNSEEN = '<span class="visually-hidden">row</span>'
UNREAD = "# its code is not shown"  # myst-nb leaves out a cell without any
CHECK = re.compile(r'^check\("(\d\d\.\d+)"', re.MULTILINE)
TITLE = re.compile(r"^(# .*?) ?◆$", re.MULTILINE)  # the mark is a section's
DETAILS = re.compile(r"</details>\n(?=<details)")


def page(entry: Chapter, nb: NotebookNode, words: Words) -> NotebookNode:
    """The notebook as myst-nb is to draw it; the one that was given stays as it is."""
    exercises = entry.module("exercises").EXERCISES
    figures = 0
    cells = []
    for cell in captioned(copy.deepcopy(nb.cells)):
        if cell.cell_type == "markdown":
            cell.source = prose(cell.source, words)
            cells.append(cell)
            continue
        if is_aside(cell):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
        for part in split(cell):
            cells.append(part)
            name = words.figure.format(number=f"{entry.number}.{figures + 1}")
            figures += caption(part, name)
        known = [exercises[id] for id in CHECK.findall(cell.source) if id in exercises]
        cells += [new_markdown_cell(answers(exercise, words)) for exercise in known]
    return NotebookNode({**nb, "cells": cells})


def captioned(cells: list[NotebookNode]) -> list[NotebookNode]:
    """A translation's cells with its captions in the figures that stand above them."""
    kept: list[NotebookNode] = []
    for cell in cells:
        captions = TRANSLATED.findall(cell.source) if cell.cell_type == "markdown" else []
        if not captions:
            kept.append(cell)
            continue
        words = [o for o in kept[-1].outputs if "text/markdown" in o.get("data", {})]
        for output, text in zip(words, captions, strict=True):
            output.data["text/markdown"] = f"*Figure. {text}*"
    return kept


def prose(text: str, words: Words) -> str:
    """Markdown for a page: the badge is a button there, tables have heads, folds stand apart."""
    text = BADGE.sub("", text)
    head = words.fact_box if text.startswith("# ") else f"| {UNSEEN} | {UNSEEN} |"
    text = text.replace(FACT_BOX, f"{head}\n|---|---|")
    text = CORNER.sub(f"| {UNSEEN} ", text)
    text = TITLE.sub(r"\1", DETAILS.sub("</details>\n\n", text))
    return text.replace(" ◆", "\N{NO-BREAK SPACE}◆")


def split(cell: NotebookNode) -> list[NotebookNode]:
    """The cell, and one without code where a figure begins or ends: all of a cell is captioned."""
    parts = [cell]
    outputs, cell.outputs = cell.outputs, []
    for output in outputs:
        shown = parts[-1].outputs
        ends = any(picture(o) for o in shown) and "text/markdown" not in output.get("data", {})
        if ends or (picture(output) and shown):
            parts.append(new_code_cell(UNREAD, metadata={"tags": ["remove-input"]}))
        parts[-1].outputs.append(output)
    return parts


def picture(output: NotebookNode) -> str:
    """The image's mime type among an output's data, or an empty string."""
    return next((kind for kind in output.get("data", {}) if kind.startswith("image/")), "")


def caption(cell: NotebookNode, name: str) -> int:
    """Join the picture that `show` displayed with its caption; returns how many there were."""
    shown = next((o for o in cell.outputs if picture(o)), None)
    if shown is None:
        return 0
    words = next((o for o in cell.outputs if "text/markdown" in o.get("data", {})), None)
    if words is None:
        raise CourseError(f"a figure has no caption ({cell.source[:40]!r}): use show()")
    cell.outputs.remove(words)
    text = words.data["text/markdown"].strip().removeprefix("*").removesuffix("*")
    cell.metadata["mystnb"] = {
        "image": {"alt": shown.metadata[picture(shown)]["alt"]},
        "figure": {"caption": text.replace("Figure.", f"**{name}**", 1)},
    }
    return 1


def is_aside(cell: NotebookNode) -> bool:
    """Whether the code is not the lesson: set-up, imports, parameters, or a drawing."""
    statements = ast.parse(cell.source).body
    calls = {
        getattr(getattr(getattr(s, "value", None), "func", None), "id", "") for s in statements
    }
    if "parameters" in cell.metadata.get("tags", []) or calls & {"show", "explore"}:
        return True
    return bool(statements) and isinstance(statements[0], ast.Import) and "check" not in calls


def answers(exercise: Exercise, words: Words) -> str:
    """An exercise's title, its two hints and its solution, each folded, with a label to link to.

    A translation has its own title and hints in its prose: the solution is all that it lacks.
    """
    solution = fold(words.solution, f"```python\n{source_of(exercise.solution)}\n```")
    if not words.hints:
        return f"({label(exercise.id)})=\n{solution}"
    stars = "★" * exercise.stars + "☆" * (3 - exercise.stars)
    hints = "".join(
        fold(title, hint) for title, hint in zip(words.hints, exercise.hints, strict=True)
    )
    return (
        f"({label(exercise.id)})=\n**{exercise.id} {exercise.title}** · {exercise.minutes} min · "
        f"{stars}\n\n{hints}{solution}"
    )


def label(id: str) -> str:
    """The name by which other pages link to an exercise."""
    return f"exercise-{id.replace('.', '-')}"


def fold(title: str, text: str) -> str:
    """Markdown that opens when it is asked for."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>\n\n"
