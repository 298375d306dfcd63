"""How long a run will take, said before it starts where that is long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from cvlib.course.run import record, units
from cvlib.course.run.profiles import GPU
from cvlib.course.run.progress import duration

if TYPE_CHECKING:
    from cvlib.course.run.experiment import Unit
    from cvlib.course.run.run import Run


def sentences(run: Run, todo: Sequence[Unit], why: str) -> list[str]:
    """What profile `auto` became and why; how long the units take, where a record knows."""
    said = [f"profile {run.profile}: {why}"] if why else []
    if run.profile == "smoke" or not todo:
        return said
    seconds = recorded_seconds(run, todo)
    if run.device.type == "cpu" and run.profile in GPU:
        time = f"about {duration(seconds)}" if seconds else "hours rather than minutes"
        said.append(
            f"no CUDA GPU was found, and profile {run.profile} is meant for one: here it takes "
            f"{time} (the time left stands beside the first steps); --profile laptop is made for "
            "a CPU, --profile smoke takes half a minute, and Colab lends a GPU"
        )
    elif seconds:
        said.append(f"profile {run.profile} takes about {duration(seconds)} for this seed")
    elif run.profile == "laptop":
        said.append("profile laptop takes up to 45 min for all its seeds on two CPU cores")
    return said


def recorded_seconds(run: Run, todo: Sequence[Unit]) -> float | None:
    """Seconds of these units on such a device by the recorded run; None if one is not in it."""
    known = record.recorded(run.chapter, run.profile)
    here = units.device_name(run.device)
    took: dict[str, list[float]] = defaultdict(list)
    for line in known["provenance"]["units"] if known else ():
        if line["device"] == here:
            took[line["unit"]].append(line["seconds"])
    if any(unit.name not in took for unit in todo):
        return None
    return sum(fmean(took[unit.name]) for unit in todo)
