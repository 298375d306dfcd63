"""Four small classifiers of different build: an ensemble is as good as it is diverse.

Each takes displayed images (B, C, S, S) in [0, 1] and gives logits (B, classes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

CENTRE, SPREAD = 0.25, 0.25  # what images between levels 40 and 215 are normalized with
GROUPS = 4  # of the group norms


@dataclass(frozen=True)
class Size:
    """What the nets read and how wide they are: `width` channels in the first layer."""

    channels: int = 1
    pixels: int = 28
    width: int = 16
    classes: int = 10

    @property
    def cells(self) -> int:
        """Positions of a map that was halved twice."""
        return (self.pixels // 4) ** 2


class Centred(nn.Module):
    """Displayed pixels, (B, C, S, S), to values around zero."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S, S) -> the same, normalized."""
        return (x - CENTRE) / SPREAD


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, group norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.GroupNorm(GROUPS, outputs),
        nn.ReLU(),
    )


class Residual(nn.Module):
    """x + f(x) with two 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(GROUPS, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        h = self.first(x)
        h = self.norm(self.second(h))
        return F.relu(x + h)


def pooling(s: Size) -> nn.Sequential:
    """3x3 convolutions with max pooling between them, as in VGG."""
    w = s.width
    return nn.Sequential(
        Centred(),
        conv(s.channels, w),
        nn.MaxPool2d(2),
        conv(w, 2 * w),
        nn.MaxPool2d(2),
        conv(2 * w, 2 * w),
        nn.Flatten(),
        nn.Linear(2 * w * s.cells, s.classes),
    )


def residual(s: Size) -> nn.Sequential:
    """Strided convolutions with residual blocks between them, as in ResNet."""
    w = s.width
    return nn.Sequential(
        Centred(),
        conv(s.channels, w, stride=2),
        Residual(w),
        conv(w, 2 * w, stride=2),
        Residual(2 * w),
        nn.Flatten(),
        nn.Linear(2 * w * s.cells, s.classes),
    )


def plain(s: Size) -> nn.Sequential:
    """Two strided 5x5 convolutions without any norm, and two linear layers."""
    w = s.width
    return nn.Sequential(
        Centred(),
        nn.Conv2d(s.channels, w, 5, 2, 2),
        nn.ReLU(),
        nn.Conv2d(w, 2 * w, 5, 2, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * w * s.cells, 4 * w),
        nn.ReLU(),
        nn.Linear(4 * w, s.classes),
    )


def depthwise(s: Size) -> nn.Sequential:
    """Depthwise and pointwise convolutions in turn, as in MobileNet."""
    w = 3 * s.width // 2
    return nn.Sequential(
        Centred(),
        conv(s.channels, w, 5, 2),
        conv(w, w, groups=w),
        conv(w, 2 * w, 1),
        conv(2 * w, 2 * w, stride=2, groups=2 * w),
        conv(2 * w, 2 * w, 1),
        nn.Flatten(),
        nn.Linear(2 * w * s.cells, s.classes),
    )


NETS: dict[str, Callable[[Size], nn.Sequential]] = {
    "pooling": pooling,
    "residual": residual,
    "plain": plain,
    "depthwise": depthwise,
}
