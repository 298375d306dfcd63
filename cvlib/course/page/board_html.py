"""The tables of a scoreboard as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cvlib.course.page.scoreboard import Verdict

LEFT = "style='text-align:left'"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The metrics; a class marks the last column, whose numbers differ from run to run."""
    body = "".join(
        f"<tr>{''.join(_cell(escape(c)) for c in known)}"
        f'<td class="this-run">{escape(live)}</td></tr>'
        for *known, live in rows
    )
    return _headed(columns, body)


def judgement(runs: Sequence[str], verdicts: Iterable[Verdict]) -> str:
    """The claims with their rules; what a record says is bold, this run's verdict is not."""
    body = "".join(
        f"<tr>{_cell(f'{escape(v.claim)}<br><code>{escape(v.rule)}</code>')}"
        + "".join(_cell(f"<b>{escape(status)}</b>") for status in v.recorded)
        + f"{_cell(escape(v.live))}</tr>"
        for v in verdicts
    )
    return _headed(("claim and rule", *runs), body)


def fold(summary: str, lines: Sequence[str]) -> str:
    """Lines that open with a click; nothing where there are none."""
    if not lines:
        return ""
    points = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>{escape(summary)}</summary><ul>{points}</ul></details>"


def _headed(columns: Sequence[str], body: str) -> str:
    head = "".join(f"<th {LEFT}>{escape(c)}</th>" for c in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(content: str) -> str:
    return f"<td {LEFT}>{content}</td>"
