"""GANimation's two nets: a generator that repaints a face, a critic that also reads action units
(Pumarola et al. 2018, Sec. 4 and 5).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.compose import compose


class Painted(NamedTuple):
    """What the generator gives: `image` and `color` (B, 3, H, W), `attention` (B, 1, H, W)."""

    image: Tensor
    attention: Tensor
    color: Tensor


class Residual(nn.Module):
    """`x + f(x)` with two normalised convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width, 3)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.InstanceNorm2d(width, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, width, H, W) to features of the same shape."""
        h = self.first(x)
        h = self.second(h)
        return x + self.norm(h)


class Animator(nn.Module):
    """The generator G: a picture and an expression to the picture with that expression.

    Two heads share one body: a colour C and an attention A, which says how much of each pixel is
    repainted. With `attention=False` every pixel is (A = 1). `width` channels at full size, four
    times as many at a quarter, where `blocks` residual blocks work.
    """

    def __init__(self, aus: int, width: int, blocks: int, attention: bool = True) -> None:
        super().__init__()
        self.stem = _conv(3 + aus, width, 5)
        self.down = nn.Sequential(_halved(width, 2 * width), _halved(2 * width, 4 * width))
        self.body = nn.Sequential(*(Residual(4 * width) for _ in range(blocks)))
        self.up_1 = _conv(4 * width, 2 * width, 3)
        self.up_2 = _conv(2 * width, width, 3)
        self.color = nn.Conv2d(width, 3, 5, padding=2)
        self.attention = nn.Conv2d(width, 1, 5, padding=2) if attention else None

    def forward(self, x: Tensor, y: Tensor) -> Painted:
        """Repaint pictures (B, 3, H, W) in [-1, 1] towards expressions (B, n) in [0, 1]."""
        if x.shape[-1] % 4 or x.shape[-2] % 4:
            raise CourseError(f"pictures of {tuple(x.shape[-2:])}: sides are multiples of 4")
        tiled = y[:, :, None, None].expand(-1, -1, *x.shape[-2:])  # (B, n, H, W)
        h = self.stem(torch.cat([x, tiled], dim=1))  # (B, w, H, W)

        h = self.down(h)  # (B, 4w, H/4, W/4)
        h = self.body(h)

        # Growing by repetition, then a convolution: transposed ones leave checkerboards.
        h = self.up_1(F.interpolate(h, scale_factor=2))  # (B, 2w, H/2, W/2)
        h = self.up_2(F.interpolate(h, scale_factor=2))  # (B, w, H, W)

        C = torch.tanh(self.color(h))  # (B, 3, H, W)
        if self.attention is None:
            return Painted(C, torch.ones_like(C[:, :1]), C)
        A = torch.sigmoid(self.attention(h))  # (B, 1, H, W)
        return Painted(compose(x, C, A), A, C)


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.InstanceNorm2d(outputs, affine=True), nn.ReLU())


def _halved(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.InstanceNorm2d(outputs, affine=True), nn.ReLU())


class Judge(nn.Module):
    """The critic D: scores of patches, and the action units that it reads, from one body.

    Stride-2 convolutions without norm, from `width` channels on doubling up to `cap`, until 4 x 4
    positions are left. `size` is the side of the square pictures, a power of 2.
    """

    def __init__(self, aus: int, size: int, width: int, cap: int = 1024) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise CourseError(f"pictures of side {size}: a power of 2 from 8 on is needed")
        layers: list[nn.Module] = []
        before = 3
        now = width
        while size > 4:
            layers += [nn.Conv2d(before, now, 4, stride=2, padding=1), nn.LeakyReLU(0.01)]
            before = now
            now = min(2 * now, cap)
            size //= 2
        self.body = nn.Sequential(*layers)
        self.patches = nn.Conv2d(before, 1, 3, padding=1, bias=False)
        self.reader = nn.Conv2d(before, aus, 4)

    def score(self, x: Tensor) -> Tensor:
        """Wasserstein scores (B, 4, 4) of the patches of pictures (B, 3, H, H); no sigmoid."""
        return self.patches(self.body(x))[:, 0]

    def read(self, x: Tensor) -> Tensor:
        """The action units (B, n) that D sees in pictures (B, 3, H, H)."""
        return self.reader(self.body(x)).flatten(1)


def with_noise(x: Tensor, sigma: float, draw: torch.Generator) -> Tensor:
    """Pictures (B, 3, H, W) with normal noise of deviation `sigma`, drawn on their device.

    A reader that sees nothing else cannot be talked into an expression by a faint pattern.
    """
    if sigma == 0:
        return x
    noise = torch.randn(x.shape, generator=draw, device=x.device)
    return x + sigma * noise.to(x.dtype)
