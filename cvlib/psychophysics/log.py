"""What a session has left behind: a list of entries, one line of JSON each in a file.

The first entry is the session's header, the others come from the browser, or from a simulated
observer, one after the other. So a session that was broken off is a shorter list, and whatever
was answered is kept. Which trials count is decided here, by rules older than any answer.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvlib.course.atomic import reason
from cvlib.course.errors import CourseError

Log = Sequence[Mapping[str, Any]]

STEADY_MS = 1.0  # how far, in the middle, frames may be from one another
DRIFT = 0.05  # how far a trial's frames may be from those measured before the first
FLAGS = {
    "hidden": "the tab was hidden",
    "late": "a frame came late",
    "frames": "the picture stood for another number of frames",
    "refresh": "the screen's refresh rate varies",
    "no answer": "no key was pressed in time",
}


@dataclass(frozen=True)
class Response:
    """One trial with its answer; `flags` says why it does not count, and is empty if it does."""

    observer: str
    picture: int
    condition: str
    label: str | None
    target: str | None
    choice: str | None
    rt_ms: float | None
    stimulus_ms: float | None
    flags: tuple[str, ...]

    @property
    def counts(self) -> bool:
        """Whether the analysis takes it."""
        return not self.flags

    @property
    def right(self) -> bool:
        """Whether the choice is what the picture shows."""
        return self.choice is not None and self.choice == self.label

    @property
    def pushed(self) -> bool:
        """Whether the choice is the one that the perturbation pushes towards."""
        return self.choice is not None and self.choice == self.target


def responses(log: Log, observer: str = "you") -> list[Response]:
    """The answered trials of a log, without practice; the flags say which of them count.

    An entry that cannot be read, or a second answer to the same trial, is passed over.
    Raises `CourseError` for a log without a header.
    """
    header = _header(log)
    trials = {trial["id"]: trial for trial in header["trials"]}
    frame_ms, steady = _refresh(log)
    found: dict[int, Response] = {}
    for entry in log:
        trial = trials.get(entry.get("id")) if entry.get("type") == "trial" else None
        if trial is None or trial["practice"] or trial["id"] in found:
            continue
        found[trial["id"]] = Response(
            observer,
            *(trial[name] for name in ("picture", "condition", "label", "target")),
            choice=_choice(entry, header),
            rt_ms=entry.get("rt_ms"),
            stimulus_ms=entry.get("stimulus_ms"),
            flags=_flags(entry, header, frame_ms, steady),
        )
    return list(found.values())


def summary(log: Log) -> str:
    """One sentence: how far the session went, how many trials count, and why others do not."""
    planned = sum(not trial["practice"] for trial in _header(log)["trials"])
    answered = responses(log)
    kinds = {entry.get("type") for entry in log}
    flags = Counter(flag for response in answered for flag in response.flags)
    good = sum(response.counts for response in answered)

    if "skipped" in kinds and not answered:
        return "the session was skipped: nothing was shown and nothing is kept"
    if len(answered) < planned:
        begun = f"broken off after {len(answered)} of {planned} trials; what was answered is kept"
    else:
        begun = f"all {planned} trials shown"
    why = ", ".join(f"{FLAGS[flag]} ({count})" for flag, count in flags.most_common())
    still = "; the masks stood still, so they hid less" if masks_of(log) == "still" else ""
    return f"{begun}; {good} count" + (f"; set aside: {why}" if why else "") + still


def masks_of(log: Log) -> str:
    """`flicker`, or `still` where the observer asked for one grey mask that does not change."""
    chosen = [entry.get("masks") for entry in log if entry.get("type") == "consent"]
    return "still" if "still" in chosen else "flicker"


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one entry to a log's file at once, so that a closed browser loses nothing.

    Raises `CourseError` when the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CourseError(f"cannot keep the session in {path}: {reason(error)}") from error


def read(path: Path) -> list[dict[str, Any]]:
    """The entries of a log's file; lines that are no entry, such as a torn last one, are left out.

    Raises `CourseError` for a file that does not begin with a session's header.
    """
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    _header(entries)
    return entries


def pooled(folder: Path) -> list[Response]:
    """The answers of all sessions in a folder; each file is an observer, named by the file.

    So whoever sits twice counts as two: a class agrees beforehand that everybody sits once.
    Passed over are files that are no session, and sessions with still masks: they are another
    experiment.
    """
    everybody: list[Response] = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            log = read(path)
        except CourseError:
            continue
        if masks_of(log) == "flicker":
            everybody += responses(log, observer=path.stem)
    return everybody


def _header(log: Log) -> Mapping[str, Any]:
    if not log or log[0].get("type") != "session" or "trials" not in log[0]:
        raise CourseError("this is no session: its first entry must be the session's header")
    return log[0]


def _refresh(log: Log) -> tuple[float | None, bool]:
    """Milliseconds of a frame as measured before the first trial, and whether they were steady."""
    measured = [entry for entry in log if entry.get("type") == "refresh"]
    if not measured:
        return None, False
    return measured[-1].get("frame_ms"), (measured[-1].get("mad_ms") or 0) < STEADY_MS


def _choice(entry: Mapping[str, Any], header: Mapping[str, Any]) -> str | None:
    choice = entry.get("choice")
    return choice if choice in header["options"] else None


def _flags(
    entry: Mapping[str, Any], header: Mapping[str, Any], frame_ms: float | None, steady: bool
) -> tuple[str, ...]:
    drifted = not frame_ms or abs((entry.get("frame_ms") or 0) / frame_ms - 1) > DRIFT
    told = {
        "hidden": bool(entry.get("hidden")),
        "late": entry.get("late", 1) > 0,
        "frames": entry.get("frames_shown") != entry.get("frames_planned", 0),
        "refresh": drifted or not steady,
        "no answer": _choice(entry, header) is None,
    }
    return tuple(flag for flag, raised in told.items() if raised)
