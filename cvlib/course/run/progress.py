"""Progress that suits where it is shown: a terminal, a live notebook, a log, a stored page."""

from __future__ import annotations

import sys
import time
from collections import deque
from statistics import median
from typing import Any

from cvlib.course.page.frontend import headless, is_live

LOG_LINES = 10  # of one run in a log: at 5 s, 10 s, 20 s ... 43 min
RECENT = 101  # steps whose times tell the rate


def duration(seconds: float) -> str:
    """`42 s`, `7 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """Shows step, rate, time left and loss; `planned` steps of the whole run make the ETA."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.planned = 0
        self.done = 0
        self.steps_now = 0  # of this process, without what a resume skipped
        self._took: deque[float] = deque(maxlen=RECENT)  # seconds of the last steps
        self.started = time.monotonic()  # of the first step, once there is one
        self._lines = 0
        self._shown = 0.0
        self._handle: Any = None
        self._bar: Any = None

    def skip(self, steps: int) -> None:
        """Count steps that an earlier process did."""
        self.done += steps

    def step(self, task: str, step: int, total: int, loss: float | None, seconds: float) -> None:
        """One more step of `task` is done; it took `seconds`."""
        if self.steps_now == 0:
            self.started = time.monotonic() - seconds
        self.done += 1
        self.steps_now += 1
        self._took.append(seconds)
        if self.quiet or headless():
            return
        now = time.monotonic()
        if is_live():
            if now - self._shown > 0.5:
                self._shown = now
                self._show_html(task, step, total, loss)
        elif sys.stdout.isatty():
            self._show_bar(task, step, total, loss)
        elif self._lines < LOG_LINES and now - self.started >= 5 * 2**self._lines:
            self._lines += 1
            print(self.line(task, step, total, loss), flush=True)

    def end(self, task: str, total: int) -> None:
        """A training is over: a stored page says so in one line that never differs."""
        if self.quiet:
            return
        if headless():
            print(f"{task}: {total} steps")
        elif self._handle is not None:
            self._show_html(task, total, total, None)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def rate(self) -> float:
        """Steps a second, by the median of the last: one that also evaluates does not count."""
        return 1 / max(median(self._took), 1e-9) if self._took else 0.0

    def line(self, task: str, step: int, total: int, loss: float | None) -> str:
        """`bn-2 120/500 · 35 steps/s · loss 0.41 · 2 min left`."""
        rate = self.rate()
        left = max(self.planned, self.done - step + total) - self.done
        parts = [f"{task} {step}/{total}", f"{rate:.3g} steps/s"]
        parts += [f"loss {loss:.3g}"] if loss is not None else []
        return " · ".join([*parts, f"{duration(left / rate)} left"])

    def _show_html(self, task: str, step: int, total: int, loss: float | None) -> None:
        from IPython.display import display

        text = self.line(task, step, total, loss)
        bar = f'<progress value="{step}" max="{total}" style="width:14em"></progress>'
        data = {"text/plain": text, "text/html": f"<div>{bar} <code>{text}</code></div>"}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def _show_bar(self, task: str, step: int, total: int, loss: float | None) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        if self._bar is None:
            self._bar = Bars(BarColumn(), TextColumn("{task.description}"), transient=True)
            self._id = self._bar.add_task("", total=1)
            self._bar.start()
        text = self.line(task, step, total, loss)
        self._bar.update(self._id, completed=step, total=total, description=text)
