"""What a run refuses before it starts: each with one sentence that names the remedy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from cvlib.course.errors import CourseError
from cvlib.course.paths import writable


def budget(minutes: float | None) -> None:
    """Refuse minutes that are no limit."""
    if minutes is not None and not (math.isfinite(minutes) and minutes >= 0):
        raise CourseError(f"{minutes} minutes: give a positive number, or none for no limit")


def folder(named: str | Path | None, usual: Path) -> Path:
    """The folder of a run; refused where nothing could be saved."""
    if named is not None and not str(named).strip():
        raise CourseError("out is empty: name a folder, or leave it away")
    chosen = usual if named is None else Path(named).expanduser()
    above = next(p for p in (chosen, *chosen.absolute().parents) if p.exists())
    if not above.is_dir():
        raise CourseError(
            f"cannot write to {chosen}: a file stands where a folder should be ({above}): choose "
            "another folder"
        )
    if not writable(chosen):
        raise CourseError(f"{chosen} may not be written to: choose another folder (out)")
    return chosen


def same_config(where: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Refuse what another configuration has made, naming the first difference."""
    if there == here:
        return
    first = next(k for k in sorted({*there, *here}) if there.get(k) != here.get(k))
    raise CourseError(
        f"{where} holds a run of another configuration ({first} was "
        f"{json.dumps(there.get(first))}, is {json.dumps(here.get(first))}): choose another folder "
        "(out) or start anew (fresh)"
    )


def same_code(where: Path, what: str, there: str, here: str) -> None:
    """Refuse what other training code has made."""
    if there != here:
        raise CourseError(
            f"{what} in {where} was made by other training code than this: start anew (fresh), "
            "choose another folder (out), or say that the change does not matter (accept_code)"
        )
