"""Dances without a dancer: a skeleton of our own, and beat-locked sums of sinusoids for it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.motion import Bone, Motion, Pose, Skeleton

DOWN, UP, AHEAD = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
BALL = (0.0, -0.42, 0.9075)  # from the ankle to the ball of the foot
SOLES = {"tibia": 0.085, "foot": 0.028, "toes": 0.02}  # metres from a bone's end down to the floor
TRUNK = ("lowerback", "upperback", "thorax")


def _side(side: str, out: float) -> tuple[Bone, ...]:
    """A leg and an arm; `out` is +1 to the left and -1 to the right.

    Elbows and wrists turn about one axis, `rx` in the frame `axis`: it is the body's vertical,
    pointing down on the left and up on the right, so that a positive angle bends either forward.
    """
    sideways = (out, 0.0, 0.0)
    hinge = (0.0, 0.0, -90.0 * out)
    return (
        Bone(f"{side}hipjoint", "root", (0.8 * out, -0.6, 0.0), 0.115),
        Bone(f"{side}femur", f"{side}hipjoint", DOWN, 0.42, dof=("rx", "ry", "rz")),
        Bone(f"{side}tibia", f"{side}femur", DOWN, 0.41, dof=("rx",)),
        Bone(f"{side}foot", f"{side}tibia", BALL, 0.136, dof=("rx", "rz")),
        Bone(f"{side}toes", f"{side}foot", AHEAD, 0.06, dof=("rx",)),
        Bone(f"{side}clavicle", "thorax", (0.98 * out, -0.199, 0.0), 0.175, dof=("ry", "rz")),
        Bone(f"{side}humerus", f"{side}clavicle", sideways, 0.27, dof=("rx", "ry", "rz")),
        Bone(f"{side}radius", f"{side}humerus", sideways, 0.17, hinge, ("rx",)),
        Bone(f"{side}wrist", f"{side}radius", sideways, 0.08, dof=("rx",)),
        Bone(f"{side}hand", f"{side}wrist", sideways, 0.085, hinge, ("rx", "rz")),
    )


# Bones named as in common motion capture, so that the dancer wears captured skeletons as well.
SKELETON = Skeleton((
    Bone("lowerback", "root", UP, 0.13, dof=("rx", "ry", "rz")),
    Bone("upperback", "lowerback", UP, 0.13, dof=("rx", "ry", "rz")),
    Bone("thorax", "upperback", UP, 0.13, dof=("rx", "ry", "rz")),
    Bone("lowerneck", "thorax", UP, 0.05, dof=("rx", "ry", "rz")),
    Bone("upperneck", "lowerneck", UP, 0.05, dof=("rx", "ry", "rz")),
    Bone("head", "upperneck", UP, 0.1, dof=("rx", "ry", "rz")),
    *_side("l", 1.0),
    *_side("r", -1.0),
))  # fmt: skip


def synth_dance(frames: int, fps: float = 30.0, bpm: float = 110.0, seed: int = 0) -> Motion:
    """A dance for `SKELETON`: every angle swings at a simple fraction of the beat.

    The seed draws how far and at which phase; equal seeds are equal dances, however long. Where
    the root is, is relative: `grounded` sets the lower foot on the floor.
    """
    if frames < 1 or fps <= 0 or bpm <= 0:
        raise CourseError(f"cannot dance {frames} frames at {fps:g} fps and {bpm:g} bpm: "
                          "give positive numbers")  # fmt: skip
    draw = torch.Generator().manual_seed(seed)
    beat = torch.arange(frames, dtype=torch.float64) / fps * bpm / 60 * 2 * math.pi  # (T,)

    def between(low: float, high: float) -> float:
        share = torch.rand((), generator=draw, dtype=torch.float64)
        return float(low + (high - low) * share)

    def wave(rate: float) -> Tensor:
        return torch.sin(rate * beat + between(0, 2 * math.pi))  # (T,), in [-1, 1]

    root = torch.stack([
        between(0.15, 0.4) * wave(1 / 8),  # steps to the side
        torch.zeros_like(beat),
        between(0.25, 0.5) * wave(1 / 12),  # to the camera and away from it
        3 * wave(1 / 4),
        22 * wave(1 / 8),  # faces left and right
        3 * wave(1 / 2),
    ], 1)  # fmt: skip
    angles = _trunk(between, wave) | _legs(between, wave) | _arms(between, wave)
    return Motion(root, {name: torch.stack(track, 1) for name, track in angles.items()}, fps)


Between = Callable[[float, float], float]
Wave = Callable[[float], Tensor]
Tracks = dict[str, list[Tensor]]  # bone -> its angles, each (T,) in degrees


def _trunk(between: Between, wave: Wave) -> Tracks:
    """Hips against shoulders, a nod on every beat, a look to the side."""
    bend = 4 * wave(1 / 4)
    twist = between(6, 16) * wave(1 / 2)
    lean = between(6, 14) * wave(1 / 2)
    nod = 5 * wave(1)
    look = 10 * wave(1 / 4)
    tilt = 4 * wave(1 / 2)
    none = torch.zeros_like(nod)
    return {
        "lowerback": [bend, twist / 2, lean / 2],
        "upperback": [bend / 2, twist / 2, -lean / 3],
        "thorax": [2 + none, twist / 3, -lean / 3],
        "lowerneck": [nod - 2, look, none],
        "upperneck": [nod / 2, look, tilt],
        "head": [nod / 2, look / 2, tilt],
    }


def _legs(between: Between, wave: Wave) -> Tracks:
    """Knees that bounce on the beat while the legs lift in turn; soles stay level."""
    bounce = between(8, 22) * (0.55 + 0.45 * wave(1))
    lift = between(20, 50)
    step = wave(1 / 2)
    tracks: Tracks = {}
    for side, out in (("l", 1), ("r", -1)):
        raised = lift * (out * step).clamp(min=0) ** 2
        open_ = 4 + 9 * wave(1 / 4).clamp(min=0)
        hip = -bounce - raised
        knee = 2 * bounce + 1.5 * raised
        tracks[f"{side}femur"] = [hip, out * 6 * wave(1 / 4), out * open_]
        tracks[f"{side}tibia"] = [knee]
        tracks[f"{side}foot"] = [-hip - knee, -out * open_]
    return tracks


def _arms(between: Between, wave: Wave) -> Tracks:
    """Both arms dance one figure, as in a mirror or one after the other, and each adds its own."""
    reach = between(45, 75)
    height = wave(1 / 4)
    swing = wave(1 / 2)
    bend = wave(1 / 2)
    mirrored = between(0, 1) < 0.5
    tracks: Tracks = {}
    for side, out in (("l", 1), ("r", -1)):
        turn = 1 if mirrored or side == "l" else -1
        raise_ = -35 + reach * (0.8 * turn * height + 0.4 * wave(1 / 4))
        forward = 20 + 15 * turn * swing + 8 * wave(1 / 2)
        tracks[f"{side}humerus"] = [12 * wave(1 / 4), -out * forward, out * raise_]
        tracks[f"{side}radius"] = [55 + 35 * turn * bend + 12 * wave(1)]
        tracks[f"{side}hand"] = [10 * wave(1 / 2), torch.zeros_like(bend)]
    return tracks


def grounded(pose: Pose) -> Pose:
    """The pose with the lower foot of every frame on the floor, y = 0; ends are (T, 3)."""
    heights = [
        pose.ends[side + bone][:, 1] - sole
        for bone, sole in SOLES.items()
        for side in "lr"
        if side + bone in pose.ends
    ]
    lowest = torch.stack(heights).amin(0)  # (T,)
    drop = torch.stack([torch.zeros_like(lowest), lowest, torch.zeros_like(lowest)], 1)  # (T, 3)
    return Pose({name: end - drop for name, end in pose.ends.items()}, pose.turns)
