"""The two rendered dancers of the chapter, where they were filmed, and what of them is used.

A source tall and far away, a target short, wide and near. The renderer can also film what no camera
could: the target in the source's dance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.dance.footage import Footage, Motion, dance_keypoints, rendered
from cvlib.dance.placing import PoseStats, pose_stats
from cvlib.synth.dancer import BODIES, Body, Clip, Stage, dance_clip, portrait_stage

TARGET: Body = BODIES["short"]
SOURCE: Body = BODIES["tall"]


@dataclass(frozen=True)
class Dances:
    """Which dances are rendered: seeds of the choreography, and frames of each."""

    train: tuple[int, ...]
    frames: int  # of each dance in training
    test: int  # frames of the held-out dance
    transfer: int  # frames of the source's dance
    test_seed: int = 21
    source_seed: int = 3


def target_stage(height: int, width: int) -> Stage:
    """Where the target was filmed, in frames of height x width pixels."""
    return Stage(height, width, distance=4.1, eye=1.15, down=0.09, focal=2.1)


def source_stage(height: int, width: int) -> Stage:
    """Where the source was filmed: from farther away and from higher up."""
    return Stage(height, width, distance=5.2, eye=1.5, down=0.12, focal=1.8)


@dataclass(frozen=True)
class Material:
    """Footage of the target to train on, a dance of hers kept out, and the transfer."""

    target: Footage
    motion: Motion  # of the target's footage
    test: Clip  # with flow
    source: Clip
    truth: Clip  # the target in the source's dance


def film(dances: Dances, height: int, width: int, device: torch.device) -> Material:
    """Render everything that `Material` names; clips are kept in the user's cache."""
    stage, away = target_stage(height, width), source_stage(height, width)
    clips = [dance_clip(dances.frames, TARGET, stage, seed=s, flow=True) for s in dances.train]
    motion = Motion(
        torch.cat([clip.flow for clip in clips]), torch.cat([clip.visible for clip in clips])
    )
    return Material(
        target=rendered(*clips).to(device),
        motion=motion.to(device),
        test=dance_clip(dances.test, TARGET, stage, seed=dances.test_seed, flow=True),
        source=dance_clip(dances.transfer, SOURCE, away, seed=dances.source_seed),
        truth=dance_clip(dances.transfer, TARGET, stage, seed=dances.source_seed),
    )


@dataclass(frozen=True)
class Heads:
    """The portrait stage: footage to train on, and a dance kept out."""

    target: Footage
    test: Footage


def film_heads(dances: Dances, height: int, width: int, device: torch.device) -> Heads:
    """Render head and shoulders of the target."""
    stage = portrait_stage(height, width, TARGET)
    clips = [dance_clip(dances.frames, TARGET, stage, seed=seed) for seed in dances.train]
    test = dance_clip(dances.test, TARGET, stage, seed=dances.test_seed)
    return Heads(rendered(*clips).to(device), rendered(test).to(device))


@dataclass(frozen=True)
class Tracks:
    """Long dances as keypoints alone, (T, 21, 3) each, and both persons' pose statistics."""

    source: Tensor
    truth: Tensor  # the target's body in the source's dance
    source_stats: PoseStats
    target_stats: PoseStats


def track(frames: int, source_seed: int, target_seeds: Sequence[int], height: int, width: int
          ) -> Tracks:  # fmt: skip
    """Dances of `frames` frames: one of the source, several of the target."""
    stage, away = target_stage(height, width), source_stage(height, width)
    source = dance_keypoints(frames, SOURCE, away, source_seed)
    target = torch.cat([dance_keypoints(frames, TARGET, stage, seed) for seed in target_seeds])
    truth = dance_keypoints(frames, TARGET, stage, source_seed)
    return Tracks(source, truth, pose_stats(source), pose_stats(target))
