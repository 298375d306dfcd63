"""Who sits: a person before a live page, or a simulated observer where there is none."""

from __future__ import annotations

import importlib.util
import secrets
from pathlib import Path
from typing import Any

from cvlib.course.paths import runs_dir
from cvlib.psychophysics import log
from cvlib.psychophysics.design import Session
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.observers import SimulatedObserver


def sessions_folder() -> Path:
    """Where people's sessions are kept: on the computer that runs the notebook, nowhere else."""
    return runs_dir() / "02_adversarial_humans" / "sessions"


class Sitting:
    """A session and whoever answers it; ask again for `responses` after a person has sat.

    Before a person has answered a trial it is the simulated observer's log that is analysed, and
    `who` says so.
    """

    def __init__(self, session: Session, stand_in: SimulatedObserver, seed: int) -> None:
        """The stand-in answers at once, so that no page ever waits for a person."""
        self.session = session
        self.widget: Any = None
        self.stand_in = stand_in.sit(session, seed)

    @property
    def by_a_person(self) -> bool:
        """Whether a person has answered at least one trial that is no practice."""
        return self.widget is not None and bool(log.responses(self.widget.entries))

    @property
    def log(self) -> list[dict[str, Any]]:
        """The person's log, or the simulated one until there is one."""
        return self.widget.entries if self.by_a_person else self.stand_in

    @property
    def who(self) -> str:
        """Whose answers these are, to be printed beside every number."""
        return "you" if self.by_a_person else "a simulated observer (no person)"

    @property
    def hz(self) -> float:
        """The refresh rate of the screen, as measured before the first trial."""
        return next(entry["hz"] for entry in self.log if entry["type"] == "refresh")

    def responses(self) -> list[Response]:
        """The answers, with flags."""
        return log.responses(self.log, observer="you" if self.by_a_person else "simulated")

    def summary(self) -> str:
        """Who answered, how far the session went and what was set aside, in one sentence."""
        trouble = f"; {self.widget.trouble}" if self.by_a_person and self.widget.trouble else ""
        return f"{self.who}: {log.summary(self.log)}{trouble}"


def sit(session: Session, stand_in: SimulatedObserver, *, live: bool, seed: int = 0) -> Sitting:
    """Show the session to a person where a page is live; print one line where it is not.

    Nothing flickers before the person has read the warnings, ticked the box and pressed start.
    """
    sitting = Sitting(session, stand_in, seed)
    if not live:
        print("No live page: a simulated observer answers in your place.")
    elif importlib.util.find_spec("anywidget") is None:
        print("The session needs anywidget (pip install anywidget): a simulated observer answers.")
    else:
        from IPython.display import display

        from cvlib.psychophysics.widget import BriefExposure

        sitting.widget = BriefExposure(session, sessions_folder() / f"{secrets.token_hex(4)}.jsonl")
        display(sitting.widget)
    return sitting
