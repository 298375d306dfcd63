"""Reading motion capture: a skeleton from ASF text, its motion from AMC text.

Both are plain text. ASF lists the bones (direction, length, the axis that their angles turn about,
which angles they have) and their hierarchy; AMC lists, frame by frame, each bone's angles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from cvlib.course.errors import CourseError
from cvlib.synth.motion import TURNS, Bone, Motion, Skeleton

INCH = 0.0254
ORDERS = {"order": ["TX", "TY", "TZ", "RX", "RY", "RZ"], "axis": ["XYZ"]}  # of the root
Fields = dict[str, list[str]]


def read_asf(text: str) -> Skeleton:
    """The skeleton in the text of an ASF file, its lengths in metres.

    Raises `CourseError` naming the line or the bone that cannot be read.
    """
    unit = INCH
    bones: dict[str, Fields] = {}
    parents: dict[str, str] = {}
    section = ""
    current: Fields = {}

    for number, words in _lines(text):
        if words[0].startswith(":"):
            section = words[0]
        elif section == ":units" and words[0] == "length":
            unit = INCH / _numbers(words[1:], 1, f"ASF line {number}")[0]
        elif section == ":root" and words[1:] != ORDERS.get(words[0], words[1:]):
            raise CourseError(f"ASF line {number}: a root's {words[0]} other than "
                              f"{' '.join(ORDERS[words[0]])} is not read")  # fmt: skip
        elif section == ":bonedata" and words == ["begin"]:
            current = {}
        elif section == ":bonedata" and words == ["end"]:
            bones[" ".join(current.get("name", []))] = current
        elif section == ":bonedata":
            current[words[0]] = words[1:]
        elif section == ":hierarchy" and words not in (["begin"], ["end"]):
            parents.update(dict.fromkeys(words[1:], words[0]))

    if not parents:
        raise CourseError("this is no ASF skeleton: it has no bones under :hierarchy")
    found = tuple(_bone(bones, name, parent, unit) for name, parent in parents.items())
    _check_order(found)
    return Skeleton(found, unit)


def read_amc(text: str, skeleton: Skeleton, fps: float = 120.0) -> Motion:
    """The motion in the text of an AMC file that was taken with `skeleton`.

    Raises `CourseError` naming the line that has an unknown bone or a wrong count of angles.
    """
    counts = {bone.name: len(bone.dof) for bone in skeleton.bones} | {"root": 6}
    frames: list[dict[str, list[float]]] = []

    for number, words in _lines(text):
        where = f"AMC line {number}"
        if words[0].startswith(":"):
            continue  # :FULLY-SPECIFIED, :DEGREES
        if len(words) == 1 and words[0].isdigit():
            frames.append({})
        elif not frames or words[0] not in counts:
            raise CourseError(f"{where}: {words[0]!r} is no bone of this skeleton")
        else:
            frames[-1][words[0]] = _numbers(words[1:], counts[words[0]], where)

    if not frames or "root" not in frames[0]:
        raise CourseError("this is no AMC motion: no frame says where the root is")
    if any(frame.keys() != frames[0].keys() for frame in frames):
        raise CourseError("the frames of this AMC motion do not name the same bones")
    tracks = {
        name: torch.tensor([frame[name] for frame in frames], dtype=torch.float64)  # (T, dofs)
        for name in frames[0]
    }
    root = tracks.pop("root")
    root[:, :3] *= skeleton.unit
    return Motion(root, tracks, fps)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that is neither empty nor a comment, with its number."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            yield number, words


def _numbers(words: Sequence[str], count: int, where: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != count:
        raise CourseError(f"{where}: expected {count} numbers, got {' '.join(words) or 'none'}")
    return values


def _bone(bones: dict[str, Fields], name: str, parent: str, unit: float) -> Bone:
    fields = bones.get(name)
    if fields is None or not fields.keys() >= {"direction", "length", "axis"}:
        raise CourseError(f"the ASF bone {name!r} lacks its direction, length or axis")
    where = f"the ASF bone {name!r}"
    dof = tuple(fields.get("dof", ()))
    if not set(dof) <= set(TURNS):
        raise CourseError(f"{where} has the dof {' '.join(dof)}: only rx, ry and rz are read")
    if fields["axis"][3:] not in ([], ["XYZ"]):
        raise CourseError(f"{where} turns in the order {fields['axis'][3]}: only XYZ is read")
    axis = _numbers(fields["axis"][:3], 3, where)
    direction = _numbers(fields["direction"], 3, where)
    length = _numbers(fields["length"], 1, where)[0] * unit
    return Bone(name, parent, tuple(direction), length, tuple(axis), dof)


def _check_order(bones: Sequence[Bone]) -> None:
    """Refuse a hierarchy in which a bone hangs on one that does not come before it."""
    known = {"root"}
    for bone in bones:
        if bone.parent not in known:
            raise CourseError(f"the ASF bone {bone.name!r} hangs on {bone.parent!r}, "
                              "which no line before it connects to the root")  # fmt: skip
        known.add(bone.name)
