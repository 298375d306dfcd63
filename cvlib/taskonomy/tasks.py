"""The tasks of the rendered world: what is predicted, from what, and how wrong a prediction is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.rooms_cast import CLASSES

Kind = Literal["map", "edges", "classes", "vector"]
Group = Literal["2D", "3D", "semantic", "geometric"]


@dataclass(frozen=True)
class Task:
    """One task: the label's name among the rendered ones, its kind, and what the encoder sees."""

    name: str
    title: str
    group: Group
    kind: Kind
    channels: int
    label: str
    published: str  # the same task in the authors' tables
    spoil: str = ""  # how the input is spoilt: noise, hole or grey
    free: bool = False  # self-supervised: its labels cost nothing
    target: bool = True  # False: only a source


_ALL = (
    Task("autoencode", "autoencoding", "2D", "map", 3, "rgb", "autoencoder", free=True),
    Task("denoise", "denoising", "2D", "map", 3, "rgb", "denoise", "noise", free=True),
    Task("edge2d", "2D edges", "2D", "map", 1, "edge2d", "edge2d"),
    Task("normal", "surface normals", "3D", "map", 3, "normal", "rgb2sfnorm"),
    Task("depth", "z-depth", "3D", "map", 1, "depth", "rgb2depth"),
    Task("reshade", "reshading", "3D", "map", 1, "reshade", "reshade"),
    Task("edge3d", "occlusion edges", "3D", "edges", 1, "edge3d", "edge3d"),
    Task("semantic", "semantic segmentation", "semantic", "classes", len(CLASSES), "semantic",
         "segmentsemantic_rb"),
    Task("vanishing", "vanishing points", "geometric", "vector", 3, "vanishing",
         "vanishing_point_well_defined"),
    Task("layout", "room layout", "geometric", "vector", 3, "layout", "room_layout"),
    Task("inpaint", "in-painting", "2D", "map", 3, "rgb", "impainting_whole", "hole", free=True,
         target=False),
    Task("colorize", "colorization", "2D", "map", 3, "rgb", "colorization", "grey", free=True,
         target=False),
    Task("curvature", "curvature", "3D", "map", 1, "curvature", "curvature"),
    Task("distance", "distance", "3D", "map", 1, "distance", "rgb2mist"),
    Task("keypoint2d", "2D keypoints", "2D", "map", 1, "keypoint2d", "keypoint2d"),
    Task("keypoint3d", "3D keypoints", "3D", "map", 1, "keypoint3d", "keypoint3d"),
)  # fmt: skip

TASKS: dict[str, Task] = {task.name: task for task in _ALL}
RANDOM = "random"  # the source that was never trained


def task(name: str) -> Task:
    """The task called `name`."""
    if name not in TASKS:
        raise CourseError(f"there is no task {name!r}: choose of {', '.join(TASKS)}")
    return TASKS[name]


def spoilt(rgb: Tensor, how: str, generator: torch.Generator | None = None) -> Tensor:
    """The picture (B, 3, H, W) as a self-supervised task's encoder gets it in training.

    how: "" as it is, "noise" of standard deviation 0.2, "hole" a grey middle half, "grey".
    """
    if how == "noise":
        noise = torch.randn(rgb.shape, generator=generator, device=rgb.device)
        return (rgb + 0.2 * noise).clamp(0, 1)
    if how == "hole":
        holed = rgb.clone()
        height, width = rgb.shape[-2:]
        holed[..., height // 4 : -height // 4, width // 4 : -width // 4] = 0.5
        return holed
    if how == "grey":
        return rgb.mean(1, keepdim=True).expand_as(rgb)
    if how:
        raise CourseError(f"there is no way to spoil a picture called {how!r}")
    return rgb


def standardized(task: Task, labels: Tensor, reference: Tensor) -> Tensor:
    """The labels as the network predicts them: maps and vectors at mean 0 and deviation 1.

    The statistics, one pair a channel, are those of `reference` (the training labels).
    """
    if task.kind in ("edges", "classes"):
        return labels
    rest = [d for d in range(reference.ndim) if d != 1]
    mean = reference.mean(rest, keepdim=True)
    deviation = reference.std(rest, keepdim=True)
    return (labels - mean) / (deviation + 1e-6)


def image_losses(task: Task, outputs: Tensor, labels: Tensor) -> Tensor:
    """The loss of every picture under every head, (B, G).

    outputs: (B, G, C, H, W), or (B, G, C) for a vector; labels: as `standardized` gives them.
    Maps and vectors: mean absolute error. Classes: cross entropy. Edges: binary cross entropy in
    which edge and other pixels weigh the same, so that "no edge" is no good guess.
    """
    heads = outputs.shape[1]
    wanted = labels.unsqueeze(1).expand(-1, heads, *labels.shape[1:])
    if task.kind == "classes":
        pixels = F.cross_entropy(outputs.flatten(0, 1), wanted.flatten(0, 1), reduction="none")
        return pixels.mean((-2, -1)).unflatten(0, (-1, heads))
    if task.kind == "edges":
        return _balanced(outputs, wanted)
    return (outputs - wanted).abs().flatten(2).mean(2)


def selected(names: tuple[str, ...]) -> Mapping[str, Task]:
    """The tasks of these names, in this order."""
    return {name: task(name) for name in names}


def _balanced(outputs: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross entropy (B, G); in every picture the two kinds of pixels weigh the same."""
    pixels = F.binary_cross_entropy_with_logits(outputs, wanted, reduction="none")
    share = wanted.mean((2, 3, 4), keepdim=True).clamp(0.01, 0.99)  # (B, G, 1, 1, 1)
    weights = wanted / (2 * share) + (1 - wanted) / (2 * (1 - share))
    return (pixels * weights).flatten(2).mean(2)
