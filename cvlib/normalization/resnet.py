"""Residual networks with the normalisation as an argument (He et al. 2016; Sec. 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

Norm = Callable[[int], nn.Module]  # channels -> layer


def conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias: the normalisation after it has one."""
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the shortcut: the block of the small networks."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = conv(inputs, width, 3, stride)
        self.norm1 = norm(width)
        self.conv2 = conv(width, width, 3)
        self.norm2 = norm(width)
        self.shortcut = shortcut(inputs, width, stride, norm)
        nn.init.zeros_(self.norm2.weight)  # the block starts as its shortcut (Goyal et al. 2017)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C_in, H, W) -> (B, width, H/stride, W/stride)."""
        y = self.conv1(x)  # (B, width, H/stride, W/stride)
        y = F.relu(self.norm1(y))
        y = self.conv2(y)
        y = self.norm2(y)
        return F.relu(y + self.shortcut(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 (which strides), 1x1: the block of ResNet-50."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, norm: Norm) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = conv(inputs, width, 1)
        self.norm1 = norm(width)
        self.conv2 = conv(width, width, 3, stride)
        self.norm2 = norm(width)
        self.conv3 = conv(width, outputs, 1)
        self.norm3 = norm(outputs)
        self.shortcut = shortcut(inputs, outputs, stride, norm)
        nn.init.zeros_(self.norm3.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C_in, H, W) -> (B, 4 width, H/stride, W/stride)."""
        y = F.relu(self.norm1(self.conv1(x)))  # (B, width, H, W)
        y = F.relu(self.norm2(self.conv2(y)))  # (B, width, H/stride, W/stride)
        y = self.norm3(self.conv3(y))  # (B, 4 width, H/stride, W/stride)
        return F.relu(y + self.shortcut(x))


def shortcut(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Module:
    """The identity, or a projection where the shape changes."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(conv(inputs, outputs, 1, stride), norm(outputs))


class ResNet(nn.Module):
    """Stem, stages of blocks, global average, linear classifier.

    `blocks[i]` blocks of `widths[i]` channels make stage i, which starts with `strides[i]`.
    """

    def __init__(
        self, block: type[BasicBlock | Bottleneck], stem: nn.Module, blocks: Sequence[int],
        widths: Sequence[int], strides: Sequence[int], norm: Norm, classes: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.stem = stem
        stages: list[nn.Module] = []
        self.widths = tuple(width * block.expansion for width in widths)
        channels = widths[0]
        for count, width, stride in zip(blocks, widths, strides, strict=True):
            stage = []
            for i in range(count):
                stage.append(block(channels, width, stride if i == 0 else 1, norm))
                channels = width * block.expansion
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> logits (B, classes)."""
        x = self.stem(x)
        x = self.stages(x)  # (B, widths[-1], H/stride, W/stride)
        x = x.mean((2, 3))  # (B, widths[-1])
        return self.head(x)


def resnet_cifar(
    norm: Norm, *, channels: int = 3, widths: Sequence[int] = (16, 32, 64),
    strides: Sequence[int] = (1, 2, 2), blocks: int = 3, stem_stride: int = 1, classes: int = 10,
) -> ResNet:  # fmt: skip
    """The CIFAR family: a 3x3 stem and stages of basic blocks; 3 blocks a stage are ResNet-20."""
    stem = nn.Sequential(conv(channels, widths[0], 3, stem_stride), norm(widths[0]), nn.ReLU())
    return ResNet(BasicBlock, stem, [blocks] * len(widths), widths, strides, norm, classes)


def resnet50(norm: Norm, classes: int = 10) -> ResNet:
    """ResNet-50 for 3-channel images, with the stride in the 3x3 convolution."""
    stem = nn.Sequential(conv(3, 64, 7, 2), norm(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    widths = (64, 128, 256, 512)
    return ResNet(Bottleneck, stem, (3, 4, 6, 3), widths, (1, 2, 2, 2), norm, classes)


def plain_cnn(
    norm: Norm | None, *, channels: int = 1, width: int = 16, depth: int = 6, classes: int = 10
) -> nn.Sequential:
    """Equal 3x3 convolutions without shortcuts; `norm=None` leaves normalisation out (as VGG)."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layer = nn.Conv2d(channels if i == 0 else width, width, 3, padding=1, bias=norm is None)
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        layers += [layer, *([norm(width)] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))
