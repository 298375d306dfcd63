"""What a generator of frames is trained with, besides its discriminators."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cvlib.video.flow import warp


def gradient_l1(fake: Tensor, real: Tensor) -> Tensor:
    """L1 distance of the differences between neighbouring pixels of (B, C, H, W): a scalar ().

    With the plain L1 it stands in for a perceptual loss where no VGG-19 is at hand: it asks for
    edges in the right place.
    """
    difference = fake - real
    across = difference[..., 1:] - difference[..., :-1]
    down = difference[..., 1:, :] - difference[..., :-1, :]
    return across.abs().mean() + down.abs().mean()


def picture_loss(fake: Tensor, real: Tensor) -> Tensor:
    """L1 of colours and of edges of images (B, C, H, W): a scalar ()."""
    return F.l1_loss(fake, real) + gradient_l1(fake, real)


def flow_loss(
    flow: Tensor, true_flow: Tensor, x: Tensor, previous: Tensor, trust: Tensor, unit: float = 8.0
) -> Tensor:
    """`L_W` (Eq. 8): the flow is right, and moves the *real* previous frame onto the real one; ().

    Flows are (B, 2, H, W) and counted in units of `unit` pixels, frames (B, 3, H, W). `trust`
    (B, 1, H, W) leaves out what no flow can explain; the mean is over all pixels.
    """
    endpoint = (flow - true_flow).abs() / unit
    photometric = (warp(previous, flow) - x).abs()
    return (endpoint * trust).mean() + (photometric * trust).mean()


def mask_loss(mask: Tensor, visible: Tensor, weight: float) -> Tensor:
    """Cross-entropy of the mask with true occlusion, both (B, 1, H, W): a scalar ().

    Only a few pixels in a hundred are hidden; each counts `weight` times, or the mask would learn
    to be zero.
    """
    hidden = 1 - visible
    counted = 1 + (weight - 1) * hidden
    loss = F.binary_cross_entropy(mask.float().clamp(1e-4, 1 - 1e-4), hidden, reduction="none")
    return (counted * loss).sum() / counted.sum()
