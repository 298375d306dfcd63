"""Keypoint tracks that the tests know everything about."""

import torch

from cvlib.dance.skeleton import BODY21


def standing(line, height, width=64):
    """One BODY21 pose per foot line: upright in the middle column, (T, 21, 3) float64.

    Ankles stand at y = line, the nose is `height` above them.
    """
    line = torch.as_tensor(line, dtype=torch.float64)
    height = torch.as_tensor(height, dtype=torch.float64).expand_as(line)
    up = torch.linspace(0, 1, len(BODY21.joints), dtype=torch.float64).repeat(len(line), 1)
    up[:, BODY21.index("nose")] = 1.0
    up[:, BODY21.index("right_ankle", "left_ankle")] = 0.0
    y = line[:, None] - up * height[:, None]
    x = torch.full_like(y, (width - 1) / 2)
    return torch.stack([x, y, torch.ones_like(y)], dim=-1)


def scattered(frames, seed=0, size=64.0):
    """Random places, all found: (T, 21, 3) float64."""
    draw = torch.Generator().manual_seed(seed)
    places = size * torch.rand(frames, len(BODY21.joints), 2, generator=draw, dtype=torch.float64)
    return torch.cat([places, torch.ones_like(places[..., :1])], dim=-1)
