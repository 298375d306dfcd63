"""Furnished rooms with every label exact: a small ray caster for multi-task learning.

`render(64, size=32, seed=0)` gives pictures and labels that depend on the seed alone.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.rooms_cast import Scene, View, cast
from cvlib.synth.rooms_labels import labels
from cvlib.synth.rooms_shade import photograph

BOXES, BALLS = 5, 2
CHUNK_PIXELS = 1 << 18  # rays that are cast at once, for memory
LOOK = 16  # pixels of the look that decides whether a view is worth a picture
CANDIDATES = 1.6  # views drawn for each one wanted; about a third is refused


def render(count: int, size: int = 64, seed: int = 0) -> dict[str, Tensor]:
    """`count` pictures of different rooms and their labels, as `rooms_labels.labels` names them.

    Pictures are (N, 3, size, size) in [0, 1]. The same count and seed give the same rooms.
    Raises `CourseError` for a count below 1 or a size below 8.
    """
    if count < 1 or size < 8:
        raise CourseError(f"cannot render {count} pictures of {size} pixels: use >= 1 and >= 8")
    generator = torch.Generator().manual_seed(seed)
    scene, view = furnished(count, generator)
    step = max(1, CHUNK_PIXELS // size**2)
    chunks = []
    for start in range(0, count, step):
        part = slice(start, start + step)
        chunks.append(develop(choose(scene, part), choose(view, part), size, generator))
    return {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}


def develop(scene: Scene, view: View, size: int, generator: torch.Generator) -> dict[str, Tensor]:
    """The pictures of these scenes from these views, with all labels; `generator` makes noise."""
    hits = cast(scene, view, size)
    rgb = photograph(scene, hits, generator)  # (B, 3, H, W)
    return {"rgb": rgb, **labels(rgb, hits, scene, view)}


def furnished(count: int, generator: torch.Generator) -> tuple[Scene, View]:
    """`count` random rooms and views; bare walls and views from within furniture are refused."""
    scenes, views, found = [], [], 0
    while found < count:
        draws = math.ceil(CANDIDATES * (count - found)) + 4
        scene = random_scene(draws, generator)
        view = random_view(scene, generator)
        good = worth_a_picture(scene, view).nonzero().flatten()
        scenes.append(choose(scene, good))
        views.append(choose(view, good))
        found += len(good)
    return choose(_joined(scenes), slice(count)), choose(_joined(views), slice(count))


def random_scene(count: int, generator: torch.Generator) -> Scene:
    """`count` rooms of 3 to 7 metres with five boxes and two balls on the floor."""

    def between(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    size = torch.stack([between(3, 7), between(3, 7), between(2.3, 3.2)], -1)
    tall = torch.rand(count, BOXES, generator=generator) < 0.4
    footprint = between(0.2, 0.6, BOXES, 2)
    height = torch.where(tall, between(0.6, 1.0, BOXES), between(0.2, 0.42, BOXES))
    radius = between(0.2, 0.45, BALLS)
    return Scene(
        size=size,
        box_centre=_on_floor(size, between(0.08, 0.92, BOXES, 2), height),
        box_half=torch.cat([footprint, height[..., None]], -1),
        box_yaw=between(0, math.pi, BOXES),
        box_tall=tall,
        ball_centre=_on_floor(size, between(0.1, 0.9, BALLS, 2), radius),
        ball_radius=radius,
        light=size * torch.stack([between(0.2, 0.8), between(0.2, 0.8), between(0.9, 0.95)], -1),
        palette=between(0.2, 0.95, 6, 3),
        frequency=between(0.5, 2.5, 6),
        contrast=between(0, 0.6, 6),
        shift=between(0, 1, 3),
    )


def random_view(scene: Scene, generator: torch.Generator) -> View:
    """A standing person's view into the room, from anywhere, roughly towards its middle."""
    count = len(scene.size)

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    place = torch.stack([between(0.12, 0.88), between(0.12, 0.88)], -1) * scene.size[:, :2]
    position = torch.cat([place, between(1.2, 1.8)[:, None]], -1)
    middle = scene.size[:, :2] / 2 - place
    yaw = torch.atan2(middle[:, 1], middle[:, 0]) + between(-0.9, 0.9)
    return View(position, yaw, between(-0.45, 0.05), torch.deg2rad(between(60, 80)))


def worth_a_picture(scene: Scene, view: View) -> Tensor:
    """(B,) bool: enough to see (two pieces of furniture), nothing in the way, some depth."""
    hits = cast(scene, view, LOOK)
    ids = hits.ids.flatten(1)
    share = torch.stack([(ids == i).float().mean(1) for i in range(6 + BOXES + BALLS)], 1)
    furniture = (share[:, 6:] > 0.01).sum(1)
    free = hits.distance.flatten(1).amin(1) > 0.7
    deep = hits.distance.flatten(1).amax(1) > 2.5
    return (furniture >= 2) & (share.amax(1) < 0.6) & free & deep


def choose(batch: Scene | View, which: slice | Tensor) -> Scene | View:
    """The chosen entries of a batch of scenes or views."""
    fields = {f.name: getattr(batch, f.name)[which] for f in dataclasses.fields(batch)}
    return type(batch)(**fields)


def _joined(batches: list) -> Scene | View:
    names = [f.name for f in dataclasses.fields(batches[0])]
    return type(batches[0])(**{n: torch.cat([getattr(b, n) for b in batches]) for n in names})


def _on_floor(size: Tensor, place: Tensor, height: Tensor) -> Tensor:
    """Centres (B, K, 3) at `place` (B, K, 2), a share of the room, `height` above the floor."""
    return torch.cat([place * size[:, None, :2], height[..., None]], -1)
