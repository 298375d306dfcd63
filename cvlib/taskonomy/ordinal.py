"""From incomparable losses to affinities: tournaments and the analytic hierarchy (Sec. 3.3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvlib.course.errors import CourseError

CLIP = 1e-3  # of the win rates: the longest odds are 999 to 1
TOLERANCE = 1e-14
ITERATIONS = 10_000

Matrix = NDArray[np.float64]


class Perron(NamedTuple):
    """The principal eigenvector (sums to 1), its eigenvalue, and the iterations it took."""

    vector: Matrix
    value: float
    iterations: int

    @property
    def inconsistency(self) -> float:
        """Saaty's consistency index (λ - n) / (n - 1): 0 when all odds agree with one scale."""
        n = len(self.vector)
        return (self.value - n) / (n - 1) if n > 1 else 0.0


def tournament(losses: ArrayLike) -> Matrix:
    """Win rates W (n, n): the share of the test images on which player i loses less than j.

    losses: (n, images), one row a player, the same images in all rows. Ties count one half, so
    W + Wᵀ = 1. Raises `CourseError` for another shape, no image, or losses that are not finite.
    """
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise CourseError(f"losses are (players, images), not {table.shape}: give both")
    if not np.isfinite(table).all():
        raise CourseError("a loss is not finite: leave out the player whose training diverged")
    wins = np.empty((len(table), len(table)))
    for i, mine in enumerate(table):
        below = (mine < table).mean(1)
        equal = (mine == table).mean(1)
        wins[i] = below + equal / 2
    return wins


def odds(wins: ArrayLike, clip: float = CLIP) -> Matrix:
    """Odds w_ij / w_ji (n, n) of win rates clipped to [clip, 1 - clip]: a reciprocal matrix.

    Raises `CourseError` unless 0 < clip < 1/2 and W is a square matrix of shares with W + Wᵀ = 1.
    """
    w = _win_rates(wins)
    if not 0 < clip < 0.5:
        raise CourseError(f"clip is {clip}: it must lie between 0 and 1/2")
    clipped = np.clip(w, clip, 1 - clip)
    return clipped / clipped.T


def perron(matrix: ArrayLike, tolerance: float = TOLERANCE) -> Perron:
    """The principal eigenvector of a positive matrix by power iteration, normalised to sum 1.

    Raises `CourseError` for a matrix that is not square or has an entry that is not positive.
    """
    a = np.asarray(matrix, dtype=np.float64)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not len(a):
        raise CourseError(f"a Perron vector needs a square matrix, not {a.shape}")
    if not (np.isfinite(a) & (a > 0)).all():
        raise CourseError("a Perron vector needs positive entries: clip the win rates first")
    v = np.full(len(a), 1 / len(a))
    steps, change = 0, np.inf
    while change >= tolerance and steps < ITERATIONS:
        image = a @ v
        new = image / image.sum()
        change = np.abs(new - v).max()
        v = new
        steps += 1
    return Perron(v, float((a @ v).sum()), steps)


def affinity(losses: ArrayLike, clip: float = CLIP) -> Matrix:
    """Affinities (n,) of the players of one target, from their losses (n, images): they sum to 1.

    The Perron vector of the clipped odds; the larger, the better the player solves the target.
    """
    return perron(odds(tournament(losses), clip)).vector


def borda(wins: ArrayLike) -> Matrix:
    """Borda's count instead: the mean win rate against the others, normalised to sum 1."""
    w = _win_rates(wins)
    others = w.sum(1) - np.diag(w)
    return others / others.sum() if len(w) > 1 else np.ones(1)


def bradley_terry(wins: ArrayLike, clip: float = CLIP, tolerance: float = 1e-12) -> Matrix:
    """Bradley and Terry's strengths instead: w_ij = s_i / (s_i + s_j), by likelihood, sum 1.

    Minorisation-maximisation (Hunter 2004) on clipped win rates, so that it always converges.
    """
    w = np.clip(_win_rates(wins), clip, 1 - clip)
    np.fill_diagonal(w, 0)
    strength = np.full(len(w), 1 / len(w))
    for _ in range(ITERATIONS):
        met = 1 / (strength[:, None] + strength)
        np.fill_diagonal(met, 0)
        new = w.sum(1) / met.sum(1) if len(w) > 1 else strength
        new = new / new.sum()
        change = np.abs(new - strength).max()
        strength = new
        if change < tolerance:
            break
    return strength


def _win_rates(wins: ArrayLike) -> Matrix:
    w = np.asarray(wins, dtype=np.float64)
    if w.ndim != 2 or w.shape[0] != w.shape[1] or not len(w):
        raise CourseError(f"win rates are a square matrix, not {w.shape}")
    if not np.isfinite(w).all() or (w < 0).any() or (w > 1).any():
        raise CourseError("a win rate is not a share between 0 and 1: count the tournament again")
    if not np.allclose(w + w.T, 1, atol=1e-9):
        raise CourseError("win rates of a pair do not add up to 1: count ties as one half")
    return w
