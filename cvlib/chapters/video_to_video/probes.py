"""Small measurements behind the chapter's pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cvlib.chapters.video_to_video.train import points


def threshold_errors(at: Sequence[float], count: int = 1000) -> list[float]:
    """Error in % of a threshold on the first coordinate alone, for each place of it."""
    x, y = points(count, seed=7)
    wrong = [(x[:, 0] > place).long() != y for place in at]
    return [100 * float(torch.as_tensor(w).float().mean()) for w in wrong]
