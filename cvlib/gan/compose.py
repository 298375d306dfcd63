"""Attention as a mask between a picture and what is painted over it: one convention.

Everywhere in this package attention is **the share that is repainted**: 0 keeps the input, 1 takes
the new colour (GANimation, first version, Eq. 1). The paper's second version and its public code
mean the opposite by the same letter; `repaint_share` converts their masks.
"""

from __future__ import annotations

import torch
from torch import Tensor


def compose(image: Tensor, color: Tensor, attention: Tensor) -> Tensor:
    """`attention * color + (1 - attention) * image`, exact at both ends.

    `image` and `color` are (B, C, H, W), `attention` (B, 1, H, W) in [0, 1].
    """
    return torch.lerp(image, color, attention.expand_as(image))


def repaint_share(keep_mask: Tensor) -> Tensor:
    """Attention (B, 1, H, W) of this package from a mask that is 1 where the input is kept."""
    return 1 - keep_mask


def total_variation(attention: Tensor) -> Tensor:
    """The sum of squared differences of neighbours, a mean over the maps: a scalar.

    `attention` is (B, 1, H, W). A step of height h between two columns costs `H h^2`. Public code
    sums absolute differences over the whole batch instead: another weight for every batch size.
    """
    down = (attention[:, :, 1:] - attention[:, :, :-1]).square().sum((1, 2, 3))  # (B,)
    across = (attention[:, :, :, 1:] - attention[:, :, :, :-1]).square().sum((1, 2, 3))
    return (down + across).mean()


def attention_loss(attention: Tensor, tv: float) -> Tensor:
    """The price of repainting, `mean(A) + tv * total_variation(A) / (H W)`: a scalar.

    `attention` is (B, 1, H, W). The paper has the map's Euclidean norm in place of the mean, and no
    division by its size; both are stated per pixel here, so that one weight serves all sizes.
    """
    height, width = attention.shape[-2:]
    return attention.mean() + tv * total_variation(attention) / (height * width)
