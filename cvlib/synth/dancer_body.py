"""A body around a skeleton: one round cone a bone, ellipsoids for the head, and 21 joints.

World: x right, y up, z away from the viewer. The dancer faces the viewer, so that her left is on
the picture's right; from her own frame to the world z changes its sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.synth.motion import Motion, Pose, Skeleton, forward_kinematics
from cvlib.synth.motion_dance import SKELETON, TRUNK, grounded
from cvlib.synth.ray_solids import Ellipsoids, RoundCones

RGB = tuple[float, float, float]
JOINTS = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist",
    "MidHip", "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle",
    "REye", "LEye", "REar", "LEar", "LBigToe", "RBigToe",
)  # fmt: skip
LIMB_JOINTS = {
    "Shoulder": "clavicle", "Elbow": "humerus", "Wrist": "wrist",
    "Hip": "hipjoint", "Knee": "femur", "Ankle": "tibia", "BigToe": "toes",
}  # fmt: skip
PARTS = (
    "background", "head", "neck", "torso", "hips",
    "left upper arm", "left forearm", "left hand", "left thigh", "left shin", "left foot",
    "right upper arm", "right forearm", "right hand", "right thigh", "right shin", "right foot",
)  # fmt: skip
SIDES = {"l": "left", "r": "right"}
CLOTHS = ("waist", "shirt", "sleeve", "trousers", "shin", "skin", "shoes", "hair", "face")


class Limb(NamedTuple):
    """What clothes a bone: radii in metres at its start and end, cloth, and part of the body."""

    start: float
    end: float
    cloth: str
    part: str
    soft: bool = True  # grows with the body's girth


# A bone starts a little thinner than its parent ends: of two equal balls, rounding would choose.
LIMBS = {
    "lowerback": Limb(0.115, 0.113, "waist", "torso"),
    "upperback": Limb(0.112, 0.122, "shirt", "torso"),
    "thorax": Limb(0.121, 0.082, "shirt", "torso"),
    "lowerneck": Limb(0.056, 0.052, "skin", "neck", soft=False),
    "upperneck": Limb(0.051, 0.05, "skin", "neck", soft=False),
    "clavicle": Limb(0.075, 0.058, "shirt", "torso"),
    "humerus": Limb(0.056, 0.04, "sleeve", "upper arm"),
    "radius": Limb(0.039, 0.034, "skin", "forearm"),
    "wrist": Limb(0.033, 0.028, "skin", "forearm"),
    "hand": Limb(0.03, 0.036, "skin", "hand", soft=False),
    "hipjoint": Limb(0.112, 0.1, "trousers", "hips"),
    "femur": Limb(0.094, 0.063, "trousers", "thigh"),
    "tibia": Limb(0.062, 0.045, "shin", "shin"),
    "foot": Limb(0.061, 0.036, "shoes", "foot", soft=False),
    "toes": Limb(0.035, 0.03, "shoes", "foot", soft=False),
}
HEAD = (0.0, 0.08, 0.015)  # the head's centre, from the end of the neck, in the head's frame
HEAD_SIZE = (0.078, 0.115, 0.095)
# Ellipsoids on the head: centre from the head's centre, semi-axes, cloth.
FEATURES = (
    ((0.0, 0.0, 0.0), HEAD_SIZE, "face"),
    ((0.0, 0.036, -0.019), (0.0845, 0.1, 0.0925), "hair"),
    ((0.0, -0.014, 0.094), (0.011, 0.021, 0.017), "skin"),  # nose
    ((0.082, 0.0, -0.005), (0.012, 0.027, 0.019), "skin"),  # ears
    ((-0.082, 0.0, -0.005), (0.012, 0.027, 0.019), "skin"),
)
EYE = (0.031, 0.02, 0.083)  # the left one, on the head's surface
EAR = (0.09, 0.0, -0.005)
NOSE = (0.0, -0.014, 0.11)
MIRROR = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)


@dataclass(frozen=True)
class Body:
    """Who dances: proportions relative to the skeleton's, colours in [0, 1]."""

    leg: float = 1.0
    arm: float = 1.0
    torso: float = 1.0
    girth: float = 1.0
    shirt: RGB = (0.76, 0.16, 0.15)
    stripe: RGB = (0.94, 0.92, 0.86)
    trousers: RGB = (0.16, 0.22, 0.42)
    shoes: RGB = (0.9, 0.9, 0.92)
    skin: RGB = (0.87, 0.67, 0.54)
    hair: RGB = (0.2, 0.12, 0.07)
    skeleton: Skeleton = SKELETON

    def stretch(self) -> dict[str, float]:
        """How much longer each bone is than the skeleton's."""
        legs = {s + b: self.leg for s in "lr" for b in ("femur", "tibia")}
        arms = {s + b: self.arm for s in "lr" for b in ("humerus", "radius", "wrist")}
        return legs | arms | dict.fromkeys(TRUNK, self.torso)


BODIES = {
    "tall": Body(),
    "short": Body(
        leg=0.82, girth=1.35, shirt=(0.15, 0.45, 0.4), stripe=(0.93, 0.8, 0.35),
        trousers=(0.36, 0.3, 0.27), skin=(0.55, 0.37, 0.26), hair=(0.07, 0.06, 0.07),
    ),
    "lean": Body(
        leg=1.05, arm=1.08, girth=0.85, shirt=(0.93, 0.72, 0.2), stripe=(0.93, 0.72, 0.2),
        trousers=(0.2, 0.2, 0.23), shoes=(0.7, 0.2, 0.2), hair=(0.62, 0.42, 0.2),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A body in T poses, in the world: M solids (cones first), 21 joints, the head's centre."""

    rotation: Tensor  # (T, M, 3, 3), object to world
    position: Tensor  # (T, M, 3)
    size: Tensor  # (M, 3), as `ray_solids` wants it
    cones: int
    cloth: Tensor  # (M,), of `CLOTHS`
    part: Tensor  # (M,), of `PARTS`
    joints: Tensor  # (T, 21, 3)
    head: Tensor  # (T, 3)

    def solids(self, t: int) -> tuple[RoundCones, Ellipsoids]:
        """What stands there in frame t."""
        n = self.cones
        return (
            RoundCones(self.rotation[t, :n], self.position[t, :n], self.size[:n]),
            Ellipsoids(self.rotation[t, n:], self.position[t, n:], self.size[n:]),
        )


def pose_body(body: Body, motion: Motion, room: float = 1.0) -> Figure:
    """Stand the body on the floor and dress it, in every frame of the motion.

    `room` shrinks the steps to the stage's size; legs shrink them too.
    """
    reach = torch.tensor([room, room, room, 1, 1, 1], dtype=torch.float64)
    reach[:3] *= body.leg
    nearer = Motion(motion.root * reach, motion.angles, motion.fps)
    pose = grounded(forward_kinematics(body.skeleton, nearer, body.stretch()))

    head = pose.ends["upperneck"] + pose.turns["head"] @ _vector(HEAD)  # (T, 3)
    joints = _joints(pose, head)  # (T, 21, 3)
    cones = _cones(body, pose)
    pieces = cones + _ellipsoids(pose.turns["head"], head)
    return Figure(
        MIRROR[:, None] * torch.stack([piece.rotation for piece in pieces], 1),
        MIRROR * torch.stack([piece.position for piece in pieces], 1),
        torch.tensor([piece.size for piece in pieces], dtype=torch.float64),
        len(cones),
        torch.tensor([CLOTHS.index(piece.cloth) for piece in pieces]),
        torch.tensor([PARTS.index(piece.part) for piece in pieces]),
        MIRROR * joints,
        MIRROR * head,
    )


def _joints(pose: Pose, head: Tensor) -> Tensor:
    """The 21 joints (T, 21, 3) in the dancer's frame; neck and hips lie halfway, as in data."""
    turn = pose.turns["head"]
    found = {"Nose": head + turn @ _vector(NOSE)}
    for letter, side in (("L", 1.0), ("R", -1.0)):
        mirrored = torch.tensor([side, 1.0, 1.0], dtype=torch.float64)
        found[f"{letter}Eye"] = head + turn @ (mirrored * _vector(EYE))
        found[f"{letter}Ear"] = head + turn @ (mirrored * _vector(EAR))
        for joint, bone in LIMB_JOINTS.items():
            found[letter + joint] = pose.ends[letter.lower() + bone]
    found["Neck"] = (found["LShoulder"] + found["RShoulder"]) / 2
    found["MidHip"] = (found["LHip"] + found["RHip"]) / 2
    return torch.stack([found[name] for name in JOINTS], 1)


class _Piece(NamedTuple):
    """One solid in T frames, in the dancer's frame."""

    rotation: Tensor  # (T, 3, 3)
    position: Tensor  # (T, 3)
    size: tuple[float, float, float]
    cloth: str
    part: str


def _cones(body: Body, pose: Pose) -> list[_Piece]:
    """A round cone a bone; bones without a limb, such as captured fingers, stay bare."""
    pieces = []
    stretch = body.stretch()
    for bone in body.skeleton.bones:
        side, name = ("", bone.name) if bone.name in LIMBS else (bone.name[:1], bone.name[1:])
        limb = LIMBS.get(name)
        if limb is None:
            continue
        length = bone.length * stretch.get(bone.name, 1.0)
        girth = body.girth if limb.soft else 1.0
        rotation = pose.turns[bone.name] @ _along(_vector(bone.direction))
        size = (length, limb.start * girth, limb.end * girth)
        sided = f"{SIDES.get(side, '')} {limb.part}"
        part = sided if sided in PARTS else limb.part
        pieces.append(_Piece(rotation, pose.ends[bone.parent], size, limb.cloth, part))
    return pieces


def _ellipsoids(turn: Tensor, head: Tensor) -> list[_Piece]:
    """The head's, by its turn (T, 3, 3) and its centre (T, 3)."""
    return [
        _Piece(turn, head + turn @ _vector(centre), size, cloth, "head")
        for centre, size, cloth in FEATURES
    ]


def _along(direction: Tensor) -> Tensor:
    """A rotation (3, 3) that turns the y axis along `direction` (3,)."""
    y = F.normalize(direction, dim=0)
    aside = _vector((1.0, 0.0, 0.0) if y[2].abs() > 0.9 else (0.0, 0.0, 1.0))
    x = F.normalize(torch.linalg.cross(y, aside), dim=0)
    return torch.stack([x, y, torch.linalg.cross(x, y)], 1)


def _vector(values: RGB) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
