"""How long a picture is really seen: a screen shows whole frames, never milliseconds.

A trial is a fixation cross, the picture, a row of noise masks that stop the eye's after-image
from being read on, and a blank screen until the time to answer is over (Sec. 4 of the paper).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cvlib.course.errors import CourseError

SCREENS = (60, 75, 120, 144, 165, 240)  # refresh rates in hertz that screens are sold with
FIXATION_MS = (500, 1000)  # drawn anew for every trial, so that nobody can expect the picture


@dataclass(frozen=True)
class Phase:
    """One part of a trial: the milliseconds that were asked for and the frames that show it."""

    name: str
    wanted_ms: float
    frames: int
    ms: float


def frames_for(ms: float, hz: float) -> int:
    """The whole number of frames, at least one, that comes closest to `ms` milliseconds.

    Exactly between two it is the larger one, as JavaScript's `Math.round` has it.
    Raises `CourseError` for a duration or a refresh rate that is not positive.
    """
    if not (math.isfinite(ms) and math.isfinite(hz) and ms > 0 and hz > 0):
        raise CourseError(f"{ms} ms at {hz} Hz: give a duration and a refresh rate above zero")
    frame_ms = 1000 / hz
    return max(1, math.floor(ms / frame_ms + 0.5))


@dataclass(frozen=True)
class ExposurePlan:
    """The durations of one trial in milliseconds, as they are wished for.

    The picture's 63 ms are 15 frames at 240 Hz and 4 frames (66.7 ms) on an ordinary screen.
    """

    stimulus_ms: float = 63
    mask_ms: float = 50
    masks: int = 10
    response_ms: float = 2200

    def phases(self, hz: float, fixation_ms: float = sum(FIXATION_MS) / 2) -> tuple[Phase, ...]:
        """What a screen with this refresh rate makes of the plan, in the order of showing."""
        wanted = [("fixation", fixation_ms), ("picture", self.stimulus_ms)]
        wanted += [(f"mask {k}", self.mask_ms) for k in range(1, self.masks + 1)]
        wanted += [("blank", self.response_ms)]
        frame_ms = 1000 / hz
        counted = [(name, ms, frames_for(ms, hz)) for name, ms in wanted]
        return tuple(Phase(name, ms, frames, frames * frame_ms) for name, ms, frames in counted)

    def trial_ms(self, hz: float) -> float:
        """How long one trial takes on average; answering early does not shorten it."""
        return sum(phase.ms for phase in self.phases(hz))


def exposure_table(plan: ExposurePlan, screens: tuple[float, ...] = SCREENS) -> str:
    """Frames and milliseconds of picture and mask, one line per refresh rate."""
    lines = ["refresh rate   picture            one mask"]
    for hz in screens:
        _, picture, mask, *_ = plan.phases(hz)
        seen = f"{picture.frames:2d} frames {picture.ms:5.1f} ms"
        hidden = f"{mask.frames:2d} frames {mask.ms:5.1f} ms"
        lines.append(f"{hz:8.0f} Hz   {seen}   {hidden}")
    return "\n".join(lines)
