"""The residual blocks of G and D (SAGAN, Sec. 4; Miyato & Koyama 2018).

Two exact identities make them cheaper than their definition. A 1x1 convolution commutes with
nearest upsampling and with average pooling, so shortcuts run at the low resolution. And a 3x3
convolution next to a resampling by two is one 4x4 convolution of stride two: 4 instead of 9
products per high-resolution value.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.gan.norm import ClassTable, ConditionalBatchNorm2d, SharedVector, spectral_norm


def conv(inputs: int, outputs: int, kernel: int, sn: bool) -> nn.Module:
    """A same-size `kernel x kernel` convolution, spectrally normalised if `sn`."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    return spectral_norm(layer) if sn else layer


def upsample(x: Tensor) -> Tensor:
    """Nearest upsampling by two: (B, C, H, W) -> (B, C, 2H, 2W)."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _box2x2(kernel: Tensor) -> Tensor:
    """Convolve 3x3 kernels (O, I, 3, 3) with a 2x2 box: (O, I, 4, 4)."""
    p = F.pad(kernel, (1, 1, 1, 1))
    return p[..., 1:, 1:] + p[..., 1:, :-1] + p[..., :-1, 1:] + p[..., :-1, :-1]


def conv_of_upsampled(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """`layer(upsample(x))` of a 3x3 layer, as one transposed 4x4 convolution of stride two."""
    kernel = _box2x2(layer.weight.flip(2, 3)).transpose(0, 1)
    return F.conv_transpose2d(x, kernel, layer.bias, stride=2, padding=1)


def pooled_conv(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """`avg_pool2d(layer(x), 2)` of a 3x3 layer, as one 4x4 convolution of stride two."""
    return F.conv2d(x, _box2x2(layer.weight) / 4, layer.bias, stride=2, padding=1)


class GBlock(nn.Module):
    """G's block, twice the size: CBN-ReLU-up-conv3-CBN-ReLU-conv3, shortcut up-conv1."""

    def __init__(
        self, inputs: int, outputs: int, condition: ClassTable | SharedVector, sn: bool
    ) -> None:
        super().__init__()
        self.bn1 = ConditionalBatchNorm2d(inputs, condition)
        self.bn2 = ConditionalBatchNorm2d(outputs, condition)
        self.conv1 = conv(inputs, outputs, 3, sn)
        self.conv2 = conv(outputs, outputs, 3, sn)
        self.shortcut = conv(inputs, outputs, 1, sn)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map `x` (B, C, H, W) to (B, C', 2H, 2W); `condition` is what its batch norms take."""
        h = F.relu(self.bn1(x, condition))
        h = conv_of_upsampled(self.conv1, h)  # (B, C', 2H, 2W)
        h = F.relu(self.bn2(h, condition))
        h = self.conv2(h)
        return h + upsample(self.shortcut(x))


class DBlock(nn.Module):
    """D's block: ReLU-conv3-ReLU-conv3(-pool), shortcut (pool-)conv1.

    With `down` it halves the size, else the shortcut is the identity where the widths agree. The
    `first` block sees the image, which no ReLU may clip.
    """

    def __init__(
        self, inputs: int, outputs: int, sn: bool, down: bool = True, first: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = conv(inputs, outputs, 3, sn)
        self.conv2 = conv(outputs, outputs, 3, sn)
        learned = down or inputs != outputs
        self.shortcut = conv(inputs, outputs, 1, sn) if learned else nn.Identity()
        self.down = down
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (B, C, H, W) to (B, C', H/2, W/2), or (B, C', H, W) without `down`."""
        h = x if self.first else F.relu(x)  # out of place: the shortcut needs x as it came
        h = F.relu(self.conv1(h))  # (B, C', H, W)

        if not self.down:
            return self.conv2(h) + self.shortcut(x)
        h = pooled_conv(self.conv2, h)  # (B, C', H/2, W/2)
        return h + self.shortcut(F.avg_pool2d(x, 2))
