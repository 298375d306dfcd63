"""Before the session: how likely it is that it can show what there is to see."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import Session

ALPHA = 0.05
POWER = 0.8
MOST_TRIALS = 20_000


def binomial_power(n: int, share: float) -> float:
    """The chance that n trials with this true share differ from a fair coin at p < .05.

    Exact: the outcomes that the two-sided binomial test calls significant, and how probable they
    are together. Without trials it is 0.
    """
    if not 0 <= share <= 1:
        raise CourseError(f"the true share {share} must lie between 0 and 1")
    first = _first_significant(n)
    above = stats.binom.sf(first - 1, n, share)
    below = stats.binom.cdf(n - first, n, share)
    return float(above + below)


def _first_significant(n: int) -> int:
    """The smallest count above n / 2 that the test calls significant; n + 1 if there is none."""
    k = np.arange(n // 2 + 1, n + 1)
    significant = 2 * stats.binom.sf(k - 1, n, 0.5) < ALPHA
    return int(k[significant.argmax()]) if significant.any() else n + 1


def peeking(n: int) -> float:
    """The chance that a fair coin is called significant, tested after each of n trials.

    Exact: the paths of a fair coin that have not yet met a bar of the test, one trial at a time.
    """
    unmet = np.array([1.0])  # probability of each count of heads, no bar met so far
    for trials in range(1, n + 1):
        unmet = (np.append(unmet, 0.0) + np.append(0.0, unmet)) / 2  # (trials + 1,)
        first = _first_significant(trials)
        unmet[first:] = 0.0
        unmet[: trials - first + 1] = 0.0
    return float(1 - unmet.sum())


def trials_needed(share: float, power: float = POWER) -> int:
    """The number of trials from which on the power never falls below `power` again.

    It is more than the first number that reaches it: an exact test can only reject at whole
    counts, so one trial more may raise the bar by one answer and lower the power.
    Raises `CourseError` where more than 20,000 trials would be needed.
    """
    if abs(share - 0.5) * math.sqrt(MOST_TRIALS) < 2:
        raise CourseError(f"a true share of {share} needs more than {MOST_TRIALS} trials")
    enough = 64
    while min(binomial_power(n, share) for n in range(enough, enough + 64)) < power:
        enough *= 2
    while binomial_power(enough - 1, share) >= power:
        enough -= 1
    return enough


def two_share_trials(a: float, b: float, power: float = POWER) -> int:
    """Trials per condition that tell two shares apart at p < .05.

    The shares become angles, 2 arcsin sqrt(p), whose spread does not depend on p (Cohen's h).
    """
    h = 2 * math.asin(math.sqrt(a)) - 2 * math.asin(math.sqrt(b))
    z = stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(power)
    return round(2 * (z / h) ** 2)


def promise(session: Session, share: float = 0.6) -> str:
    """What a session can and cannot show, in a sentence to be read before it."""
    n = sum(trial.condition == "false" for trial in session.trials)
    power = binomial_power(n, share)
    enough = n >= trials_needed(share)
    verdict = "enough to expect a verdict" if enough else "a demonstration, not evidence"
    return (
        f"{len(session.trials)} trials, {session.minutes():.1f} minutes and breaks; {n} of them "
        f"in false: if the target were truly chosen in {share:.0%}, {power:.0%} of such sessions "
        f"would reach p < .05: {verdict} ({trials_needed(share)} trials in false would be needed)"
    )
