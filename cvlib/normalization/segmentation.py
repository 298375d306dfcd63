"""A fully convolutional network on a trained backbone, and street scenes to fine-tune it on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course import data
from cvlib.course.data import formats
from cvlib.course.errors import CourseError
from cvlib.normalization.images import mirrored, scale_of
from cvlib.normalization.resnet import ResNet

CAMVID = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian",
    "bicyclist",
)  # fmt: skip
VOID = 11  # the label of pixels that count for nothing


class FCN(nn.Module):
    """Scores of every stage of `backbone`, brought to the image's size and added.

    As Long et al. (2015) add the scores of several depths. They have no normalisation: what is
    compared is the backbone's.
    """

    def __init__(self, backbone: ResNet, classes: int) -> None:
        super().__init__()
        self.stem = backbone.stem
        self.stages = backbone.stages
        self.scores = nn.ModuleList(nn.Conv2d(c, classes, 1) for c in backbone.widths)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> scores (B, classes, H, W)."""
        size = x.shape[2:]
        x = self.stem(x)
        parts = []
        for stage, score in zip(self.stages, self.scores, strict=True):
            x = stage(x)  # (B, width, H/stride, W/stride)
            part = score(x)  # (B, classes, H/stride, W/stride)
            part = F.interpolate(part, size=size, mode="bilinear", align_corners=False)
            parts.append(part)  # (B, classes, H, W)
        return torch.stack(parts).sum(0)


@dataclass(frozen=True)
class Scenes:
    """Street scenes, uint8 (N, 3, H, W), with a class per pixel (N, H, W), on the device."""

    label: str
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]

    def batch(self, chosen: Tensor, flip: Tensor) -> tuple[Tensor, Tensor]:
        """Training scenes `chosen` (B,), normalised, and labels, mirrored where `flip` (B,)."""
        x = self.normalized(self.x[chosen])  # (B, 3, H, W)
        return mirrored(x, flip), mirrored(self.y[chosen], flip)

    def normalized(self, x: Tensor) -> Tensor:
        """uint8 scenes as floats with mean 0 and standard deviation 1 per channel over training."""
        mean, std = self._scale
        return (x.float() - mean) / std

    @cached_property
    def _scale(self) -> tuple[Tensor, Tensor]:
        return scale_of(self.x)


@lru_cache(maxsize=1)
def camvid(height: int, width: int, device: torch.device) -> Scenes:
    """CamVid's 367 training and 233 test scenes, shrunk to (height, width).

    Every pixel's class is that of the nearest pixel of the set. Raises `DataMissing` as
    `data.path` does, `CourseError` for a size that does not divide the set's.
    """
    parts = {}
    for part in ("train", "test"):
        x = _pictures(f"camvid-small/{part}", height, width)
        y = formats.load_npz(data.path(f"camvid-small/{part}-labels"))["label"]  # (N, H', W')
        steps = y.shape[1] // height, y.shape[2] // width
        if not all(steps) or y.shape[1:] != (height * steps[0], width * steps[1]):
            raise CourseError(
                f"CamVid's maps are {y.shape[1]}x{y.shape[2]}: {height}x{width} does not divide it"
            )
        y = y[:, steps[0] // 2 :: steps[0], steps[1] // 2 :: steps[1]]  # (N, H, W)
        parts[part] = x.to(device), torch.from_numpy(y.astype(np.int64)).to(device)
    label = f"CamVid (copy at {width}x{height} pixels)"
    return Scenes(label, *parts["train"], *parts["test"], CAMVID)


def _pictures(name: str, height: int, width: int) -> Tensor:
    """The pictures of a bundle, averaged down to (N, 3, height, width), uint8."""
    z = formats.load_npz(data.path(name))
    jpeg, offset = z["jpeg"].tobytes(), z["offset"].tolist()
    x = torch.from_numpy(formats.decode([jpeg[a:b] for a, b in pairwise(offset)]))
    small = F.adaptive_avg_pool2d(x.float(), (height, width))  # (N, 3, H, W)
    return small.round().to(torch.uint8)
