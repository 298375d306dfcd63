"""What a chapter declares before anything runs: sizes, metrics, the paper's values, its claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cvlib.course.errors import CourseError
from cvlib.course.run.rules import evaluate, names

if TYPE_CHECKING:
    from cvlib.course.run.run import Run

HOLDS = "holds"
DIRECTION = "holds in direction"
UNRESOLVED = "not resolved at this scale"
CONTRADICTED = "contradicted"
UNMEASURED = "not measured"


@dataclass(frozen=True)
class Metric:
    """One measured quantity; a row of the scoreboard when `headline`."""

    title: str
    unit: str
    implementation: str
    headline: bool = True


@dataclass(frozen=True)
class PaperValue:
    """The paper's number, where it stands, at what scale; `checked=False` prints a warning.

    `source` tells where it was read: the paper itself, or who quotes it.
    """

    value: float
    table: str
    scale: str
    checked: bool
    source: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper with the numeric rule, fixed before the run, that judges it.

    `holds`, `direction` and `contradicted` are expressions over metric names (means over seeds),
    tried in this order, with `+ - * /`, comparisons, `and`, `or`, `abs`, `min` and `max`.
    """

    text: str
    holds: str
    direction: str = "False"
    contradicted: str = "False"

    def status(self, values: Mapping[str, float]) -> str:
        """The verdict; a claim whose rule needs what nobody measured is `not measured`."""
        rules = ((self.holds, HOLDS), (self.direction, DIRECTION))
        for rule, status in (*rules, (self.contradicted, CONTRADICTED)):
            if names(rule) <= values.keys() and evaluate(rule, values):
                return status
        return UNRESOLVED if names(self.holds) <= values.keys() else UNMEASURED


@dataclass(frozen=True)
class Unit:
    """The smallest piece of an experiment that finishes by itself: a training, or a scoring.

    `run(run)` measures every metric of `metrics`. `needs` are data sets of the registry and
    `package:NAME`s; `after` are units of the same seed whose weights or results are read.
    """

    name: str  # unique within the chapter: it names the file of the result
    run: Callable[[Run], None]
    metrics: tuple[str, ...]
    steps: int = 0  # optimiser steps, for the time left
    priority: int = 0  # 0 headline, 1 further, 2 ablation: lower first, over all seeds
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A chapter's experiment: `units(config)` measure one seed; the rest says what it means."""

    chapter: int
    config: Mapping[str, Any]
    units: Callable[[Any], Sequence[Unit]]
    metrics: Mapping[str, Metric]
    paper: Mapping[str, PaperValue]
    claims: tuple[Claim, ...]
    differs: str
    derived: Mapping[str, str] = field(default_factory=dict)  # metric -> expression, per seed
    seeds: Mapping[str, int] = field(default_factory=dict)  # that a record of a profile needs
    precision: str = ""  # "fp32": of every arm, on any device; "": the device's mixed precision
    fixed_shapes: bool = True  # whether cudnn may look for the fastest kernel of each shape

    def __post_init__(self) -> None:
        for claim in self.claims:
            for rule in (claim.holds, claim.direction, claim.contradicted):
                if unknown := names(rule) - self.metrics.keys():
                    raise CourseError(f"rule {rule!r} names undeclared metrics {sorted(unknown)}")
        for name, rule in self.derived.items():
            if unknown := (names(rule) | {name}) - self.metrics.keys():
                raise CourseError(f"derived {name} names undeclared metrics {sorted(unknown)}")
        if self.precision not in ("", "fp32"):
            raise CourseError(f"precision {self.precision!r}: declare fp32, or nothing")
        if unknown := self.paper.keys() - self.metrics.keys():
            raise CourseError(f"paper values for undeclared metrics {sorted(unknown)}")

    def plan(self, profile: str) -> tuple[Unit, ...]:
        """The units of one seed in this profile, checked, in the order in which they run."""
        if profile not in self.config:
            raise CourseError(
                f"chapter {self.chapter:02d} has no profile {profile}: it has "
                f"{', '.join(self.config)}"
            )
        units = tuple(self.units(self.config[profile]))
        if not units:
            raise CourseError(f"chapter {self.chapter:02d} offers no unit in profile {profile}")
        earlier: set[str] = set()
        measured: set[str] = set(self.derived)
        for unit in units:
            self._check(unit, earlier, measured)
            earlier.add(unit.name)
            measured.update(unit.metrics)
        return units

    def _check(self, unit: Unit, earlier: set[str], measured: set[str]) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", unit.name):
            raise CourseError(f"unit {unit.name!r}: letters, digits, dots and dashes name a file")
        if unit.name in earlier:
            raise CourseError(f"two units are called {unit.name!r}")
        if unknown := set(unit.metrics) - self.metrics.keys():
            raise CourseError(f"unit {unit.name} names undeclared metrics {sorted(unknown)}")
        if twice := set(unit.metrics) & measured:
            raise CourseError(f"unit {unit.name} measures {sorted(twice)}, which another one does")
        if late := set(unit.after) - earlier:
            raise CourseError(f"unit {unit.name} comes after {sorted(late)}: list them before it")
