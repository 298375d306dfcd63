"""The one form in which a notebook is stored, so that a change shows only what changed."""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from cvlib.course.errors import CourseError
from cvlib.course.notebooks.cells import METADATA, WIDGET


def read(path: Path) -> NotebookNode:
    """A notebook as it is in the file; raises `CourseError` when it is none."""
    try:
        nb = nbformat.v4.reads(Path(path).read_text(encoding="utf-8"))
        if nb.nbformat != 4:
            raise ValueError(f"format {nb.nbformat}")
        return nb
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CourseError(f"{path} cannot be read as a notebook of format 4: {error}") from error


def canonical(nb: NotebookNode) -> NotebookNode:
    """A copy in canonical form; applying it again changes nothing.

    Ids come from the cell's source, so an inserted cell leaves the other ids alone. Only tags
    stay as cell metadata and only an image's alt text as output metadata.
    """
    seen: Counter[str] = Counter()
    cells = [_cell(cell, seen) for cell in nb.cells]
    whole = {"metadata": METADATA, "nbformat": 4, "nbformat_minor": 5, "cells": cells}
    return nbformat.from_dict(copy.deepcopy(whole))


def dumps(nb: NotebookNode) -> str:
    """The text of a notebook's file; raises `CourseError` when it breaks the format."""
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError as error:
        raise CourseError(f"not a valid notebook: {error.message}") from error
    return nbformat.v4.writes(nb).rstrip("\n") + "\n"


def check(paths: Iterable[Path]) -> list[str]:
    """One line per notebook whose file is not in canonical form; executes nothing."""
    return [line for path in paths for line in deviations(Path(path))]


def deviations(path: Path) -> list[str]:
    """Why the file is not in canonical form: empty, or one sentence with the first line."""
    stored = path.read_text(encoding="utf-8").splitlines()
    wanted = dumps(canonical(read(path))).splitlines()
    if stored == wanted:
        return []
    pairs = zip([*stored, "(end)"], [*wanted, "(end)"], strict=False)
    number, (old, new) = next((i, p) for i, p in enumerate(pairs, 1) if p[0] != p[1])
    return [
        f"{path.name} is not canonical at line {number} ({old.strip()[:60]!r} should be "
        f"{new.strip()[:60]!r}): run `make notebooks`"
    ]


def _cell(cell: NotebookNode, seen: Counter[str]) -> dict[str, Any]:
    source = cell.source.rstrip()
    tags = cell.metadata.get("tags", [])
    stored = {
        "cell_type": cell.cell_type,
        "id": _id(cell.cell_type, source, seen),
        "metadata": {"tags": sorted(tags)} if tags else {},
        "source": source,
    }
    if cell.get("attachments"):  # pictures pasted into Markdown: the cell refers to them
        stored["attachments"] = cell.attachments
    if cell.cell_type == "code":
        stored["execution_count"] = cell.get("execution_count")
        stored["outputs"] = _outputs(cell.get("outputs", []))
    return stored


def _id(kind: str, source: str, seen: Counter[str]) -> str:
    name = hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:8]
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


def _outputs(outputs: Iterable[NotebookNode]) -> list[dict[str, Any]]:
    """Streams of one name merged; no widget views, no metadata but alt texts."""
    kept: list[dict[str, Any]] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].get("name") == output.name:
                kept[-1]["text"] += output.text
            else:
                kept.append({k: output[k] for k in ("output_type", "name", "text")})
        elif output.output_type == "error":
            kept.append(dict(output))
        elif WIDGET not in output.data:
            kept.append({**output, "metadata": _alts(output)})
    return kept


def _alts(output: NotebookNode) -> dict[str, dict[str, str]]:
    metadata = output.get("metadata", {})
    return {
        kind: {"alt": metadata[kind]["alt"]}
        for kind in output.data
        if kind.startswith("image/") and metadata.get(kind, {}).get("alt")
    }
