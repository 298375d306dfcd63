"""`make course`: execute every written chapter, one scoreboard table, one page to open."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import click

from cvlib.course import notebooks
from cvlib.course.chapters import written
from cvlib.course.page.scoreboard import number, scoreboard
from cvlib.course.run import record
from cvlib.course.run.progress import duration


def build(out: Path, seed: int, jobs: int) -> int:
    """Run all written chapters in profile smoke into `out`; returns the exit code."""
    began = time.monotonic()
    entries = written()
    click.echo(f"executing {len(entries)} chapters in profile smoke, {jobs} at a time")
    for entry in entries:  # a checkpoint of an earlier build would be older than the code
        shutil.rmtree(out / entry.name, ignore_errors=True)
    outcomes = notebooks.execute([e.notebook for e in entries], out, "smoke", seed, jobs)
    records = []
    for entry, outcome in zip(entries, outcomes, strict=True):
        path = out / entry.name / f"seed{seed}" / "record.json"
        if not outcome.error and path.is_file():
            records.append(record.load(path))
    click.echo(f"\n{table(records)}\n")
    boards = "\n".join(scoreboard(r)._repr_html_() for r in records)
    page = notebooks.build_index(out, outcomes, boards)
    click.echo(f"open {page}  ({duration(time.monotonic() - began)})")
    return int(len(records) < len(entries))


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
