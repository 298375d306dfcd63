"""Agreement of two sets of numbers: intraclass correlation and its relatives."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


def icc(a: Tensor, b: Tensor, kind: Literal["3,1", "2,1"] = "3,1") -> float:
    """Intraclass correlation of two ratings (n,) of the same n things (Shrout and Fleiss 1979).

    "3,1" forgives a constant shift between the raters, "2,1" does not. 1 is perfect agreement, 0
    is what unrelated ratings have; it can be negative. Raises `CourseError` for fewer than 3 pairs
    or ratings that are all one number.
    """
    if a.shape != b.shape or a.dim() != 1 or len(a) < 3:
        raise CourseError("two ratings of at least 3 things are compared, each a row of numbers")
    ratings = torch.stack([a, b], dim=1).double()  # (n, 2)
    n = len(ratings)
    grand = ratings.mean()
    rows = ratings.mean(dim=1)  # (n,)
    columns = ratings.mean(dim=0)  # (2,)

    between_things = 2 * (rows - grand).square().sum() / (n - 1)
    between_raters = n * (columns - grand).square().sum()  # one degree of freedom
    left = ratings - rows[:, None] - columns + grand
    residual = left.square().sum() / (n - 1)

    spread = between_things + residual
    if kind == "2,1":
        spread = spread + 2 / n * (between_raters - residual)
    if float(spread) <= 0:
        raise CourseError("all ratings are one number: agreement is undefined")
    return float((between_things - residual) / spread)


def icc_columns(a: Tensor, b: Tensor) -> list[float]:
    """ICC(3,1) of every column of two tables (n, K)."""
    return [icc(a[:, k], b[:, k]) for k in range(a.shape[1])]


def cross_talk(requested: Tensor, shown: Tensor) -> Tensor:
    """How much each shown quantity follows each requested one: slopes (K, K).

    Row i, column j: what an increase of 1 in requested i adds to shown j, by least squares over n
    pairs, both (n, K). Perfect control is the identity.
    """
    centred = requested - requested.mean(dim=0)
    response = shown - shown.mean(dim=0)
    return torch.linalg.lstsq(centred.double(), response.double()).solution
