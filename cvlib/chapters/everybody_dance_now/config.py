"""The sizes of every profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """TODO: what one run is made of; each size with its unit."""

    points: int  # of training
    steps: int
    batch: int = 32
    lr: float = 0.5


CONFIG = {
    "smoke": Config(points=256, steps=40),
    "laptop": Config(points=2048, steps=400),
    "workshop": Config(points=2048, steps=400),
    "full": Config(points=8192, steps=2000),
}
