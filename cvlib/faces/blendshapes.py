"""Blendshape scores of a face tracker as controls that resemble action units."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.faces.aus import NUMBERS

# AU number -> the scores whose mean stands for it. A name without a side means left and right.
BLENDSHAPES = {
    1: ("browInnerUp",), 2: ("browOuterUp",), 4: ("browDown",), 5: ("eyeWide",),
    6: ("cheekSquint",), 7: ("eyeSquint",), 9: ("noseSneer",), 10: ("mouthUpperUp",),
    12: ("mouthSmile",), 14: ("mouthDimple",), 15: ("mouthFrown",), 17: ("mouthShrugLower",),
    20: ("mouthStretch",), 23: ("mouthPress",), 26: ("jawOpen",), 45: ("eyeBlink",),
}  # fmt: skip
ONE_SIDED = {"browInnerUp", "mouthShrugLower", "jawOpen", "mouthClose"}  # no Left and Right


def blendshapes_to_aus(scores: Mapping[str, float]) -> Tensor:
    """Controls (1, 17) in [0, 1] from the scores of a tracker such as MediaPipe's FaceLandmarker.

    Left and right are averaged. Parted lips (AU 25) have no score of their own: they are the
    strongest of the lower lip's, the upper lip's and one and a half times the jaw's, less
    `mouthClose`. The scores are no intensities of the coding system: call the result AU-like.
    Raises `CourseError` naming a score that is missing.
    """
    values = {
        number: sum(_score(scores, name) for name in names) / len(names)
        for number, names in BLENDSHAPES.items()
    }
    opened = max(
        _score(scores, "mouthLowerDown"),
        _score(scores, "mouthUpperUp"),
        1.5 * _score(scores, "jawOpen"),
    )
    values[25] = opened - _score(scores, "mouthClose")
    row = torch.tensor([[values[number] for number in NUMBERS]])
    return row.clamp(0, 1)


def _score(scores: Mapping[str, float], name: str) -> float:
    """A score, or the mean of its left and right ones."""
    keys = [name] if name in ONE_SIDED else [f"{name}Left", f"{name}Right"]
    for key in keys:
        if key not in scores:
            raise CourseError(f"the tracker gave no {key}: hand over all of its blendshapes")
    return sum(scores[key] for key in keys) / len(keys)
