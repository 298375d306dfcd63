"""How well a class per pixel is found: intersection over union."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


def confusion(predicted: Tensor, truth: Tensor, classes: int) -> Tensor:
    """How often class j was answered where i is true: (classes, classes), over all pixels.

    `predicted` and `truth` have one shape; pixels whose truth is no class (void) do not count.
    """
    counted = (truth >= 0) & (truth < classes)
    pairs = classes * truth[counted] + predicted[counted]
    return torch.bincount(pairs.flatten(), minlength=classes**2).reshape(classes, classes)


def mean_iou(table: Tensor) -> float:
    """Mean over classes of intersection over union in %, from a `confusion` table.

    A class that neither occurs nor is answered is left out. Raises `CourseError` without pixels.
    """
    if not table.any():
        raise CourseError("no pixel has a class: intersection over union needs labelled pixels")
    both = table.diag().double()  # (classes,)
    either = table.sum(0) + table.sum(1) - table.diag()
    present = either > 0
    return 100.0 * (both[present] / either[present]).mean().item()
