"""All sizes of chapter 09, by profile."""

from __future__ import annotations

from dataclasses import dataclass, field

from cvlib.dance.material import Dances
from cvlib.dance.objective import Weights


@dataclass(frozen=True)
class Portrait:
    """Head and shoulders of the target, where a face is large enough to be judged."""

    height: int
    width: int
    face: int  # side of the face box
    dances: Dances
    steps: int  # of the main generator
    face_steps: int
    face_width: int = 16
    batch: int = 4


@dataclass(frozen=True)
class Config:
    """All sizes of one profile. Steps are optimiser steps; every step draws `2 batch` frames."""

    height: int
    width: int
    dances: Dances
    steps: int
    portrait: Portrait
    reader_steps: int
    detector_steps: int
    rival_steps: int  # of vid2vid: about as many seconds as `steps` of the others
    g_width: int = 16
    downs: int = 3
    blocks: int = 3
    rival_width: int = 12  # of vid2vid's generator
    d_widths: tuple[int, ...] = (24, 48)
    batch: int = 6
    lr: float = 5e-4
    weights: Weights = field(default_factory=Weights)
    stats_frames: int = 600  # of the dances behind pose statistics
    jitters: tuple[float, ...] = (0.0, 1.0, 2.0)  # pixels of noise on the source's joints
    sigma: float = 1.3  # frames, of the Gaussian that smooths keypoints


CONFIG = {
    "smoke": Config(
        64, 48, Dances((11,), 12, test=10, transfer=8), steps=8,
        portrait=Portrait(96, 72, 48, Dances((11,), 8, test=6, transfer=0), 4, 4),
        reader_steps=4, detector_steps=4, rival_steps=4,
    ),
    "laptop": Config(
        64, 48, Dances((11, 12, 13, 14), 90, test=70, transfer=60), steps=1500,
        portrait=Portrait(96, 72, 48, Dances((11, 12), 90, test=50, transfer=0), 400, 300),
        reader_steps=500, detector_steps=250, rival_steps=650,
    ),
    "workshop": Config(
        64, 48, Dances((11, 12, 13, 14), 90, test=70, transfer=60), steps=2000,
        portrait=Portrait(96, 72, 48, Dances((11, 12), 90, test=50, transfer=0), 1000, 800,
                          face_width=32),
        reader_steps=1000, detector_steps=500, rival_steps=900, g_width=32, rival_width=24,
        blocks=5, batch=8,
    ),
    "full": Config(
        96, 72, Dances((11, 12, 13, 14, 15), 120, test=90, transfer=60), steps=4000,
        portrait=Portrait(128, 96, 64, Dances((11, 12), 120, test=60, transfer=0), 2000, 1500,
                          face_width=32),
        reader_steps=1500, detector_steps=600, rival_steps=1800, g_width=48, rival_width=36,
        blocks=6, d_widths=(32, 64, 128), batch=8, lr=3e-4,
    ),
}  # fmt: skip
