"""The family as factories, channels -> layer: what networks take as their `norm`."""

from __future__ import annotations

import math
from functools import partial

from torch import nn

from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d, choose_groups
from cvlib.normalization.resnet import Norm


def ghost(images_per_worker: int) -> Norm:
    """Batch norm on workers with this many images."""
    return partial(GhostBatchNorm2d, images_per_worker=images_per_worker)


def group(groups: int) -> Norm:
    """Group norm with up to this many groups."""
    return lambda channels: GroupNorm2d(channels, choose_groups(channels, groups))


def group_of(width: int) -> Norm:
    """Group norm with up to `width` channels in each group."""
    return lambda channels: GroupNorm2d(channels, channels // math.gcd(channels, width))


def layer_norm(channels: int) -> nn.Module:
    """Layer norm over channels and positions: group norm with one group."""
    return GroupNorm2d(channels, 1)


def instance_norm(channels: int) -> nn.Module:
    """Instance norm: group norm with one channel in each group."""
    return GroupNorm2d(channels, channels)
