"""Short names and groups of all tasks, those of the rendered rooms and those of the authors."""

from __future__ import annotations

from cvlib.taskonomy.published import SEMANTIC, THREE_D
from cvlib.taskonomy.tasks import TASKS

GEOMETRIC = {
    "room_layout", "vanishing_point_well_defined", "ego_motion", "fix_pose", "non_fixated_pose",
    "point_match", "jigsaw",
}  # fmt: skip
SHORT = {
    "autoencoder": "autoenc.", "class_1000": "objects", "class_places": "scenes",
    "colorization": "colorize", "edge2d": "2D edges", "edge3d": "occl. edges",
    "ego_motion": "egomotion", "fix_pose": "pose, fixed", "impainting_whole": "in-paint",
    "keypoint2d": "2D keys", "keypoint3d": "3D keys", "non_fixated_pose": "pose",
    "point_match": "matching", "rgb2depth": "z-depth", "rgb2mist": "distance",
    "rgb2sfnorm": "normals", "room_layout": "layout", "segment25d": "2.5D segm.",
    "segment2d": "2D segm.", "segmentsemantic_rb": "semantic",
    "vanishing_point_well_defined": "vanishing",
}  # fmt: skip


def label(name: str) -> str:
    """A task's short name for a picture, ours or the authors'."""
    return (
        TASKS[name].title.removesuffix(" segmentation") if name in TASKS else SHORT.get(name, name)
    )


def group(name: str) -> str:
    """2D, 3D, semantic or geometric; an untrained encoder counts as 2D."""
    if name in TASKS:
        return TASKS[name].group
    for members, kind in ((THREE_D, "3D"), (SEMANTIC, "semantic"), (GEOMETRIC, "geometric")):
        if name in members:
            return kind
    return "2D"
