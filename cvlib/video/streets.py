"""Rendered streets as footage: drives to train on, drives held out, and one car repainted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.synth.clip import Clip, film, instance_edges, stacked
from cvlib.synth.street import CAR, CLASSES, draw_street, repainted, street_set
from cvlib.video.footage import Batch, Footage
from cvlib.video.repaint import steady_object

HELD_OUT = 9000  # the first seed of the streets that are never trained on
RED = (0.85, 0.05, 0.05)
LEAST = 6  # pixels that a car must have to be watched


def footage_of(clips: Clip) -> Footage:
    """Rendered clips (N, T, ...) in the form that trainings read."""
    return Footage(
        frames=((clips.rgb + 1) * 127.5).round().byte(),
        labels=clips.labels.byte(),
        edges=instance_edges(clips.instances).bool().unsqueeze(2),
        flow=clips.flow.half(),
        visible=clips.visible,
        classes=len(CLASSES),
    )


@dataclass(frozen=True)
class Watched:
    """Held-out clips in which one car stays in the picture, as they were and with it red."""

    plain: Batch
    painted: Batch

    def to(self, device: torch.device) -> Watched:
        """The same clips on another device."""
        return Watched(self.plain.to(device), self.painted.to(device))


def watch_cars(seeds: range, clips: Clip, stay: int) -> Watched | None:
    """The drives of `seeds` whose clips (N, T, ...) keep a car in view for `stay` frames.

    None where there is no such drive. The painted clips are filmed anew, so that what the car
    should look like is known in every frame.
    """
    plain, painted = [], []
    for seed, index in zip(seeds, range(len(clips.rgb)), strict=True):
        short = clips[index : index + 1]
        car = steady_object(short.instances[0, :stay], short.labels[0, :stay] == CAR, LEAST)
        if not car:
            continue
        height, width = short.rgb.shape[-2:]
        street = repainted(draw_street(seed, (height, width)), car, RED)
        plain.append(clip_of(short, stay))
        painted.append(film(street, stay))
    if not plain:
        return None
    return Watched(footage_of(stacked(plain)).whole(), footage_of(stacked(painted)).whole())


def clip_of(clips: Clip, frames: int) -> Clip:
    """The first clip of a batch (N, T, ...), its first `frames` frames."""
    return Clip(**{name: value[0, :frames] for name, value in vars(clips).items()})


@dataclass(frozen=True)
class Streets:
    """What a training and its scores need."""

    train: Footage
    held_out: Batch
    watched: Watched | None


def film_streets(
    clips: int, frames: int, held_out: int, length: int, stay: int, size: tuple[int, int],
    device: torch.device,
) -> Streets:  # fmt: skip
    """`clips` drives of `frames` frames to train on, `held_out` others of `length` frames.

    Cars are watched for `stay` frames. All are cast once and then read from the user's cache.
    """
    seen = street_set(range(clips), frames, size, device)
    seeds = range(HELD_OUT, HELD_OUT + held_out)
    unseen = street_set(seeds, length, size, device)
    watched = watch_cars(seeds, unseen, stay)
    return Streets(
        train=footage_of(seen).to(device),
        held_out=footage_of(unseen).to(device).whole(),
        watched=watched.to(device) if watched else None,
    )


def class_means(found: Streets, clip: Batch) -> Tensor:
    """The clip (B, T, 3, H, W) in the mean colour that each class has in the training set."""
    train = found.train
    frames = train.frames.flatten(0, 1).float() / 127.5 - 1  # (N T, 3, H, W)
    labels = train.labels.flatten(0, 1).long()  # (N T, H, W)
    table = frames.new_zeros(train.classes, 3)
    for k in range(train.classes):
        table[k] = frames.movedim(1, -1)[labels == k].mean(0)
    named = clip.sources[:, :, : train.classes].argmax(2)  # (B, T, H, W)
    return table[named].movedim(-1, 2)
