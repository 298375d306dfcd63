"""One formula for the whole family: four index sets, four normalisations (Sec. 3, Eq. 1-7)."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

Kind = Literal["bn", "ln", "in", "gn"]
NAMES = {"bn": "batch norm", "ln": "layer norm", "in": "instance norm", "gn": "group norm"}

# With x seen as (N, G, C/G, P): the axes over which one mean and one variance are taken.
AXES: dict[str, tuple[int, ...]] = {"bn": (0, 3), "ln": (1, 2, 3), "in": (3,), "gn": (2, 3)}


def normalize(x: Tensor, kind: Kind, *, groups: int = 32, eps: float = 1e-5) -> Tensor:
    """x minus the mean, over the standard deviation, of its index set S_i (Eq. 1, 2).

    x: (N, C, *), any number of trailing dimensions. The variance is the biased one (1/m), and
    half inputs are reduced in float32. `groups` is used by `gn` alone. Written to be read and
    to test against; `functional.group_norm` is the fast one.
    Raises `CourseError` for an unknown kind or a C that `groups` does not divide.
    """
    if kind not in get_args(Kind):
        raise CourseError(f"there is no normalisation {kind!r}: choose of bn, ln, in, gn")
    g = check_groups(x.shape[1], groups) if kind == "gn" else 1
    n, c = x.shape[:2]
    grouped = x.reshape(n, g, c // g, x.shape[2:].numel())  # (N, G, C/G, P)
    stats = grouped.float() if x.dtype in (torch.half, torch.bfloat16) else grouped
    mean = stats.mean(AXES[kind], keepdim=True)
    variance = (stats - mean).square().mean(AXES[kind], keepdim=True)
    normal = (stats - mean) / (variance + eps).sqrt()
    return normal.to(x.dtype).reshape(x.shape)


def check_groups(channels: int, groups: int) -> int:
    """`groups`, if it divides the channels into equal contiguous blocks; else `CourseError`."""
    if groups < 1 or channels % groups:
        raise CourseError(
            f"{channels} channels do not divide into {groups} groups: choose a divisor, such as "
            f"choose_groups({channels}, {groups})"
        )
    return groups


def set_size(kind: Kind, shape: tuple[int, ...], groups: int = 32) -> int:
    """m, the number of values behind one mean, for a tensor of `shape` (N, C, *)."""
    n, c, *rest = shape
    p = torch.Size(rest).numel()
    return {"bn": n * p, "ln": c * p, "in": p, "gn": c // groups * p}[kind]
