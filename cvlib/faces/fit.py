"""Analysis by synthesis: an expression is what the renderer must be told to draw the same picture.

The person is known. No net takes part, so no texture can fool it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.faces.aus import spread
from cvlib.faces.identity import Identity
from cvlib.faces.render import render_many


@dataclass(frozen=True)
class Fit:
    """What was found: strengths (N, n), and the mean squared error (N,) that is left."""

    strengths: Tensor
    residual: Tensor


class FitBank:
    """All expressions of a grid, rendered once for every person, to be compared with pictures.

    For a few units `numbers` only: with L levels each there are L ** n pictures a person.
    """

    def __init__(
        self, face: Identity, numbers: Sequence[int], size: int, framing: tuple[float, float],
        levels: int = 6,
    ) -> None:  # fmt: skip
        self.levels = levels
        steps = torch.linspace(0, 1, levels)
        self.grid = torch.tensor(list(itertools.product(steps.tolist(), repeat=len(numbers))))
        self.pictures = [
            _one_person(face.take(slice(i, i + 1)), spread(self.grid, numbers), size, framing)
            for i in range(len(face))
        ]

    def read(self, pictures: Tensor, who: Tensor) -> Fit:
        """The strengths that explain pictures (N, 3, S, S) in [0, 1] of the people `who` (N,).

        The nearest grid point, moved along each axis to the bottom of a parabola through its
        neighbours.
        """
        pictures = pictures.cpu()
        who = who.cpu()
        strengths = torch.empty(len(pictures), self.grid.shape[1])
        residual = torch.empty(len(pictures))
        for person in who.unique().tolist():
            chosen = who == person
            known = self.pictures[person].float() / 255  # (L ** n, 3 S S)
            seen = pictures[chosen].flatten(1)
            errors = torch.cdist(seen, known).square() / known.shape[1]
            residual[chosen], best = errors.min(dim=1)
            strengths[chosen] = self.grid[best] + self._refined(errors, best)
        return Fit(strengths.clamp(0, 1), residual)

    def _refined(self, errors: Tensor, best: Tensor) -> Tensor:
        """Offsets (N, n) from grid points `best` (N,) to the bottoms of parabolas."""
        n = self.grid.shape[1]
        table = errors.reshape(len(errors), *[self.levels] * n)  # (N, L, ..., L)
        place = torch.stack(torch.unravel_index(best, table.shape[1:]), dim=1)  # (N, n)
        rows = torch.arange(len(errors))
        offsets = torch.zeros(place.shape)
        for axis in range(n):
            steps = torch.zeros(n, dtype=torch.long)
            steps[axis] = 1
            here = table[(rows, *place.T)]
            before = table[(rows, *(place - steps).clamp_min(0).T)]
            after = table[(rows, *(place + steps).clamp_max(self.levels - 1).T)]
            offsets[:, axis] = _bottom(before, here, after)
        return offsets / (self.levels - 1)


def _one_person(face: Identity, aus: Tensor, size: int, framing: tuple[float, float]) -> Tensor:
    """Pictures (E, 3 S S), uint8, of one person making expressions (E, 17)."""
    drawn = render_many(face.repeated(len(aus)), aus, size, framing)
    return (drawn * 255).round().to(torch.uint8).flatten(1)


def _bottom(before: Tensor, here: Tensor, after: Tensor) -> Tensor:
    """Where a parabola through three heights (N,) at -1, 0, 1 is lowest, within half a step."""
    bend = (before - 2 * here + after).clamp_min(1e-12)
    return (0.5 * (before - after) / bend).clamp(-0.5, 0.5)


class FitSearch:
    """The same for many units, by a search from two starts; the better one counts."""

    def __init__(
        self, face: Identity, numbers: Sequence[int], framing: tuple[float, float]
    ) -> None:
        self.face = face
        self.numbers = numbers
        self.framing = framing

    def read(self, pictures: Tensor, who: Tensor) -> Fit:
        """The strengths that explain pictures (N, 3, S, S) in [0, 1] of the people `who` (N,)."""
        face = self.face.take(who)
        fits = []
        for level in (0.0, 0.5):
            start = pictures.new_full((len(pictures), len(self.numbers)), level)
            fits.append(fit_by_descent(pictures, face, self.numbers, self.framing, start))
        low, middle = fits
        better = (middle.residual < low.residual)[:, None]
        strengths = torch.where(better, middle.strengths, low.strengths)
        return Fit(strengths, torch.minimum(low.residual, middle.residual))


def fit_by_descent(
    pictures: Tensor, face: Identity, numbers: Sequence[int], framing: tuple[float, float],
    start: Tensor, rounds: int = 2, levels: int = 11,
) -> Fit:  # fmt: skip
    """The same for many units: one unit after the other takes its best level, `rounds` times.

    `pictures` (N, 3, S, S) in [0, 1] show the N people of `face`; the search begins at strengths
    `start` (N, n). It ends in the nearest valley: begin at several places and keep the best.
    """
    best = start.clone()
    lowest = _error(pictures, face, numbers, framing, best)
    for _ in range(rounds):
        for column in range(len(numbers)):
            for level in torch.linspace(0, 1, levels).tolist():
                tried = best.clone()
                tried[:, column] = level
                error = _error(pictures, face, numbers, framing, tried)
                better = error < lowest
                best[better] = tried[better]
                lowest = torch.minimum(lowest, error)
    return Fit(best, lowest)


def _error(
    pictures: Tensor, face: Identity, numbers: Sequence[int], framing: tuple[float, float],
    strengths: Tensor,
) -> Tensor:  # fmt: skip
    """The mean squared difference (N,) between pictures and renderings of strengths (N, n)."""
    drawn = render_many(face, spread(strengths, numbers), pictures.shape[-1], framing)
    return (drawn - pictures).square().mean((1, 2, 3))
