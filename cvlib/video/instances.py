"""Means over regions: of an instance, so that a car has one colour, or of a class."""

from __future__ import annotations

import torch
from torch import Tensor


def pool(x: Tensor, index: Tensor) -> Tensor:
    """The mean of x (B, C, H, W) over each region of each image, painted back: (B, C, H, W).

    `index` (B, H, W) holds whole numbers; pixels of one number are one region. So vid2vid turns a
    map of features into one vector an instance.
    """
    B, C = x.shape[:2]
    image = torch.arange(B, device=x.device).view(B, 1, 1).expand_as(index)
    pairs = torch.stack([image, index.long()]).flatten(1)  # (2, B H W)
    _, region = torch.unique(pairs, dim=1, return_inverse=True)  # (B H W,)

    values = x.movedim(1, -1).reshape(-1, C)  # (B H W, C)
    sums = values.new_zeros(int(region.max()) + 1, C).index_add_(0, region, values)
    counts = torch.bincount(region).to(x.dtype)  # (regions,)
    means = sums / counts[:, None]
    return means[region].view(*index.shape, C).movedim(-1, 1)
