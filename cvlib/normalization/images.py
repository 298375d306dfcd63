"""Image sets on the device, normalised and augmented there: no loader limits a small batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

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

    @classmethod
    def load(cls, name: str, device: torch.device) -> Sets:
        """The registered image set `name`, whole on `device`."""
        found = data.images(name)
        tensors = (found.train_x, found.train_y, found.test_x, found.test_y)
        return cls(found.label, *(t.to(device) for t in tensors), found.classes)

    def normalized(self, x: Tensor) -> Tensor:
        """uint8 images as floats with mean 0 and standard deviation 1 per channel over training."""
        mean, std = self._scale
        return (x.float() - mean) / std

    def test(self) -> tuple[Tensor, Tensor]:
        """The test images, normalised, and their labels."""
        return self.normalized(self.test_x), self.test_y

    @cached_property  # every training step asks for it
    def _scale(self) -> tuple[Tensor, Tensor]:
        sample = self.x[:2000].float()
        std, mean = torch.std_mean(sample, (0, 2, 3), keepdim=True)
        return mean, std


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
