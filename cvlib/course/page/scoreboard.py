"""The paper's values, the recorded runs and this run side by side, and the verdict."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvlib.course.chapters import chapter
from cvlib.course.page import board_html
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


@dataclass(frozen=True)
class Verdict:
    """What the recorded runs and this run say of one claim, by its rule."""

    claim: str
    rule: str
    recorded: tuple[str, ...]  # of each recorded run
    live: str


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
    runs: tuple[str, ...]  # what the verdicts are called: those of the recorded runs, this run's
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    def __str__(self) -> str:
        table = [self.columns, *(_cells(row) for row in self.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        lines = [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table]
        lines.insert(1, "-+-".join("-" * w for w in widths))
        judged = [self._judged(verdict) for verdict in self.verdicts]
        rest = "; ".join(row.metric for row in self.unmeasured)
        notes = [
            *([f"Measured neither here nor in a record: {rest}."] if rest else []),
            *self.notes,
        ]
        filled = [textwrap.fill(note, 100) for note in notes]
        return "\n".join([self.title, *(line.rstrip() for line in lines), *judged, *filled])

    def _judged(self, verdict: Verdict) -> str:
        statuses = (*verdict.recorded, verdict.live)
        said = " · ".join(f"{run}: {s}" for run, s in zip(self.runs, statuses, strict=True))
        return f"{verdict.claim}\n    {said}\n    rule: {verdict.rule}"

    __repr__ = __str__  # so that a plain front end shows the table too

    def _repr_html_(self) -> str:
        escape = html.escape
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in self.notes)
        folds = board_html.fold(
            f"{len(self.unmeasured)} more, measured neither here nor in a record",
            [f"{row.metric}; paper: {row.paper}" for row in self.unmeasured],
        ) + board_html.fold("Where the paper's values stand", self.sources)
        return (
            f'<div class="scoreboard"><h3>{escape(self.title)}</h3>'
            f"{board_html.table(self.columns, map(_cells, self.rows))}"
            f"{board_html.judgement(self.runs, self.verdicts)}{notes}{folds}</div>"
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
        (*(one["profile"] for one in made), _this_run(record)),
        tuple(_verdict(v, made) for v in record["verdict"]),
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


def _this_run(record: Record) -> str:
    return "this run" if record["evidence"] else f"this run ({record['profile']}, no evidence)"


def _verdict(judged: Mapping[str, str], made: Sequence[Record]) -> Verdict:
    claim = judged["claim"]
    return Verdict(
        claim, judged["rule"], tuple(status(one, claim) for one in made), judged["status"]
    )


def status(record: Record | None, claim: str) -> str:
    """A claim's verdict in a record."""
    judged = {v["claim"]: v["status"] for v in record["verdict"]} if record else {}
    return judged.get(claim, NOT_RECORDED)


def _columns(made: Sequence[Record]) -> list[str]:
    """The heads of the recorded columns: which profile, how many seeds, where, how long."""
    return [f"recorded ({one['profile']}: {effort(one)})" for one in made] or ["recorded"]


def _cells(row: Row) -> tuple[str, ...]:
    return row.metric, row.paper, *row.recorded, row.live


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
    return f"{effort(record)}, {record['provenance']['date'][:10]}, {record['data']}"


def effort(record: Record) -> str:
    """`3 seeds, NVIDIA H100, 21 min`."""
    made = record["provenance"]
    seeds = len(record["seeds"])
    count = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return f"{count}, {made['device']}, {duration(made['wall_seconds'])}"


COLUMNS = {"laptop": "laptop, no GPU", "full": "GPU"}  # profile -> column of README's table
