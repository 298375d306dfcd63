"""What the transfers of one target have lost, and what follows: affinity, gain and quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvlib.course.errors import CourseError
from cvlib.taskonomy.ordinal import CLIP, affinity, tournament
from cvlib.taskonomy.program import Problem, Transfer

Losses = NDArray[np.float64]


@dataclass(frozen=True)
class League:
    """The per-picture losses of one target's players, full supervision among them.

    choose: (players, pictures) on which the tournament is held; judge: the same players on other
    pictures, where gain and quality are counted; scratch: (pictures,) of `judge`, the network
    that was trained on the transfer data alone.
    """

    target: str
    players: tuple[Transfer, ...]
    choose: Losses
    judge: Losses
    scratch: Losses

    def __post_init__(self) -> None:
        if len(self.choose) != len(self.players) or len(self.judge) != len(self.players):
            raise CourseError(f"{self.target}: one row of losses a player is needed")
        if not any(player.full for player in self.players):
            raise CourseError(f"{self.target}: its fully supervised network must play, too")

    @property
    def full(self) -> int:
        """The row of the fully supervised network."""
        return next(i for i, player in enumerate(self.players) if player.full)

    def affinities(self, clip: float = CLIP) -> dict[Transfer, float]:
        """The affinity of every player, full supervision included; they sum to 1."""
        return dict(zip(self.players, affinity(self.choose, clip).tolist(), strict=True))

    def gain(self) -> dict[Transfer, float]:
        """The share of the judging pictures on which each player beats training from scratch."""
        return {p: win_rate(self.judge[i], self.scratch) for i, p in enumerate(self.players)}

    def quality(self) -> dict[Transfer, float]:
        """The share on which each player beats full supervision; against itself 0.5."""
        rival = self.judge[self.full]
        return {p: win_rate(self.judge[i], rival) for i, p in enumerate(self.players)}

    def loss_ratio(self) -> dict[Transfer, float]:
        """Mean loss over that of full supervision: win rates do not say by how much."""
        means = self.judge.mean(1)
        return {p: float(means[i] / means[self.full]) for i, p in enumerate(self.players)}

    def table(self) -> dict[str, list]:
        """The tournament of full supervision and the first-order sources: players and win rates."""
        kept = [i for i, player in enumerate(self.players) if len(player.sources) == 1]
        names = [next(iter(self.players[i].sources)) for i in kept]
        return {"players": names, "wins": tournament(self.choose[kept]).round(3).tolist()}

    def relative_losses(self) -> dict[str, float]:
        """`loss_ratio` of the first-order sources by name, and of the network from scratch."""
        ratios = self.first_order(self.loss_ratio())
        scratch = float(self.scratch.mean() / self.judge[self.full].mean())
        return {name: round(v, 3) for name, v in {**ratios, "scratch": scratch}.items()}

    def first_order(self, values: Mapping[Transfer, float]) -> dict[str, float]:
        """Values of the transfers from one other task, by source."""
        return {
            next(iter(edge.sources)): value
            for edge, value in values.items()
            if len(edge.sources) == 1 and not edge.full and edge.target == self.target
        }


def win_rate(mine: Losses, rival: Losses) -> float:
    """The share of the pictures on which `mine` is less than `rival`; a tie counts one half."""
    return float(((mine < rival) + 0.5 * (mine == rival)).mean())


def problem(
    leagues: Sequence[League], clip: float = CLIP, **options: Mapping[str, float]
) -> Problem:
    """The programme over the affinities of all leagues; options: importance and cost."""
    edges = {edge: p for league in leagues for edge, p in league.affinities(clip).items()}
    return Problem(edges, **options)


def mean_ranks(leagues: Sequence[League], targets: Sequence[str]) -> dict[str, float]:
    """The mean rank of every source over these targets, 1 is the best; its own target left out.

    By first-order affinity. Raises `CourseError` for a target without a league.
    """
    known = {league.target: league for league in leagues}
    missing = [t for t in targets if t not in known]
    if missing:
        raise CourseError(f"{missing[0]!r} was not transferred to: choose of {', '.join(known)}")
    ranks: dict[str, list[int]] = {}
    for target in targets:
        found = known[target].first_order(known[target].affinities())
        ranked = sorted(found, key=lambda s: -found[s])
        for place, source in enumerate(ranked, start=1):
            ranks.setdefault(source, []).append(place)
    return {source: float(np.mean(places)) for source, places in ranks.items()}


def spread(losses: Losses) -> float:
    """How much the source matters, in %: deviation over the rows (G, pictures) of log mean loss."""
    return float(100 * np.log(losses.mean(1)).std())


def apart(one: Losses, other: Losses) -> float:
    """The same for two rows (pictures,) that should be equal: what chance alone makes of it."""
    return float(100 * abs(np.log(one.mean() / other.mean())) / np.sqrt(2))
