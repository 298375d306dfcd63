"""All sizes of chapter 08, by profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Arm:
    """One method: what it remembers, and which parts of vid2vid it has."""

    name: str
    title: str
    memory: Literal["none", "first", "past"]  # nothing, the first two frames, the last two made
    flow: bool = False
    video_d: bool = False
    prior: bool = False  # cars are painted by a net of their own, which sees labels only
    priority: int = 0


ARMS = (
    Arm("frames", "frame by frame", "none"),
    Arm("full", "vid2vid", "past", flow=True, video_d=True),
    Arm("first", "frame by frame, first frames shown", "first", priority=1),
    Arm("no_flow", "vid2vid without flow", "past", video_d=True, priority=1),
    Arm("no_dv", "vid2vid without D_V", "past", flow=True, priority=1),
    Arm("prior", "vid2vid with a net for cars", "past", flow=True, video_d=True, prior=True,
        priority=1),
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """From the step `start` on, clips of `frames` generated frames are trained on."""

    start: int
    frames: int


@dataclass(frozen=True)
class Weights:
    """The weights of the objective (Sec. 3.2; lambda_W = 10 is the paper's)."""

    matching: float = 5.0  # of features of the discriminators
    picture: float = 10.0  # L1 of colours and edges, in place of VGG-19
    raw: float = 5.0  # the same for the hallucination alone: it learns where the mask hides it
    flow: float = 10.0
    mask: float = 10.0
    hidden: float = 4.0  # how much a hidden pixel counts in the mask's loss


@dataclass(frozen=True)
class Config:
    """All sizes of one profile. Clips are counted in clips, times in frames, sizes in pixels."""

    size: tuple[int, int]
    clips: int
    frames: int  # of a training clip
    held_out: int  # clips
    horizon: int  # frames that are generated of a held-out clip
    width: int  # of the generators
    blocks: int
    d_widths: tuple[int, ...]
    d_scales: int  # sizes at which the image discriminator looks
    temporal_scales: int  # paces at which the video discriminator looks
    steps: int
    stages: tuple[Stage, ...]
    batch: int = 4
    lr: float = 4e-4  # of G
    lr_d: float = 1.6e-3  # of the discriminators, or they learn too little to be heard
    memory: int = 2  # L: frames that vid2vid remembers
    stay: int = 20  # generated frames after which a repainted car is looked at
    weights: Weights = Weights()
    arms: tuple[Arm, ...] = ARMS

    def unroll(self, step: int) -> int:
        """How many frames are generated at a step."""
        return [stage.frames for stage in self.stages if stage.start <= step][-1]


CONFIG = {
    "smoke": Config(
        size=(32, 64), clips=6, frames=9, held_out=2, horizon=10, width=8, blocks=1,
        d_widths=(16,), d_scales=1, temporal_scales=1, steps=40,
        stages=(Stage(0, 1), Stage(20, 2)), arms=ARMS[:2],
    ),
    "laptop": Config(
        size=(32, 64), clips=40, frames=18, held_out=6, horizon=40, width=12, blocks=1,
        d_widths=(16, 32), d_scales=1, temporal_scales=1, steps=1000,
        stages=(Stage(0, 1), Stage(520, 4), Stage(760, 8), Stage(890, 16)),
    ),
    "workshop": Config(
        size=(64, 128), clips=40, frames=20, held_out=6, horizon=40, width=32, blocks=5,
        d_widths=(32, 64), d_scales=2, temporal_scales=2, steps=1200,
        stages=(Stage(0, 2), Stage(400, 4), Stage(800, 8)),
    ),
    "full": Config(
        size=(64, 128), clips=160, frames=24, held_out=12, horizon=60, width=48, blocks=7,
        d_widths=(64, 128, 256), d_scales=2, temporal_scales=2, steps=6000,
        stages=(Stage(0, 2), Stage(1500, 4), Stage(3000, 8), Stage(4500, 16)), batch=8,
    ),
}  # fmt: skip
