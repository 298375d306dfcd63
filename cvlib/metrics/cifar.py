"""A small net for colour images of 32 pixels: the features that compare them without Inception.

It is trained in the run that uses it (`train_color_features`), from a fixed seed.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError

SEED, BATCH, RATE = 0, 128, 3e-3
HELD_OUT = 10  # every tenth image judges the net


class ColorFeatureNet(nn.Module):
    """A classifier of ten classes; the mean over its last map, 128 numbers, is the feature."""

    name = "ColorFeatureNet 128-d (cvlib, trained on the same training images)"
    dim = 128
    resize = "none (32 px)"
    labels_match = True
    standardise = True  # its features have no natural scale

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 64, 128, 128)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.classify = nn.Linear(widths[-1], 10)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map uint8 images (B, 3, 32, 32) to features (B, 128) and logits (B, 10)."""
        if images.dtype != torch.uint8 or images.shape[1:] != (3, 32, 32):
            raise CourseError(
                "ColorFeatureNet takes uint8 images (B, 3, 32, 32), not "
                f"{images.dtype} {tuple(images.shape)}: to_uint8 quantises"
            )
        h = images.to(self.classify.weight.dtype) / 127.5 - 1
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            h = F.relu(norm(conv(h)))
            if i in (1, 3):
                h = F.max_pool2d(h, 2)  # 32 -> 16 -> 8
        features = h.mean((2, 3))
        return features, self.classify(features)


def train_color_features(x: Tensor, y: Tensor, epochs: int) -> tuple[ColorFeatureNet, float]:
    """Train on uint8 images (N, 3, 32, 32) and classes (N,); the net, and the share it gets right.

    Every tenth image is held out for that share. Images are mirrored at random.
    """
    held = torch.arange(len(x), device=x.device) % HELD_OUT == 0
    kept_x, kept_y = x[~held], y[~held]
    draw = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    net = ColorFeatureNet().to(x.device)
    opt = torch.optim.Adam(net.parameters(), RATE)
    steps = epochs * -(-len(kept_x) // BATCH)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, RATE, steps)

    for _ in range(epochs):
        for index in torch.randperm(len(kept_x), generator=draw).split(BATCH):
            index = index.to(x.device)
            images = kept_x[index]
            if torch.rand((), generator=draw) < 0.5:
                images = images.flip(3)
            opt.zero_grad()
            F.cross_entropy(net(images)[1], kept_y[index]).backward()
            opt.step()
            cycle.step()

    net = net.eval().requires_grad_(False)
    parts = zip(x[held].split(500), y[held].split(500), strict=True)
    hits = sum(int((net(images)[1].argmax(1) == classes).sum()) for images, classes in parts)
    return net, hits / int(held.sum())
