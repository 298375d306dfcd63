"""README's table of results: from recorded runs and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from cvlib.course.chapters import Chapter
from cvlib.course.page.scoreboard import COLUMNS, NOT_RECORDED, Record, effort, status
from cvlib.course.run import record as records


def results_markdown(chapters: Sequence[Chapter]) -> str:
    """Every claim of these chapters with its verdict in each kind of record."""
    lines = [
        f"| chapter | the paper's claim | {' | '.join(COLUMNS.values())} |",
        f"|{'---|' * (2 + len(COLUMNS))}",
    ]
    for entry in chapters:
        claims = entry.module("experiment").EXPERIMENT.claims
        made = [records.recorded(entry, profile) for profile in COLUMNS]
        for i, claim in enumerate(claims):
            name = f"{entry.number:02d} {entry.title}" if i == 0 else ""
            cells = " | ".join(_result(record, claim.text, i == 0) for record in made)
            lines.append(f"| {name} | {claim.text} | {cells} |")
    return "\n".join(lines) + "\n"


def _result(record: Record | None, claim: str, first: bool) -> str:
    """A claim's verdict in a record, on a chapter's first row with what the record stands on."""
    said = status(record, claim)
    if record is None or said == NOT_RECORDED:
        return NOT_RECORDED
    return said + (f" ({effort(record)})" if first else "")
