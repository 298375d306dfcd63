"""Observers made of random numbers, whose truth is known: the analysis must find it again.

They are no people, and no model of people. They show what a session of this length can show, and
fill the page where nobody sits before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import CONDITIONS, Session, Trial
from cvlib.psychophysics.exposure import frames_for
from cvlib.psychophysics.log import Response

# Of a simulated cohort, in log-odds: 87 % right in `image`, and how far people and pictures differ.
BASE = 1.9
SD_OBSERVER = 0.4
SD_PICTURE = 0.7


@dataclass(frozen=True)
class SimulatedObserver:
    """Chooses by known probabilities, and now and then (`lapse`) by a fair coin.

    shares: condition -> probability of a right answer, in `false` of the target.
    """

    shares: Mapping[str, float]
    lapse: float = 0.02

    def __post_init__(self) -> None:
        for name, share in {**self.shares, "lapse": self.lapse}.items():
            if not 0 <= share <= 1:
                raise CourseError(f"the probability {share} of {name!r} must lie between 0 and 1")

    def probability(self, condition: str) -> float:
        """The probability of a right answer, or of the target, with lapses."""
        if condition not in self.shares:
            raise CourseError(f"this observer has no share for {condition!r}: add it to `shares`")
        return self.lapse / 2 + (1 - self.lapse) * self.shares[condition]

    def sit(self, session: Session, seed: int, hz: float = 60) -> list[dict[str, Any]]:
        """The log of a whole session on a screen that never drops a frame."""
        rng = np.random.default_rng(seed)
        frame_ms = 1000 / hz
        log = [
            session.header(),
            {"type": "refresh", "frame_ms": frame_ms, "hz": hz, "mad_ms": 0.0, "simulated": True},
        ]
        frames = frames_for(session.plan.stimulus_ms, hz)
        for trial in session.trials:
            log.append(
                {
                    "type": "trial",
                    "id": trial.id,
                    "choice": self._choice(trial, session.options, rng),
                    "rt_ms": float(rng.lognormal(np.log(650), 0.3)),
                    "stimulus_ms": frames * frame_ms,
                    "frames_shown": frames,
                    "frames_planned": frames,
                    "frame_ms": frame_ms,
                    "late": 0,
                    "hidden": False,
                }
            )
        return [*log, {"type": "done"}]

    def _choice(self, trial: Trial, options: tuple[str, str], rng: np.random.Generator) -> str:
        wanted = trial.target if trial.condition == "false" else trial.label
        other = options[1 - options.index(wanted)]
        return wanted if rng.random() < self.probability(trial.condition) else other


def simulated_cohort(
    observers: int, pictures: int, effects: Mapping[str, float], seed: int
) -> list[Response]:
    """Answers of people who differ, to pictures that differ, in a Latin square.

    The log-odds of a right answer are `BASE` plus the condition's effect plus a normal number of
    the observer's and one of the picture's. `effects` are therefore effects within a person.
    """
    rng = np.random.default_rng(seed)
    person = rng.normal(0, SD_OBSERVER, observers)
    item = rng.normal(0, SD_PICTURE, pictures)
    answers = []
    for s in range(observers):
        for i in range(pictures):
            condition = CONDITIONS[(i + s) % len(CONDITIONS)]
            log_odds = BASE + person[s] + item[i] + effects.get(condition, 0.0)
            right = rng.random() < 1 / (1 + np.exp(-log_odds))
            choice = "a" if right else "b"
            target = None if condition == "image" else "b"
            answers.append(
                Response(f"person {s}", i, condition, "a", target, choice, None, None, flags=())
            )
    return answers
