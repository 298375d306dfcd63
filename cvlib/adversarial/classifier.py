"""A network as an attack meets it: pixels as displayed go in, fine logits come out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError


class Classifier(nn.Module):
    """A frozen network behind its own preprocessing.

    Images come as displayed, (B, C, S, S) in [0, 1]; the wrapper resizes them (antialiased) to
    `size`, multiplies by `scale`, turns to BGR if the network wants it, and normalizes. So the
    bound of an attack lives in displayed pixels, whatever the network's units are.
    """

    def __init__(
        self, net: nn.Module, mean: Sequence[float], std: Sequence[float], *,
        size: int | None = None, scale: float = 1.0, bgr: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.net = net.eval().requires_grad_(False)  # weight gradients would cost half as much more
        self.size, self.scale, self.bgr = size, scale, bgr
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def train(self, mode: bool = True) -> Classifier:
        """Stay in evaluation mode: batch norm that trains would be another network."""
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        """Displayed images (B, C, S, S) in [0, 1] -> logits (B, fine)."""
        if x.ndim != 4 or x.shape[1] != len(self.mean) or not x.is_floating_point():
            raise CourseError(
                f"this network reads floating-point images (B, {len(self.mean)}, S, S) in [0, 1], "
                f"got {x.dtype} {tuple(x.shape)}"
            )
        if self.size and x.shape[-1] != self.size:
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", antialias=True)
        if self.bgr:
            x = x.flip(1)
        return self.net((x * self.scale - self.mean) / self.std)
