"""What a chapter declares before anything runs: sizes, metrics, the paper's values, its claims."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cvlib.course.errors import CourseError

if TYPE_CHECKING:
    from cvlib.course.run.run import Run

HOLDS = "holds"
DIRECTION = "holds in direction"
UNRESOLVED = "not resolved at this scale"
CONTRADICTED = "contradicted"
STATUSES = (HOLDS, DIRECTION, UNRESOLVED, CONTRADICTED)


@dataclass(frozen=True)
class Metric:
    """One measured quantity; a row of the scoreboard when `headline`."""

    title: str
    unit: str
    implementation: str
    headline: bool = True


@dataclass(frozen=True)
class PaperValue:
    """The paper's number, where it stands, at what scale; `checked=False` prints a warning."""

    value: float
    table: str
    scale: str
    checked: bool


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
        """One of `STATUSES`; a metric that was not measured leaves the claim unresolved."""
        rules = ((self.holds, HOLDS), (self.direction, DIRECTION))
        for rule, status in (*rules, (self.contradicted, CONTRADICTED)):
            if names(rule) <= values.keys() and evaluate(rule, values):
                return status
        return UNRESOLVED


@dataclass(frozen=True)
class Experiment:
    """A chapter's experiment: `run(run)` measures one seed; the rest says what it means."""

    chapter: int
    config: Mapping[str, Any]
    run: Callable[[Run], None]
    metrics: Mapping[str, Metric]
    paper: Mapping[str, PaperValue]
    claims: tuple[Claim, ...]
    differs: str
    flops: Mapping[str, float] = field(default_factory=dict)  # of one seed, by profile

    def __post_init__(self) -> None:
        for claim in self.claims:
            for rule in (claim.holds, claim.direction, claim.contradicted):
                if unknown := names(rule) - self.metrics.keys():
                    raise CourseError(f"rule {rule!r} names undeclared metrics {sorted(unknown)}")
        if unknown := self.paper.keys() - self.metrics.keys():
            raise CourseError(f"paper values for undeclared metrics {sorted(unknown)}")


_FUNCTIONS = {"abs": abs, "min": min, "max": max}
_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.UnaryOp, ast.USub, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Name, ast.Load,
    ast.Constant, ast.Call,
)  # fmt: skip


def _parse(rule: str) -> ast.Expression:
    tree = ast.parse(rule, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise CourseError(f"rule {rule!r} uses {type(node).__name__}, which rules may not")
    return tree


def names(rule: str) -> set[str]:
    """The metric names in a rule."""
    found = {node.id for node in ast.walk(_parse(rule)) if isinstance(node, ast.Name)}
    return found - _FUNCTIONS.keys()


def evaluate(rule: str, values: Mapping[str, float]) -> bool:
    """The truth of a rule over metric values: what is printed is what is computed."""
    code = compile(_parse(rule), "rule", "eval")
    return bool(eval(code, {"__builtins__": {}}, {**_FUNCTIONS, **values}))
