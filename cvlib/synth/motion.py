"""Skeletons that move: bones, angles, and forward kinematics.

A skeleton is a tree of bones, each a direction and a length in the rest pose; a motion gives each
bone a few angles a frame, as motion capture does. Metres and degrees; x points to the dancer's
left, y up, z where the dancer faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

TURNS = ("rx", "ry", "rz")


@dataclass(frozen=True)
class Bone:
    """One bone of the rest pose; `dof` names the angles that a motion gives it, in its order."""

    name: str
    parent: str  # "root" or a bone that comes before this one
    direction: tuple[float, float, float]  # unit, from the parent's end to this bone's end
    length: float  # metres
    axis: tuple[float, float, float] = (0.0, 0.0, 0.0)  # degrees: the frame that the dof turn about
    dof: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skeleton:
    """A tree of bones, parents before their children. The root is a point, not a bone."""

    bones: tuple[Bone, ...]
    unit: float = 1.0  # metres: what a motion file of this skeleton counts the root's place in

    def __getitem__(self, name: str) -> Bone:
        return next(bone for bone in self.bones if bone.name == name)


@dataclass(frozen=True)
class Motion:
    """T frames of a skeleton's angles, float64."""

    root: Tensor  # (T, 6): where the root is, in metres, and how it is turned, in degrees
    angles: Mapping[str, Tensor]  # bone -> (T, number of its dof), degrees; missing: zero
    fps: float

    def __len__(self) -> int:
        return len(self.root)


@dataclass(frozen=True)
class Pose:
    """Where the bones of T frames are: each bone's far end, and its turn out of the rest pose."""

    ends: Mapping[str, Tensor]  # "root" or bone -> (T, 3), metres
    turns: Mapping[str, Tensor]  # "root" or bone -> (T, 3, 3)


def euler(degrees: Tensor) -> Tensor:
    """The rotation Rz Ry Rx by angles (..., 3) about x, y and z: (..., 3, 3)."""
    cx, cy, cz = degrees.deg2rad().cos().unbind(-1)
    sx, sy, sz = degrees.deg2rad().sin().unbind(-1)
    rows = (
        (cy * cz, cz * sx * sy - cx * sz, sx * sz + cx * cz * sy),
        (cy * sz, cx * cz + sx * sy * sz, cx * sy * sz - cz * sx),
        (-sy, cy * sx, cx * cy),
    )
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def forward_kinematics(
    skeleton: Skeleton, motion: Motion, stretch: Mapping[str, float] | None = None
) -> Pose:
    """Walk down the tree: `R = R_parent C M C'`, and `end = end_parent + R direction length`.

    C is the bone's axis, M the motion's angles, both as rotations; `stretch` multiplies the
    lengths of the bones that it names. Ends are (T, 3), turns (T, 3, 3).
    """
    stretch = stretch or {}
    ends = {"root": motion.root[:, :3]}  # (T, 3)
    turns = {"root": euler(motion.root[:, 3:])}  # (T, 3, 3)

    for bone in skeleton.bones:
        C = euler(torch.tensor(bone.axis, dtype=torch.float64))  # (3, 3)
        M = euler(_slots(bone, motion))  # (T, 3, 3)
        R = turns[bone.parent] @ C @ M @ C.T  # (T, 3, 3)

        reach = torch.tensor(bone.direction, dtype=torch.float64)
        reach = reach * bone.length * stretch.get(bone.name, 1.0)  # (3,)

        turns[bone.name] = R
        ends[bone.name] = ends[bone.parent] + R @ reach  # (T, 3)
    return Pose(ends, turns)


def _slots(bone: Bone, motion: Motion) -> Tensor:
    """The bone's angles about x, y and z, (T, 3); what it cannot turn about stays zero."""
    slots = torch.zeros(len(motion), 3, dtype=torch.float64)
    given = motion.angles.get(bone.name)
    if given is not None:
        slots[:, [TURNS.index(channel) for channel in bone.dof]] = given
    return slots
