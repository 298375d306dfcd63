"""A small net that reads action units off a picture, trained on noisy and blurred ones.

It never meets a generator: an estimate of its own, beside the judge that a generator was trained
against.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.gan.animation import with_noise


class AURegressor(nn.Module):
    """Pictures (B, 3, S, S) in [-1, 1] to action units (B, n); S is a multiple of 8."""

    def __init__(self, aus: int, size: int, width: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _block(3, width), _block(width, 2 * width), _block(2 * width, 4 * width)
        )
        self.out = nn.Conv2d(4 * width, aus, size // 8)

    def forward(self, x: Tensor) -> Tensor:
        """Read pictures (B, 3, S, S): (B, n), about in [0, 1]."""
        h = self.features(x)  # (B, 4 width, S/8, S/8)
        return self.out(h).flatten(1)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def train_estimator(
    pictures: Tensor, aus: Tensor, steps: int, sigma: float, draw: torch.Generator, batch: int = 64
) -> AURegressor:
    """An estimator trained on pictures (N, 3, S, S) in [-1, 1] that show `aus` (N, n).

    Half of each batch is blurred, all of it gets noise of a deviation up to `sigma`.
    """
    device = pictures.device
    net = AURegressor(aus.shape[1], pictures.shape[-1]).to(device)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    for _ in range(steps):
        chosen = torch.randint(len(pictures), (batch,), generator=draw, device=device)
        x = pictures[chosen]
        x = torch.cat([_blurred(x[: batch // 2]), x[batch // 2 :]])
        level = sigma * float(torch.rand((), generator=draw, device=device))
        loss = F.mse_loss(net(with_noise(x, level, draw)), aus[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.eval().requires_grad_(False)


def _blurred(x: Tensor) -> Tensor:
    """Pictures (B, 3, S, S) averaged over 3 x 3 pixels."""
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
