"""Image sets on the device, normalised and augmented there: no loader limits a small batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course import data


@dataclass(frozen=True)
class Sets:
    """Training and test images, uint8 (N, C, H, W) on the device, with the scale of training."""

    label: str
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]

    def normalized(self, x: Tensor) -> Tensor:
        """uint8 images as floats with mean 0 and standard deviation 1 per channel over training."""
        mean, std = self._scale
        return (x.float() - mean) / std

    def test(self) -> tuple[Tensor, Tensor]:
        """The test images, normalised, and their labels."""
        return self.normalized(self.test_x), self.test_y

    @cached_property  # every training step asks for it
    def _scale(self) -> tuple[Tensor, Tensor]:
        return scale_of(self.x[:2000])


@lru_cache(maxsize=2)
def load_sets(name: str, train_images: int, device: torch.device) -> Sets:
    """The first `train_images` of the registered image set `name` and all its test images.

    The registered sets are shuffled, so that the first images are a fair sample.
    """
    found = data.images(name)
    label = found.label
    if train_images < len(found.train_x):
        label = f"{label}, the first {train_images:,} of {len(found.train_x):,} training images"
    return Sets(
        label,
        found.train_x[:train_images].to(device),
        found.train_y[:train_images].to(device),
        found.test_x.to(device),
        found.test_y.to(device),
        found.classes,
    )


def scale_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (1, C, 1, 1) of each channel of images x (N, C, H, W)."""
    std, mean = torch.std_mean(x.float(), (0, 2, 3), keepdim=True)
    return mean, std


def mirrored(x: Tensor, flip: Tensor) -> Tensor:
    """x (B, ..., W) with left and right exchanged where `flip` (B,) says so."""
    where = flip.reshape(-1, *(1,) * (x.ndim - 1))
    return torch.where(where, x.flip(-1), x)


def crop_and_flip(x: Tensor, shift: Tensor, flip: Tensor, pad: int) -> Tensor:
    """Every image moved by its own `shift` (B, 2) in 0..2*pad, and mirrored where `flip` (B,).

    x: (B, C, H, W), padded by reflection.
    """
    b, _, h, w = x.shape
    padded = F.pad(x, (pad, pad, pad, pad), mode="reflect")
    rows = shift[:, 0, None] + torch.arange(h, device=x.device)
    columns = shift[:, 1, None] + torch.arange(w, device=x.device)
    columns = torch.where(flip[:, None], columns.flip(1), columns)
    image = torch.arange(b, device=x.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)
