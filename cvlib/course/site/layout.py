"""The folder that Sphinx reads for one edition: configuration, pages, card pictures, downloads."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from cvlib.course import atomic
from cvlib.course.chapters import RELEASE, REPOSITORY, Chapter
from cvlib.course.editions import EDITIONS, ENGLISH, Edition
from cvlib.course.editions.follow import follow
from cvlib.course.notebooks import cards
from cvlib.course.notebooks.canonical import read
from cvlib.course.paths import ROOT
from cvlib.course.site import landing, pages

SPHINX = Path(__file__).with_name("sphinx")
KEPT = re.compile(r"(\$\$.+?\$\$|\$[^$\n]+\$|^```.*?^```)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def lay_out(
    source: Path, edition: Edition, notebooks: Mapping[Chapter, NotebookNode], ran: str = ""
) -> None:
    """Write the folder of one edition of these English notebooks."""
    shutil.copytree(SPHINX, source, ignore=shutil.ignore_patterns("__pycache__"))
    atomic.write(source / "edition.json", json.dumps(_switch(edition, notebooks)))
    for entry, nb in notebooks.items():
        kind, picture, _ = cards.picture(entry, nb)
        atomic.write(source / "_cards" / f"{entry.name}.{kind}", picture)

    own = _translated(edition, notebooks)
    atomic.write(source / "index.md", landing.front(edition, notebooks, own, ran))
    if edition is ENGLISH:
        atomic.write(source / "exercises.md", landing.exercises(tuple(notebooks)))

    places = _pages(edition, own)
    for file, page in edition.texts.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        atomic.write(source / f"{page}.md", linked(text, file, places))
    for entry, nb in own.items():
        download = source / "extra" / "download" / entry.notebook.name
        atomic.write(download, edition.notebook(entry).read_bytes())
        laid = pages.page(entry, nb, edition.words)
        file = edition.file(entry)
        for cell in laid.cells:
            if cell.cell_type == "markdown":
                cell.source = linked(cell.source, file, places)
        atomic.write(source / f"{places[file]}.ipynb", nbformat.writes(laid))


def _translated(
    edition: Edition, notebooks: Mapping[Chapter, NotebookNode]
) -> dict[Chapter, NotebookNode]:
    """The edition's own chapters, with the code and the outputs of the English ones."""
    if edition is ENGLISH:
        return dict(notebooks)
    return {
        entry: follow(nb, read(edition.notebook(entry)))
        for entry, nb in notebooks.items()
        if edition.has(entry)
    }


def _pages(edition: Edition, own: Iterable[Chapter]) -> dict[str, str]:
    """File of the repository -> page: of this edition, or `../NAME.html` of the English one."""
    places = {} if edition is ENGLISH else {f: f"../{p}.html" for f, p in ENGLISH.texts.items()}
    chapters = {edition.file(entry): f"notebooks/{entry.name}" for entry in own}
    return {**places, **chapters, **edition.texts}


def linked(text: str, file: str, places: Mapping[str, str]) -> str:
    """The text of a file with its links turned to pages, or to the repository where none is."""

    def link(match: re.Match[str]) -> str:
        target = os.path.normpath(Path(file).parent / match[2]).replace(os.sep, "/")
        if target not in places:
            url = f"https://github.com/{REPOSITORY}/blob/{RELEASE}/{target}"
            return f"[{match[1]}]({url})"
        page = places[target]
        here = Path(places[file]).parent.as_posix()
        way = os.path.relpath(page, here).replace(os.sep, "/")
        if page.endswith(".html"):  # no page of this edition: Sphinx would look for it
            return f'<a href="{way}">{html.escape(match[1].replace("`", ""))}</a>'
        suffix = ".md" if target.endswith(".md") else ".ipynb"
        return f"[{match[1]}]({way}{suffix})"

    parts = KEPT.split(text)  # a formula's [a](b) is no link
    parts[::2] = [LINK.sub(link, part) for part in parts[::2]]
    return "".join(parts)


def _switch(edition: Edition, notebooks: Iterable[Chapter]) -> dict[str, Any]:
    """What Sphinx's configuration reads: the language, and where the others have a page."""
    others = []
    for other in EDITIONS:
        if other is not edition:
            root = "../" if edition.folder else f"{other.folder}/"
            both = [f"notebooks/{e.name}" for e in notebooks if edition.has(e) and other.has(e)]
            others.append({
                "name": other.words.name, "tag": other.words.tag, "home": f"{root}index.html",
                "pages": {page: f"{root}{page}.html" for page in both},
            })  # fmt: skip
    return {"folder": edition.folder, "others": others}
