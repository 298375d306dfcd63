"""`make course`: execute every written chapter, one scoreboard table, the site to open."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cvlib.course import notebooks, site
from cvlib.course.chapters import written
from cvlib.course.notebooks.pool import Outcome
from cvlib.course.page.scoreboard import number
from cvlib.course.run import record
from cvlib.course.run.progress import duration


def build(out: Path, seed: int, jobs: int) -> int:
    """Run all written chapters in profile smoke and write their site into `out`: the exit code.

    The executed copies and their runs are in `out/executed`.
    """
    site.require()
    began = time.monotonic()
    entries, executed = written(), out / "executed"
    click.echo(f"executing {len(entries)} chapters in profile smoke, {jobs} at a time")
    shutil.rmtree(executed, ignore_errors=True)  # an earlier checkpoint is older than the code
    outcomes = notebooks.execute([e.notebook for e in entries], executed, "smoke", seed, jobs)
    pages, records = {}, []
    for entry, outcome in zip(entries, outcomes, strict=True):
        path = executed / entry.name / f"seed{seed}" / "record.json"
        if not outcome.error and path.is_file():
            pages[entry] = executed / entry.notebook.name
            records.append(record.load(path))
    click.echo(f"\n{table(records)}\n")
    if pages:
        page = site.build(out, pages, ran_here(outcomes, records))
        click.echo(f"open {page}  ({duration(time.monotonic() - began)})")
    return int(len(records) < len(entries))


def ran_here(outcomes: Sequence[Outcome], records: Sequence[dict[str, Any]]) -> str:
    """Markdown for the front page: what was executed, how long it took, and what failed."""
    verdicts = {r["chapter"]: ", ".join(v["status"] for v in r["verdict"]) for r in records}
    lines = [
        "These pages were executed here, in profile smoke: a plumbing check, not evidence.",
        "",
        "| chapter | seconds | verdicts of this run |",
        "|---|---|---|",
    ]
    for entry, outcome in zip(written(), outcomes, strict=True):
        said = verdicts.get(entry.number, "failed: the terminal says why")
        lines.append(f"| {entry.number:02d} {entry.title} | {outcome.seconds:.0f} | {said} |")
    return "\n".join(lines)


def table(records: list[dict[str, Any]]) -> str:
    """Every chapter's claims with their verdicts, and the seconds that the runs took."""
    rows = [("chapter", "claim", "verdict (smoke: a plumbing check, not evidence)")]
    for r in records:
        for i, verdict in enumerate(r["verdict"]):
            name = f"{r['chapter']:02d} {r['title']}" if i == 0 else ""
            rows.append((name, verdict["claim"], verdict["status"]))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * w for w in widths))
    spent = [f"{r['chapter']:02d}: {number(r['provenance']['wall_seconds'])} s" for r in records]
    return "\n".join(
        [*(line.rstrip() for line in lines), f"training and measuring: {', '.join(spent)}"]
    )
