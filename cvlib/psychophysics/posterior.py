"""What an observer's answers make believable, trial by trial.

Before the first trial every share between 0 and 1 is as believable as any other. Each answer at
the target adds one to the first number of a beta distribution, each other answer to the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cvlib.psychophysics.shares import LEVEL


@dataclass(frozen=True)
class Posterior:
    """After 0, 1, ..., n trials, each (n + 1,): mean, interval, and the chance of a share > .5."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    above_half: np.ndarray


def growing(answers: Sequence[bool]) -> Posterior:
    """The posterior of the share of True after none, one, ... all of the answers (n,).

    The interval holds the middle 95 % of what is believable.
    """
    hits = np.concatenate([[0], np.cumsum(np.asarray(answers, dtype=int))])  # (n + 1,)
    trials = np.arange(len(hits))
    a = 1 + hits
    b = 1 + trials - hits
    return Posterior(
        mean=a / (a + b),
        low=stats.beta.ppf((1 - LEVEL) / 2, a, b),
        high=stats.beta.ppf((1 + LEVEL) / 2, a, b),
        above_half=stats.beta.sf(0.5, a, b),
    )


def density(answers: Sequence[bool], share: np.ndarray) -> np.ndarray:
    """How believable each share (m,) is after all answers: the beta density, (m,)."""
    hits = int(np.sum(answers))
    return stats.beta.pdf(share, 1 + hits, 1 + len(answers) - hits)
