"""Skeletons: joints by name, the sticks between them, and how one becomes another.

Keypoints are tensors (T, K, 3): x and y in pixels (x to the right, y down, the centre of the first
pixel at 0), and a confidence in [0, 1]. A joint that was not found has confidence 0; its x and y
then mean nothing. NaN is never used.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

# What a skeleton without these joints can still tell: the middle of two others.
MIDDLES = {
    "neck": ("right_shoulder", "left_shoulder"),
    "mid_hip": ("right_hip", "left_hip"),
}


@dataclass(frozen=True)
class Skeleton:
    """Joints in the order in which keypoints list them, and the sticks drawn between them."""

    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()

    def index(self, *joints: str) -> list[int]:
        """Where these joints stand. Raises `CourseError` for one that is not there."""
        for joint in joints:
            if joint not in self.joints:
                raise CourseError(f"{self.name} has no {joint}: convert the keypoints first")
        return [self.joints.index(joint) for joint in joints]

    def mirrored(self) -> list[int]:
        """The order of the joints after left and right change places."""
        return self.index(*[_other_side(joint) for joint in self.joints])

    def colors(self) -> Tensor:
        """One colour per stick, (E, 3) in [0, 1]: warm on the right, cool on the left.

        Without two sides a figure seen from behind would look like one seen from the front.
        """
        sides = {"right_": (0.0, 0.16), "left_": (0.48, 0.68), "": (0.76, 0.92)}
        members = {side: [e for e in self.edges if _side(e) == side] for side in sides}
        rows = []
        for edge in self.edges:
            first, last = sides[_side(edge)]
            same = members[_side(edge)]
            share = same.index(edge) / max(len(same) - 1, 1)
            rows.append(colorsys.hsv_to_rgb(first + share * (last - first), 1.0, 1.0))
        return torch.tensor(rows)


def _other_side(joint: str) -> str:
    for here, there in (("left_", "right_"), ("right_", "left_")):
        if joint.startswith(here):
            return joint.replace(here, there, 1)
    return joint


def _side(edge: tuple[str, str]) -> str:
    """The side of a stick: that of its outer joint, empty for the spine."""
    for side in ("right_", "left_"):
        if edge[1].startswith(side):
            return side
    return ""


def convert(keypoints: Tensor, source: Skeleton, target: Skeleton) -> Tensor:
    """Keypoints (T, K, 3) of one skeleton as those (T, K', 3) of another.

    Joints of the same name are copied. A missing neck or mid-hip is the middle of the shoulders or
    hips, with the lesser of their confidences. What the source cannot tell has confidence 0.
    """
    if keypoints.shape[-2:] != (len(source.joints), 3):
        raise CourseError(
            f"{source.name} keypoints are (T, {len(source.joints)}, 3), "
            f"not {tuple(keypoints.shape)}"
        )
    found = [_joint(keypoints, source, joint) for joint in target.joints]
    return torch.stack(found, dim=-2)  # (T, K', 3)


def _joint(keypoints: Tensor, source: Skeleton, joint: str) -> Tensor:
    """One joint, (T, 3), read off or made from its parents."""
    if joint in source.joints:
        return keypoints[..., source.joints.index(joint), :]
    parents = MIDDLES.get(joint, ())
    if not parents or not set(parents) <= set(source.joints):
        return torch.zeros_like(keypoints[..., 0, :])
    pair = keypoints[..., source.index(*parents), :]  # (T, 2, 3)
    place = pair[..., :2].mean(-2)  # (T, 2)
    confidence = pair[..., 2].amin(-1, keepdim=True)  # (T, 1)
    return torch.cat([place, confidence], dim=-1)


_HEAD_AND_ARMS = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
)  # fmt: skip
_LEGS = (
    "mid_hip",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
)  # fmt: skip
_FACE = ("right_eye", "left_eye", "right_ear", "left_ear")
_LIMBS = (
    ("neck", "mid_hip"),
    ("neck", "right_shoulder"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("mid_hip", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ("mid_hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
    ("neck", "nose"),
    ("nose", "right_eye"), ("right_eye", "right_ear"),
    ("nose", "left_eye"), ("left_eye", "left_ear"),
)  # fmt: skip
_TOES = (("right_ankle", "right_big_toe"), ("left_ankle", "left_big_toe"))

# OpenPose's 25 joints, and the course's 21: the same without small toes and heels.
BODY25 = Skeleton(
    "BODY25",
    (
        *_HEAD_AND_ARMS, *_LEGS, *_FACE,
        "left_big_toe", "left_small_toe", "left_heel",
        "right_big_toe", "right_small_toe", "right_heel",
    ),
    (*_LIMBS, *_TOES),
)  # fmt: skip
BODY21 = Skeleton(
    "BODY21",
    (*_HEAD_AND_ARMS, *_LEGS, *_FACE, "left_big_toe", "right_big_toe"),
    (*_LIMBS, *_TOES),
)
# OpenPose's older COCO model: no mid-hip, no feet.
COCO18 = Skeleton("COCO18", (*_HEAD_AND_ARMS, *[j for j in _LEGS if j != "mid_hip"], *_FACE))
# The order of the COCO data set, which torchvision, YOLO and RTMPose give: no neck, no mid-hip.
COCO17 = Skeleton(
    "COCO17",
    (
        "nose", "left_eye", "right_eye", "left_ear", "right_ear",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
        "left_wrist", "right_wrist", "left_hip", "right_hip",
        "left_knee", "right_knee", "left_ankle", "right_ankle",
    ),
)  # fmt: skip
# MediaPipe's BlazePose.
BLAZE33 = Skeleton(
    "BLAZE33",
    (
        "nose", "left_eye_inner", "left_eye", "left_eye_outer",
        "right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear",
        "left_mouth", "right_mouth", "left_shoulder", "right_shoulder",
        "left_elbow", "right_elbow", "left_wrist", "right_wrist",
        "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb",
        "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
        "left_heel", "right_heel", "left_big_toe", "right_big_toe",
    ),
)  # fmt: skip
