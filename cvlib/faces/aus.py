"""Action units: the visible result of one muscle, or a few, as the Facial Action Coding System has
them (Ekman and Friesen 1978).

An expression is a vector (B, 17) of intensities in [0, 1], in the order of `UNITS`: 1 is the
strongest, the coding system's 5 of 5. An action unit is a movement, not an emotion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class ActionUnit:
    """One action unit: its number, what is seen, the muscle behind it.

    `box` is where it may change a rendered face of any identity, in face coordinates: x from the
    middle to either side, y downwards.
    """

    number: int
    title: str
    muscle: str
    box: Box

    @property
    def name(self) -> str:
        """`AU04`, as the public estimators write it."""
        return f"AU{self.number:02d}"


_FOREHEAD = (0.0, -0.72, 0.60, -0.05)
_BROW = (0.0, -0.54, 0.56, 0.05)
_EYE = (0.0, -0.36, 0.56, 0.06)
_CHEEK = (0.0, -0.34, 0.64, 0.28)
_NOSE = (0.0, -0.54, 0.48, 0.70)
_SMILE = (0.0, -0.10, 0.60, 0.74)
_MOUTH = (0.0, 0.04, 0.42, 0.74)
_CHIN = (0.0, 0.14, 0.36, 0.90)
_LOWER_FACE = (0.0, -0.20, 0.74, 1.12)

UNITS = (
    ActionUnit(1, "inner brows raised", "frontalis, inner part", _FOREHEAD),
    ActionUnit(2, "outer brows raised", "frontalis, outer part", _FOREHEAD),
    ActionUnit(4, "brows lowered, drawn together", "corrugator supercilii", _BROW),
    ActionUnit(5, "upper lids raised", "levator palpebrae", _EYE),
    ActionUnit(6, "cheeks raised", "orbicularis oculi, outer part", _CHEEK),
    ActionUnit(7, "lids tightened", "orbicularis oculi, inner part", _EYE),
    ActionUnit(9, "nose wrinkled", "levator labii alaeque nasi", _NOSE),
    ActionUnit(10, "upper lip raised", "levator labii superioris", _MOUTH),
    ActionUnit(12, "lip corners pulled up", "zygomaticus major", _SMILE),
    ActionUnit(14, "dimples", "buccinator", _MOUTH),
    ActionUnit(15, "lip corners pulled down", "depressor anguli oris", _MOUTH),
    ActionUnit(17, "chin raised", "mentalis", _CHIN),
    ActionUnit(20, "lips stretched", "risorius", _MOUTH),
    ActionUnit(23, "lips tightened", "orbicularis oris", _MOUTH),
    ActionUnit(25, "lips parted", "depressor labii inferioris", _LOWER_FACE),
    ActionUnit(26, "jaw dropped", "masseter, relaxed", _LOWER_FACE),
    ActionUnit(45, "eyes closed", "levator palpebrae, relaxed", _EYE),
)
NUMBERS = tuple(unit.number for unit in UNITS)
PLACE = {number: place for place, number in enumerate(NUMBERS)}  # AU number -> column

# Prototypes of the coding system's manual, as the literature on emotion quotes them.
EMOTION_RECIPES = {
    "happiness": (6, 12, 25),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 25, 26),
    "fear": (1, 2, 4, 5, 7, 20, 25, 26),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 15, 17),
}


def expression(strengths: Mapping[int, float] | Sequence[int]) -> Tensor:
    """One expression (1, 17) from `{AU number: strength}`, or from numbers at full strength.

    Raises `CourseError` for an AU that is not in the table or a strength outside [0, 1].
    """
    if not isinstance(strengths, Mapping):
        strengths = dict.fromkeys(strengths, 1.0)
    vector = torch.zeros(1, len(UNITS))
    for number, strength in strengths.items():
        if number not in PLACE:
            known = ", ".join(map(str, NUMBERS))
            raise CourseError(f"there is no AU {number} here: choose from {known}")
        if not 0 <= strength <= 1:
            raise CourseError(f"AU {number} has strength {strength}: it lies between 0 and 1")
        vector[0, PLACE[number]] = strength
    return vector


def checked(aus: Tensor) -> Tensor:
    """Expressions (B, 17), as they came, if they are any.

    Raises `CourseError` for another number of columns, values outside [0, 1], or nan.
    """
    if aus.dim() != 2 or aus.shape[1] != len(UNITS):
        raise CourseError(
            f"an expression is a row of {len(UNITS)} action units, not {tuple(aus.shape)}: "
            "make it with expression({12: 0.5})"
        )
    values = aus.detach()
    if not bool(((values >= 0) & (values <= 1)).all()):
        raise CourseError("an action unit lies outside [0, 1]: divide intensities of 0 to 5 by 5")
    return aus


def spread(strengths: Tensor, numbers: Sequence[int]) -> Tensor:
    """Expressions (B, 17) in which only the units `numbers` move, by strengths (B, n).

    Parted lips (25) follow a dropped jaw (26) where they are not among them: a jaw that drops
    behind closed lips is hardly seen.
    """
    aus = strengths.new_zeros(len(strengths), len(UNITS))
    for column, number in enumerate(numbers):
        aus[:, PLACE[number]] = strengths[:, column]
    if 26 in numbers and 25 not in numbers:
        aus[:, PLACE[25]] = strengths[:, list(numbers).index(26)]
    return aus


def between(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """`steps` expressions (steps, n) on the straight way from `start` (n,) to `end` (n,)."""
    share = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device)[:, None]
    return torch.lerp(start[None], end[None], share)


def sample_expressions(n: int, draw: torch.Generator, share: float = 0.35) -> Tensor:
    """Sparse expressions (n, 17) that a face could make; each unit is active with `share`.

    Lips cannot be pulled up and down at once, eyes not be closed and wide; a dropped jaw parts the
    lips; a smile often raises the cheeks.
    """
    active = torch.rand(n, len(UNITS), generator=draw) < share
    aus = torch.rand(n, len(UNITS), generator=draw) * active
    often = torch.rand(n, generator=draw) < 0.6

    def of(number: int) -> Tensor:
        return aus[:, PLACE[number]]  # (n,), a view: writing to it changes the expressions

    of(15).mul_(of(12) < 0.3)
    of(5).mul_(of(45) < 0.2)
    of(23).mul_(of(26) < 0.3)
    of(25).copy_(torch.maximum(of(25), 0.6 * of(26)))
    of(6).copy_(torch.where(often, torch.maximum(of(6), 0.5 * of(12)), of(6)))
    return aus
