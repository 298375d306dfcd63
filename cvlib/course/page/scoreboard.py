"""The paper's values, the recorded runs and this run side by side, and the verdict."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvlib.course.chapters import Chapter, chapter
from cvlib.course.run import record as records
from cvlib.course.run.progress import duration

NOT_RECORDED = "no record yet"
PLUMBING = "plumbing check, not evidence"
RECALLED = "† as recalled, to be checked"
NOTHING = "—"

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One metric: what the paper, the recorded runs and this run have."""

    metric: str
    paper: str
    recorded: tuple[str, ...]  # of each recorded run
    live: str

    @property
    def measured(self) -> bool:
        """Whether this run or a recorded one has a value."""
        return any(cell not in (NOTHING, NOT_RECORDED) for cell in (*self.recorded, self.live))


@dataclass(frozen=True, repr=False)
class Scoreboard:
    """A table that prints as text and shows as HTML at the end of a cell.

    Rows that nobody measured, and where the paper's values stand, are folded: in HTML they open,
    in the text they are one line.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unmeasured: tuple[Row, ...]
    verdict: tuple[tuple[str, str, str], ...]  # claim, rule, status
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    def __str__(self) -> str:
        table = [self.columns, *(_cells(row) for row in self.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table]
        lines.insert(1, "-+-".join("-" * w for w in widths))
        judged = [f"{status}: {claim}\n    rule: {rule}" for claim, rule, status in self.verdict]
        rest = "; ".join(row.metric for row in self.unmeasured)
        notes = [
            *([f"Measured neither here nor in a record: {rest}."] if rest else []),
            *self.notes,
        ]
        filled = [textwrap.fill(note, 100) for note in notes]
        return "\n".join([self.title, *(line.rstrip() for line in lines), *judged, *filled])

    __repr__ = __str__  # so that a plain front end shows the table too

    def _repr_html_(self) -> str:
        escape = html.escape
        judged = "".join(
            f"<li><b>{escape(status)}</b>: {escape(claim)}<br><code>{escape(rule)}</code></li>"
            for claim, rule, status in self.verdict
        )
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in self.notes)
        folds = _fold(
            f"{len(self.unmeasured)} more, measured neither here nor in a record",
            [f"{row.metric}; paper: {row.paper}" for row in self.unmeasured],
        ) + _fold("Where the paper's values stand", self.sources)
        return (
            f'<div class="scoreboard"><h3>{escape(self.title)}</h3>'
            f"{_table(self.columns, self.rows)}<ul>{judged}</ul>{notes}{folds}</div>"
        )


def scoreboard(record: Record) -> Scoreboard:
    """The scoreboard of a record: its headline metrics beside the paper and the recorded runs."""
    entry = chapter(record["chapter"])
    made = [known for profile in COLUMNS if (known := records.recorded(entry, profile))]
    names = [name for name, metric in record["metrics"].items() if metric["headline"]]
    rows = [_row(name, record, made) for name in names]
    known = [(record["metrics"][n]["title"], record["paper"][n]) for n in names
             if n in record["paper"]]  # fmt: skip
    return Scoreboard(
        f"Chapter {entry.number:02d} · {entry.title} · profile {record['profile']}"
        f" · data: {record['data'] or 'none named'}",
        ("metric", "paper (its scale)", *_columns(made), "this run"),
        tuple(row for row in rows if row.measured),
        tuple(row for row in rows if not row.measured),
        tuple((v["claim"], v["rule"], v["status"]) for v in record["verdict"]),
        tuple(_notes(record, made, any(not value["checked"] for _, value in known))),
        tuple(_source(title, value) for title, value in known),
    )


def _row(name: str, record: Record, made: Sequence[Record]) -> Row:
    metric = record["metrics"][name]
    cells = (one["metrics"].get(name) for one in made)
    return Row(
        metric["title"],
        paper_cell(record["paper"].get(name), metric["unit"]),
        tuple(value(known) if known else NOT_RECORDED for known in cells) or (NOT_RECORDED,),
        value(metric),
    )


def _columns(made: Sequence[Record]) -> list[str]:
    """The heads of the recorded columns: which profile, how many seeds, where, how long."""
    return [f"recorded ({one['profile']}: {_effort(one)})" for one in made] or ["recorded"]


def _cells(row: Row) -> tuple[str, ...]:
    return row.metric, row.paper, *row.recorded, row.live


def _table(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as HTML; the class marks the numbers that differ from run to run."""
    left = "style='text-align:left'"
    head = "".join(f"<th {left}>{html.escape(c)}</th>" for c in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td {left}>{html.escape(c)}</td>" for c in _cells(row)[:-1])
        + f'<td class="this-run">{html.escape(row.live)}</td></tr>'
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _fold(summary: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    points = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<details><summary>{html.escape(summary)}</summary><ul>{points}</ul></details>"


def _source(title: str, paper: Mapping[str, Any]) -> str:
    """Where a value stands in the paper, and where it was read."""
    read = paper.get("source", "") or ("" if paper["checked"] else "as recalled")
    return f"{title}: {paper['table']}" + (f" ({read})" if read else "")


def paper_cell(paper: Mapping[str, Any] | None, unit: str) -> str:
    """`34.7 % (ResNet-50, ImageNet)`, with a dagger when only recalled."""
    if paper is None:
        return NOTHING
    mark = "" if paper["checked"] else " †"
    return f"{number(paper['value'])}{_spaced(unit)}{mark} ({paper['scale']})"


def value(metric: Mapping[str, Any]) -> str:
    """`54.5 ± 3.3 % (3 seeds, n = 360)`; a dash where nothing was measured."""
    if metric["mean"] is None:
        return NOTHING
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


def _notes(record: Record, made: Sequence[Record], unchecked: bool) -> Sequence[str]:
    notes = [RECALLED] if unchecked else []
    if not record["complete"]:
        notes.append("This run is not complete: run it again, it goes on from its checkpoints.")
    if not record["evidence"]:
        notes.append(f"Profile {record['profile']}: {PLUMBING}.")
    for one in made:
        notes.append(f"Recorded run, profile {one['profile']}: {circumstances(one)}.")
    notes.append(f"What differs from the paper: {record['differs']}")
    return notes


def circumstances(record: Record) -> str:
    """`3 seeds, NVIDIA H100, 21 min, 2026-11-24, CIFAR-10`."""
    return f"{_effort(record)}, {record['provenance']['date'][:10]}, {record['data']}"


def _effort(record: Record) -> str:
    made = record["provenance"]
    seeds = len(record["seeds"])
    count = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return f"{count}, {made['device']}, {duration(made['wall_seconds'])}"


COLUMNS = {"laptop": "laptop, no GPU", "full": "GPU"}  # profile -> column of README's table


def results_markdown(chapters: Sequence[Chapter]) -> str:
    """README's table of results: from recorded runs and nothing else."""
    lines = [
        f"| chapter | the paper's claim | {' | '.join(COLUMNS.values())} |",
        f"|{'---|' * (2 + len(COLUMNS))}",
    ]
    for entry in chapters:
        claims = entry.module("experiment").EXPERIMENT.claims
        made = [records.recorded(entry, profile) for profile in COLUMNS]
        for i, claim in enumerate(claims):
            name = f"{entry.number:02d} {entry.title}" if i == 0 else ""
            cells = " | ".join(_verdict(record, claim.text, i == 0) for record in made)
            lines.append(f"| {name} | {claim.text} | {cells} |")
    return "\n".join(lines) + "\n"


def _verdict(record: Record | None, claim: str, first: bool) -> str:
    """A claim's verdict in a record, on a chapter's first row with what the record stands on."""
    judged = {v["claim"]: v["status"] for v in record["verdict"]} if record else {}
    if record is None or claim not in judged:
        return NOT_RECORDED
    return judged[claim] + (f" ({_effort(record)})" if first else "")
