"""How a visit goes, in one table that is drawn anew, or in a few lines of a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from cvlib.course.run.progress import duration

if TYPE_CHECKING:
    from cvlib.course.run.recording.session import Session, Worker

LOG_LINES = 9  # of a visit in a log, at 10 s, 20 s, 40 s ...


class Table:
    """Shows what every worker does: unit, rate, time left, last loss; and what came out."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lines = 0
        self._live: Any = None
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(auto_refresh=False)
            self._live.start()

    def show(self, team: list[Worker]) -> None:
        """Draw the table, or print a line when one is due."""
        if self._live:
            self._live.update(self._table(team), refresh=True)
            return
        if self._lines < LOG_LINES and time.time() - self.session.began >= 10 * 2**self._lines:
            self._lines += 1
            print(self.line(team), flush=True)

    def line(self, team: list[Worker]) -> str:
        """`5 of 48 units done · 04 seed 0 bn-2 120/500 35/s · 8 min left of the visit`."""
        s = self.session
        done = sum(job.result(s.work) is not None for job in s.jobs)
        going = [f"{worker.job} {_pace(worker.about)}" for worker in team if worker.job]
        left = duration(max(0.0, s.end - time.time()))
        return " · ".join(
            [f"{done} of {len(s.jobs)} units done", *going, f"{left} left of the visit"]
        )

    def close(self, team: list[Worker]) -> None:
        """Leave the last state on the screen."""
        if self._live:
            self._live.update(self._table(team), refresh=True)
            self._live.stop()
        else:
            print(self.line(team), flush=True)

    def _table(self, team: list[Worker]) -> Any:
        from rich.table import Table as Rich

        table = Rich(title=self.line([]), title_justify="left")
        for column in ("unit", "step", "rate", "left", "loss or result"):
            table.add_column(column)
        for worker in team:
            if worker.job:
                a = worker.about
                step = f"{a.get('step', 0)}/{a.get('total', '?')}"
                loss = "" if a.get("loss") is None else f"{a['loss']:.3g}"
                table.add_row(str(worker.job), step, f"{a.get('rate', 0):.3g}/s", _left(a), loss)
        s = self.session
        finished = [(job, r) for job in s.jobs if (r := job.result(s.work))]
        for job, result in finished[-12:]:
            values = [f"{name} {value:.3g}" for name, (value, _) in result["values"].items()]
            told = ", ".join(values[:3]) if values else result["status"]
            table.add_row(str(job), "", "", f"{result['seconds']:.0f} s", told)
        return table


def _pace(about: dict[str, Any]) -> str:
    if "step" not in about:
        return "starts"
    return f"{about['step']}/{about['total']} {about['rate']:.3g}/s"


def _left(about: dict[str, Any]) -> str:
    if not about.get("rate"):
        return ""
    return duration((about["total"] - about["step"]) / about["rate"])
