"""Real or generated? A detector of consecutive frames, and what compression does to it."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn


class PairDetector(nn.Module):
    """A small CNN that scores two consecutive frames: positive means generated."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _layer(6, width),
            _layer(width, 2 * width),
            _layer(2 * width, 2 * width),
        )
        self.score = nn.Linear(2 * width, 1)

    def forward(self, pairs: Tensor) -> Tensor:
        """Scores (B,) of pairs of frames (B, 6, H, W) in [-1, 1]."""
        h = self.layers(pairs)  # (B, 2w, H/8, W/8)
        h = h.mean(dim=(2, 3))  # (B, 2w)
        return self.score(h).squeeze(1)


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
    return nn.Sequential(conv, nn.GroupNorm(4, outputs), nn.ReLU())


def pairs_of(clip: Tensor) -> Tensor:
    """All pairs of consecutive frames (T - 1, 6, H, W) of a clip (T, 3, H, W)."""
    return torch.cat([clip[:-1], clip[1:]], dim=1)


def pairs_at(video: Tensor, starts: Tensor) -> Tensor:
    """The pairs (n, 6, H, W) of frames `starts` (n,) of a video (N, 3, H, W) and their next."""
    return torch.cat([video[starts], video[starts + 1]], dim=1)


def detector_loss(D: PairDetector, real: Tensor, fake: Tensor) -> Tensor:
    """Mean cross-entropy () on real pairs and generated ones, each (B, 6, H, W)."""
    scores = D(torch.cat([real, fake]))  # (2B,)
    truth = torch.cat([scores.new_zeros(len(real)), scores.new_ones(len(fake))])
    return F.binary_cross_entropy_with_logits(scores, truth)


@torch.no_grad()
def detector_auc(D: PairDetector, real: Tensor, fake: Tensor) -> float:
    """How often a generated pair scores above a real one, of (n, 6, H, W) and (m, 6, H, W).

    The area under the ROC curve: 0.5 is guessing, 1 is always right; ties count half.
    """
    generated = D(fake)[:, None]  # (m, 1)
    true = D(real)[None]  # (1, n)
    wins = (generated > true).double() + 0.5 * (generated == true)
    return float(wins.mean())


def compressed(clip: Tensor, quality: int, shrink: int = 1) -> Tensor:
    """A clip (T, 3, H, W) in [-1, 1] after JPEG of this quality, at 1 / `shrink` of its size.

    It comes back at its size. What a platform does to a video, in the one codec every Python has.
    """
    height, width = clip.shape[-2:]
    frames = []
    for frame in clip.cpu():
        pixels = ((frame + 1) * 127.5).round().clamp(0, 255).byte()
        picture = Image.fromarray(pixels.permute(1, 2, 0).numpy())
        picture = picture.resize((width // shrink, height // shrink), Image.Resampling.BOX)
        file = io.BytesIO()
        picture.save(file, format="JPEG", quality=quality)
        picture = Image.open(file).resize((width, height), Image.Resampling.BILINEAR)
        frames.append(torch.from_numpy(np.array(picture)).permute(2, 0, 1))
    return torch.stack(frames).float().to(clip.device) / 127.5 - 1
