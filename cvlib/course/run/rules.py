"""Rules over metric names: the arithmetic in which claims are judged and values derived."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from cvlib.course.errors import CourseError

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


def compute(rule: str, values: Mapping[str, float]) -> float:
    """The value of an expression over metric values; `ZeroDivisionError` where it divides by 0."""
    code = compile(_parse(rule), "rule", "eval")
    return eval(code, {"__builtins__": {}}, {**_FUNCTIONS, **values})


def evaluate(rule: str, values: Mapping[str, float]) -> bool:
    """The truth of a rule over metric values: what is printed is what is computed."""
    return bool(compute(rule, values))
