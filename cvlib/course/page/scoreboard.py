"""The paper's values, the recorded full run and this run side by side, and the verdict."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvlib.course.chapters import chapter
from cvlib.course.run import record as records
from cvlib.course.run.progress import duration

NOT_RECORDED = "not yet recorded"
PLUMBING = "plumbing check, not evidence"
RECALLED = "† as recalled, to be checked"
COLUMNS = ("metric", "paper (its scale)", "recorded full run", "this run")


@dataclass(frozen=True, repr=False)
class Scoreboard:
    """A table that prints as text and shows as HTML at the end of a cell."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    verdict: tuple[tuple[str, str, str], ...]  # claim, rule, status
    notes: tuple[str, ...]

    def __str__(self) -> str:
        table = [COLUMNS, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
        lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table]
        lines.insert(1, "-+-".join("-" * w for w in widths))
        judged = [f"{status}: {claim}\n    rule: {rule}" for claim, rule, status in self.verdict]
        notes = [textwrap.fill(note, 100) for note in self.notes]
        return "\n".join([self.title, *(line.rstrip() for line in lines), *judged, *notes])

    __repr__ = __str__  # so that a plain front end shows the table too

    def _repr_html_(self) -> str:
        escape = html.escape
        head = "".join(f"<th style='text-align:left'>{c}</th>" for c in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in row) + "</tr>"
            for row in self.rows
        )
        judged = "".join(
            f"<li><b>{escape(status)}</b>: {escape(claim)}<br><code>{escape(rule)}</code></li>"
            for claim, rule, status in self.verdict
        )
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in self.notes)
        return (
            f"<h4>{escape(self.title)}</h4><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><ul>{judged}</ul>{notes}"
        )


def scoreboard(record: Mapping[str, Any]) -> Scoreboard:
    """The scoreboard of a record: its headline metrics beside the paper and the recorded run."""
    entry = chapter(record["chapter"])
    full = records.recorded(entry)
    names = [name for name, metric in record["metrics"].items() if metric["headline"]]
    rows = tuple(_row(name, record, full) for name in names)
    unchecked = any(not record["paper"][n]["checked"] for n in names if n in record["paper"])
    verdict = tuple((v["claim"], v["rule"], v["status"]) for v in record["verdict"])
    return Scoreboard(
        f"Chapter {entry.number:02d} · {entry.title} · profile {record['profile']}"
        f" · data: {record['data'] or 'none named'}",
        rows,
        verdict,
        tuple(_notes(record, full, unchecked)),
    )


def _row(
    name: str, record: Mapping[str, Any], full: Mapping[str, Any] | None
) -> tuple[str, str, str, str]:
    metric = record["metrics"][name]
    known = full["metrics"].get(name) if full else None
    return (
        metric["title"],
        paper_cell(record["paper"].get(name), metric["unit"]),
        value(known) if known else NOT_RECORDED,
        value(metric),
    )


def paper_cell(paper: Mapping[str, Any] | None, unit: str) -> str:
    """`34.7 % (ResNet-50, ImageNet)`, with a dagger when only recalled."""
    if paper is None:
        return "—"
    mark = "" if paper["checked"] else " †"
    return f"{number(paper['value'])}{_spaced(unit)}{mark} ({paper['scale']})"


def value(metric: Mapping[str, Any]) -> str:
    """`54.5 ± 3.3 % (3 seeds, n = 360)`; a dash where nothing was measured."""
    if metric["mean"] is None:
        return "—"
    sd = f" ± {number(metric['sd'])}" if metric["sd"] is not None else ""
    seeds = sum(v is not None for v in metric["values"])
    about = [f"{seeds} seeds"] if seeds > 1 else []
    about += [f"n = {metric['n']}"] if metric["n"] else []
    behind = f" ({', '.join(about)})" if about else ""
    return f"{number(metric['mean'])}{sd}{_spaced(metric['unit'])}{behind}"


def number(x: float) -> str:
    """Three significant digits, and whole numbers with separators."""
    if abs(x) >= 1000:
        return f"{x:,.0f}"
    return f"{x:.3g}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


def _notes(
    record: Mapping[str, Any], full: Mapping[str, Any] | None, unchecked: bool
) -> Sequence[str]:
    notes = [RECALLED] if unchecked else []
    if not record["complete"]:
        notes.append("This run is not complete: run it again, it goes on from its checkpoints.")
    if not record["evidence"]:
        notes.append(f"Profile {record['profile']}: {PLUMBING}.")
    if full:
        notes.append(f"Recorded full run: {circumstances(full)}.")
    notes.append(f"What differs from the paper: {record['differs']}")
    return notes


def circumstances(record: Mapping[str, Any]) -> str:
    """`3 seeds, NVIDIA H100, 21 min, 2026-11-24, CIFAR-10`."""
    made = record["provenance"]
    seeds = len(record["seeds"])
    count = f"{seeds} seed{'s' if seeds > 1 else ''}"
    took = duration(made["wall_seconds"])
    return f"{count}, {made['device']}, {took}, {made['date'][:10]}, {record['data']}"


def results_markdown(chapters: Sequence[Any]) -> str:
    """README's table of results: from recorded full runs and nothing else."""
    lines = ["| chapter | the paper's claim | verdict of the recorded full run |", "|---|---|---|"]
    for entry in chapters:
        claims = entry.module("experiment").EXPERIMENT.claims
        full = records.recorded(entry)
        for i, claim in enumerate(claims):
            verdict = full["verdict"][i]["status"] if full else NOT_RECORDED
            behind = f" ({circumstances(full)})" if full else ""
            name = f"{entry.number:02d} {entry.title}" if i == 0 else ""
            lines.append(f"| {name} | {claim.text} | {verdict}{behind} |")
    return "\n".join(lines) + "\n"
