"""What a perturbation is compared with, and how it is stored: flip, noise, range, whole levels."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

LOW, HIGH = 40, 215  # grey levels between which +-40 never leaves 0..255


def rescale_range(x: Tensor) -> Tensor:
    """Squeeze images in [0, 1], of any shape, to levels `LOW` to `HIGH` of 255, still in [0, 1].

    So no perturbation of up to 40 levels is clipped anywhere.
    """
    return (LOW + x * (HIGH - LOW)) / 255


def flip_control(levels: Tensor, adv: Tensor) -> Tensor:
    """uint8 images (B, C, S, S) with the perturbation of `adv` (B, C, S, S) turned upside down.

    The same values in the same neighbourhoods, in places where they mean nothing to a network.
    """
    delta = adv.int() - levels.int()
    return (levels.int() + delta.flip(-2)).clamp(0, 255).to(torch.uint8)


def random_sign(levels: Tensor, eps: int, generator: torch.Generator) -> Tensor:
    """uint8 images (B, C, S, S), plus or minus `eps` levels in every pixel and channel."""
    coin = torch.randint(0, 2, levels.shape, generator=generator, device=levels.device)
    return (levels.int() + eps * (2 * coin - 1)).clamp(0, 255).to(torch.uint8)


def quantize_linf(x_adv: Tensor, x_uint8: Tensor, eps: int) -> Tensor:
    """Images in [0, 1] as uint8 (B, C, S, S) no farther than `eps` whole levels from `x_uint8`.

    Rounding comes first (ties to even), then the bound, in integers: converting to uint8 without
    rounding cuts off and shifts every image by half a level.
    """
    if x_uint8.dtype != torch.uint8 or x_adv.shape != x_uint8.shape:
        raise CourseError("give the original as uint8, of the shape of the perturbed image")
    original = x_uint8.int()
    levels = torch.round(255 * x_adv).int()
    bounded = torch.clamp(levels, original - eps, original + eps)
    return bounded.clamp(0, 255).to(torch.uint8)


def to_levels(x: Tensor) -> Tensor:
    """Images in [0, 1], of any shape, as uint8, rounded."""
    return (255 * x).round().clamp(0, 255).to(torch.uint8)


def displayed(levels: Tensor) -> Tensor:
    """uint8 images, of any shape, as a network meets them: in [0, 1]."""
    return levels.float() / 255
