"""The front page with a card a chapter, and the index of exercises."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from nbformat import NotebookNode

from cvlib.course.chapters import CHAPTERS, Chapter
from cvlib.course.editions import ENGLISH, Edition
from cvlib.course.notebooks import cards
from cvlib.course.page.scoreboard import NOT_RECORDED
from cvlib.course.run import record
from cvlib.course.site.pages import label

CLAIM = re.compile(r"^\| \*\*Claim\*\* \| (.*) \|$", re.MULTILINE)
FRONT = """\
---
html_theme.sidebar_secondary.remove: true
---
# {headline}

{lead}

{ran}

::::{{grid}} 1 1 2 2
:gutter: 4
:class-container: chapters
{cards}
::::

{planned}

```{{toctree}}
:hidden:

{toctree}
```
"""
CARD = """\
:::{{grid-item-card}} {number:02d} · {title}
:link: {link}
:link-type: {kind}
:img-top: _cards/{picture}
:img-alt: {alt}

{claim}

{verdicts}

```{{card-footer}}
{paper}
```
:::"""


def front(
    edition: Edition, notebooks: Mapping[Chapter, NotebookNode], own: Collection[Chapter], ran: str
) -> str:
    """The front page in MyST Markdown; chapters that are not `own` lead to English pages."""
    ordered = sorted(notebooks, key=_number)
    planned = [
        f"- {c.number:02d} · {edition.title(c)} ([{c.paper}](https://arxiv.org/abs/{c.arxiv}))"
        for c in CHAPTERS if c not in notebooks
    ]  # fmt: skip
    pages = [
        f"{c.number:02d} {edition.title(c)} <notebooks/{c.name}>" for c in ordered if c in own
    ]  # fmt: skip
    return FRONT.format(
        headline=edition.words.headline, lead=edition.words.lead, ran=ran,
        cards="\n".join(card(edition, c, notebooks[c], own=c in own) for c in ordered),
        planned="\n".join([f"## {edition.words.planned}", "", *planned]) if planned else "",
        toctree="\n".join([*pages, *edition.words.beside]),
    )  # fmt: skip


def _number(entry: Chapter) -> int:
    return entry.number


def card(edition: Edition, entry: Chapter, nb: NotebookNode, own: bool) -> str:
    """One chapter: a picture, the claim, what the recorded runs say of it."""
    kind, _, alt = cards.picture(entry, nb)
    found = CLAIM.search(nb.cells[0].source)
    page = f"notebooks/{entry.name}"
    return CARD.format(
        number=entry.number, title=edition.title(entry), paper=entry.paper, alt=alt,
        link=page if own else f"../{page}.html", kind="doc" if own else "url",
        picture=f"{entry.name}.{kind}", verdicts=verdicts(entry, edition),
        claim=edition.claim(entry) or (found[1] if found else ""),
    )  # fmt: skip


def verdicts(entry: Chapter, edition: Edition = ENGLISH) -> str:
    """A line for each kind of record; the first claim, which is the headline, colours it."""
    words, lines = edition.words, []
    for profile, called in words.records.items():
        made = record.recorded(entry, profile)
        found = [v["status"] for v in made["verdict"]] if made else [NOT_RECORDED]
        said = words.verdict.format(
            record=called, status=words.statuses.get(found[0], found[0]),
            others=_others(found[1:], edition),
        )  # fmt: skip
        lines.append(f'<p class="verdict" data-verdict="{found[0]}">{said}</p>')
    return "\n".join(lines)


def _others(statuses: Sequence[str], edition: Edition) -> str:
    if not statuses:
        return ""
    words = edition.words
    counts = [f"{statuses.count(s)} {words.statuses.get(s, s)}" for s in dict.fromkeys(statuses)]
    return words.others.format(counts=words.comma.join(counts))


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
