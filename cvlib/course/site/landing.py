"""The front page with a card a chapter, and the index of exercises."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from cvlib.course.chapters import CHAPTERS, Chapter
from cvlib.course.errors import CourseError
from cvlib.course.page.scoreboard import NOT_RECORDED
from cvlib.course.run import record
from cvlib.course.site.pages import label

CLAIM = re.compile(r"^\| \*\*Claim\*\* \| (.*) \|$", re.MULTILINE)
RECORDS = {"laptop": "Without a GPU", "full": "On a GPU"}  # profile -> how a card calls it
FRONT = """\
---
html_theme.sidebar_secondary.remove: true
---
# Ten computer-vision papers of 2018, measured

Each chapter goes from the theory of one paper to a full GPU training run, **measures the paper's
own headline claim**, and judges it by a rule that was written down before the run. Read it here;
run it on Colab, or at home with one command.

{ran}

::::{{grid}} 1 1 2 2
:gutter: 4
:class-container: chapters
{cards}
::::

{planned}

```{{toctree}}
:hidden:

{chapters}
All exercises <exercises>
Teaching <notebooks/TEACHING>
The data <data/README>
```
"""
CARD = """\
:::{{grid-item-card}} {number:02d} · {title}
:link: notebooks/{name}
:link-type: doc
:img-top: _cards/{name}.{kind}
:img-alt: {alt}

{claim}

{verdicts}

```{{card-footer}}
{paper}
```
:::"""


def front(notebooks: Mapping[Chapter, NotebookNode], ran: str) -> str:
    """The front page in MyST Markdown."""
    planned = [c for c in CHAPTERS if c not in notebooks]
    lines = [
        f"- {c.number:02d} · {c.title} ([{c.paper}](https://arxiv.org/abs/{c.arxiv}))"
        for c in planned
    ]
    return FRONT.format(
        ran=ran,
        cards="\n".join(card(entry, nb) for entry, nb in notebooks.items()),
        planned="\n".join(["## To come", "", *lines]) if planned else "",
        chapters="\n".join(
            f"{c.number:02d} {c.title} <notebooks/{c.name}>" for c in sorted(notebooks, key=_number)
        ),
    )


def _number(entry: Chapter) -> int:
    return entry.number


def card(entry: Chapter, nb: NotebookNode) -> str:
    """One chapter: a picture, the claim, what the recorded runs say of it."""
    kind, _, alt = card_picture(entry, nb)
    claim = CLAIM.search(nb.cells[0].source)
    return CARD.format(
        number=entry.number, title=entry.title, name=entry.name, kind=kind, alt=alt,
        claim=claim[1] if claim else "", paper=entry.paper, verdicts=verdicts(entry),
    )  # fmt: skip


def verdicts(entry: Chapter) -> str:
    """A line for each kind of record; the first claim, which is the headline, colours it."""
    lines = []
    for profile, called in RECORDS.items():
        made = record.recorded(entry, profile)
        found = [v["status"] for v in made["verdict"]] if made else [NOT_RECORDED]
        lines.append(
            f'<p class="verdict" data-verdict="{found[0]}">{called}: <b>{found[0]}</b>'
            f"{_others(found[1:])}</p>"
        )
    return "\n".join(lines)


def _others(statuses: Sequence[str]) -> str:
    if not statuses:
        return ""
    counts = [f"{statuses.count(s)} {s}" for s in dict.fromkeys(statuses)]
    return f"; of its other claims {', '.join(counts)}"


def card_picture(entry: Chapter, nb: NotebookNode) -> tuple[str, bytes, str]:
    """Suffix, file and alt text: the first figure below the scoreboard, which is a result."""
    seen = False
    for cell in nb.cells:
        seen = seen or (cell.cell_type == "markdown" and cell.source.startswith("## 10 "))
        for output in cell.get("outputs", []) if seen else []:
            for kind, content in output.get("data", {}).items():
                if kind.startswith("image/"):
                    alt = output.metadata[kind]["alt"]
                    return kind.removeprefix("image/"), base64.b64decode(content), alt
    raise CourseError(f"{entry.name} shows no figure below its scoreboard, for its card")


def exercises(entries: Sequence[Chapter]) -> str:
    """The page of all exercises, each with a link to its place."""
    lines = ["# All exercises", "", "Each checks itself in the notebook; its hints and a solution",
             "are folded below it.", ""]  # fmt: skip
    for entry in sorted(entries, key=_number):
        lines += [f"## {entry.number:02d} {entry.title}", ""]
        lines += ["| exercise | minutes | difficulty |", "|---|---|---|"]
        for e in entry.module("exercises").EXERCISES.values():
            stars = "★" * e.stars + "☆" * (3 - e.stars)
            lines.append(f"| [{e.id} {e.title}](#{label(e.id)}) | {e.minutes} | {stars} |")
        lines.append("")
    return "\n".join(lines)
