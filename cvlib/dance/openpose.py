"""OpenPose's files: a folder with one JSON per frame, of any of its versions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cvlib.course import atomic
from cvlib.course.errors import CourseError
from cvlib.dance.skeleton import BODY25, COCO18, Skeleton, convert

FIELDS = ("pose_keypoints_2d", "pose_keypoints")  # since 2018, and before
LENGTHS = {3 * len(s.joints): s for s in (BODY25, COCO18)}


def read_openpose(folder: str | Path, skeleton: Skeleton = BODY25) -> Tensor:
    """Read a folder of OpenPose JSON files, in the order of their numbers: (T, K, 3) float32.

    Of several people the largest is taken; a frame without anybody has confidence 0 throughout.
    Raises `CourseError` for a folder without JSON, a damaged file or another number of joints.
    """
    files = sorted(Path(folder).glob("*.json"), key=_frame_number)
    if not files:
        raise CourseError(f"{folder} holds no .json: give the folder that OpenPose wrote to")
    frames = [_read_frame(path, skeleton) for path in files]
    return torch.stack(frames)  # (T, K, 3)


def _frame_number(path: Path) -> tuple[list[int], str]:
    """By all numbers in the name: frame_10 comes after frame_9, padded or not."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.stem


def _read_frame(path: Path, skeleton: Skeleton) -> Tensor:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise CourseError(f"{path.name} is no JSON (empty or cut off?): write it again") from None
    people = found.get("people") if isinstance(found, dict) else None
    if not isinstance(people, list):
        raise CourseError(f"{path.name} has no list 'people': it is no file of OpenPose")
    if not people:
        return torch.zeros(len(skeleton.joints), 3)
    poses = [_read_person(person, path, skeleton) for person in people]
    return max(poses, key=_area)


def _read_person(person: Any, path: Path, skeleton: Skeleton) -> Tensor:
    """One person's keypoints (K, 3) in the wanted skeleton."""
    numbers = next((person[field] for field in FIELDS if field in person), None)
    if numbers is None or len(numbers) not in LENGTHS:
        count = "no" if numbers is None else f"{len(numbers)}"
        raise CourseError(
            f"{path.name} has {count} pose numbers: 75 (BODY_25) and 54 (COCO) can be read"
        )
    pose = torch.tensor(numbers, dtype=torch.float32).view(-1, 3)  # (K, 3)
    return convert(pose, LENGTHS[len(numbers)], skeleton)


def _area(pose: Tensor) -> float:
    """The area of the box around the joints that were found."""
    found = pose[pose[:, 2] > 0, :2]
    if not len(found):
        return 0.0
    sides = found.amax(0) - found.amin(0)
    return float(sides.prod())


def write_openpose(keypoints: Tensor, folder: str | Path, skeleton: Skeleton = BODY25) -> None:
    """Write keypoints (T, K, 3) as OpenPose's BODY_25 files, one per frame, one person each."""
    frames = convert(keypoints, skeleton, BODY25)  # (T, 25, 3)
    for number, frame in enumerate(frames):
        missing = frame[:, 2:] == 0
        people = [{"person_id": [-1], FIELDS[0]: _rounded(frame.masked_fill(missing, 0.0))}]
        text = json.dumps({"version": 1.3, "people": people if not missing.all() else []})
        atomic.write(Path(folder) / f"frame_{number:012d}_keypoints.json", text)


def _rounded(frame: Tensor) -> Sequence[float]:
    """The numbers x0, y0, c0, x1, … to a ten-thousandth."""
    return [round(value, 4) for value in frame.flatten().tolist()]
