"""What the page reads out of a record and asks of the small nets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.chapters.self_attention_gan.config import PANEL
from cvlib.course.run.record import note
from cvlib.gan.attention import attention_maps
from cvlib.gan.sampling import latents, samples
from cvlib.gan.twins import TwinScores, score_samples

Curve = list[tuple[int, float]]  # (step, value)


def seed_values(record: Mapping[str, Any] | None, metric: str) -> list[float]:
    """What the seeds of a record measured, in their order; empty where none did."""
    if record is None:
        return []
    return [value for value in record["metrics"][metric]["values"] if value is not None]


def curves(record: Mapping[str, Any] | None, key: str = "live") -> dict[str, list[Curve]]:
    """The logged values `key` of every arm on images, one curve per seed."""
    found: dict[str, list[Curve]] = {}
    for line in record["history"] if record else ():
        curve = [(p["step"] + 1, p[key]) for p in line["points"] if key in p]
        if curve and line["task"] in PANEL:
            found.setdefault(line["task"], []).append(curve)
    return found


def diverged(record: Mapping[str, Any] | None) -> list[str]:
    """The arms on images that a seed of the record could not train to the end."""
    if record is None:
        return []
    return [
        arm for arm in PANEL if any(note(record, arm, "diverged", seed) for seed in record["seeds"])
    ]


def twin_scores(G: nn.Module, n: int = 1000) -> TwinScores:
    """The scores of `n` canvases of a twins generator."""
    return score_samples(samples(G, n, seed=1))


@torch.no_grad()
def looked_at(G: nn.Module, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """`n` canvases (n, 1, 16, 16) of a twins generator, and its attention maps (n, 64, 16)."""
    z, y = latents(G, n, torch.Generator().manual_seed(seed))
    return G(z, y), attention_maps(G, z, y)[8]
