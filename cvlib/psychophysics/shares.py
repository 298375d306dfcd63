"""What the answers of one observer say: shares with their intervals, and exact tests.

With one observer the trials are all there is, and what follows holds for this observer only. The
tests are exact: they count the outcomes, and need no large sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import CONDITIONS
from cvlib.psychophysics.log import Response

LEVEL = 0.95  # of every interval
DRAWS = 2000  # of a bootstrap


@dataclass(frozen=True)
class Share:
    """k of n, with Wilson's interval."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """k / n, or nan without trials."""
        return self.k / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return wilson(self.k, self.n)

    def __str__(self) -> str:
        if not self.n:
            return "no trials"
        low, high = self.interval
        return f"{self.k} of {self.n} = {self.value:.2f} [{low:.2f}, {high:.2f}]"


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: never outside 0 to 1, and right for few trials.

    It holds the shares p whose own standard error would make k / n unsurprising:
    |k/n - p| <= z sqrt(p (1 - p) / n), solved for p. Without trials it is all of 0 to 1.
    """
    if not 0 <= k <= n:
        raise CourseError(f"{k} of {n} is no share: count between 0 and {n}")
    if n == 0:
        return 0.0, 1.0
    z = float(stats.norm.ppf((1 + LEVEL) / 2))
    share = k / n
    shrink = 1 / (1 + z**2 / n)
    centre = shrink * (share + z**2 / (2 * n))
    half = shrink * z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def accuracy(responses: Sequence[Response]) -> dict[str, Share]:
    """The share of right answers in `image`, `adv` and `flip`, of the trials that count."""
    table = {}
    for condition in CONDITIONS:
        rows = [r for r in responses if r.counts and r.condition == condition]
        table[condition] = Share(sum(r.right for r in rows), len(rows))
    return table


def pushed(responses: Sequence[Response], condition: str = "false") -> Share:
    """How often the choice was the perturbation's target, of the trials that count."""
    rows = [r for r in responses if r.counts and r.condition == condition]
    return Share(sum(r.pushed for r in rows), len(rows))


def binomial_test(share: Share) -> float:
    """Two-sided p-value of k of n against a fair coin, counted exactly.

    The fair coin is symmetric, so the two tails are equal: twice the smaller one.
    """
    if share.n == 0:
        return 1.0
    farther = max(share.k, share.n - share.k)
    tail = stats.binom.sf(farther - 1, share.n, 0.5)
    return float(min(1.0, 2 * tail))


def fisher_test(a: Share, b: Share) -> float:
    """Two-sided p-value of two shares of the same observer (Fisher's exact test)."""
    if a.n == 0 or b.n == 0:
        return 1.0
    return float(stats.fisher_exact([[a.k, a.n - a.k], [b.k, b.n - b.k]]).pvalue)


def dprime(hits: Share, false_alarms: Share) -> tuple[float, float]:
    """Sensitivity d' and criterion c: how well two classes are told apart, and the preference.

    Half a trial is added to each cell (the log-linear correction), so that a perfect observer
    gets a large number and not infinity. c > 0: the first option is chosen too rarely.
    """
    z_hit = stats.norm.ppf((hits.k + 0.5) / (hits.n + 1))
    z_false = stats.norm.ppf((false_alarms.k + 0.5) / (false_alarms.n + 1))
    return float(z_hit - z_false), float(-(z_hit + z_false) / 2)


def detection(responses: Sequence[Response], condition: str, option: str) -> tuple[float, float]:
    """d' and c of one condition, where choosing `option` when it is shown is a hit."""
    rows = [r for r in responses if r.counts and r.condition == condition]
    chosen = [r.choice == option for r in rows]
    shown = [r.label == option for r in rows]
    hits = Share(sum(c and s for c, s in zip(chosen, shown, strict=True)), sum(shown))
    misses = sum(c and not s for c, s in zip(chosen, shown, strict=True))
    return dprime(hits, Share(misses, len(rows) - sum(shown)))


def median_time(
    responses: Sequence[Response], condition: str, seed: int = 0
) -> tuple[float, float, float]:
    """Median milliseconds from the picture to the key, with its 95 % bootstrap interval.

    Times are skewed: a few long ones would pull a mean. Three nan without trials that count.
    """
    times = np.array([
        r.rt_ms for r in responses if r.counts and r.condition == condition and r.rt_ms is not None
    ])  # fmt: skip
    if not len(times):
        return math.nan, math.nan, math.nan
    rng = np.random.default_rng(seed)
    again = rng.choice(times, (DRAWS, len(times)))  # (draws, trials)
    low, high = np.quantile(np.median(again, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.median(times)), float(low), float(high)
