"""A drive down a street: what moves how, what each thing is called, and the clips of it.

The *look* of a drive (paint, houses, leaves, light, sky) is drawn with it and cannot be read off
the labels: whoever paints the video from labels must remember what it painted before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.synth.clip import Clip, film
from cvlib.synth.kept_clips import kept_clips
from cvlib.synth.raycast import NOTHING, Camera, Hits, Moment, turn_x, turn_y
from cvlib.synth.street_draw import Drive, draw_drive, draw_look, draw_parts, moved
from cvlib.synth.street_paint import Look, paint
from cvlib.synth.street_parts import (
    CARS,
    GROUND,
    RIGHT,
    ROAD,
    VERGE,
    WHEELS,
    Parts,
    house,
    kinds,
    planes,
    solids,
)

CLASSES = ("sky", "road", "pavement", "building", "plants", "car", "pole")
SKY, ASPHALT, PAVEMENT, BUILDING, PLANTS, CAR, POLE = range(7)
LABEL_OF_KIND = (CAR, CAR, PLANTS, POLE, PLANTS, CAR)  # of bodies, cabins, trunks, masts, ...
FIRST_OF_KIND = (1, 1, 100, 200, 100, 1)  # instances: cars from 1, trees from 100, poles from 200
FIRST_HOUSE = 1000
PALETTE = torch.tensor(
    [[150, 190, 225], [95, 90, 100], [190, 160, 175], [150, 105, 80], [90, 150, 70],
     [40, 70, 190], [235, 200, 40]]
) / 255  # fmt: skip
FPS = 10


@dataclass(frozen=True)
class Street:
    """A street, its look, and one drive through it; a `Scene` that can be filmed."""

    size: tuple[int, int]  # height and width of the picture
    drive: Drive
    parts: Parts
    look: Look

    def moment(self, frame: int) -> Moment:
        """What stands where in this frame."""
        time = frame / FPS
        camera = self.camera(time)
        rows = planes(camera.position[2], self.look.seed)
        return Moment(camera, rows, solids(self.parts, time))

    def camera(self, time: float) -> Camera:
        """The driver's eye: it rolls forward, sways, bobs and looks about a little."""
        drive = self.drive
        x = 1.3 + 0.18 * math.sin(0.5 * time + drive.sway)
        y = drive.eye + 0.02 * math.sin(5 * time + drive.bob)
        yaw = 0.03 * math.sin(0.6 * time + drive.glance)

        height, width = self.size
        position = self.parts.car_x.new_tensor([x, y, drive.speed * time])
        rotation = (turn_y(yaw) @ turn_x(0.06)).to(position.device)
        return Camera(rotation, position, 0.75 * width, height, width)

    def colors(self, moment: Moment, hits: Hits) -> Tensor:
        """What N hits look like: (N, 3) in [0, 1]."""
        return paint(self.look, moment, hits)

    def names(self, moment: Moment, hits: Hits) -> tuple[Tensor, Tensor]:
        """Class and instance of N hits, (N,) int64 each."""
        x, _, z = hits.point.unbind(-1)
        away = x.abs()
        ground = torch.where(away < ROAD, ASPHALT, torch.where(away < VERGE, PAVEMENT, PLANTS))
        front = FIRST_HOUSE + 2 * house(z) + (hits.surface == RIGHT)

        solid = hits.surface - len(moment.planes)  # negative: no solid
        kind, number = (table[solid.clamp(min=0)] for table in kinds(solid.device))
        label = torch.tensor(LABEL_OF_KIND, device=solid.device)[kind]
        first = torch.tensor(FIRST_OF_KIND, device=solid.device)[kind]
        is_wheel = kind == WHEELS
        number = torch.where(is_wheel, number % CARS, number)  # wheels are listed car by car

        label = torch.where(solid < 0, BUILDING, label)
        label = torch.where(hits.surface == GROUND, ground, label)
        label = torch.where(hits.surface == NOTHING, SKY, label)
        instance = torch.where(solid < 0, front, first + number)
        instance = torch.where(hits.surface <= GROUND, 0, instance)
        return label, instance


def draw_street(seed: int, size: tuple[int, int], device: torch.device | str = "cpu") -> Street:
    """The street of a seed; `size` is the height and width of its pictures."""
    if min(size) < 8:
        raise CourseError(f"a street's picture needs 8 pixels each way, not {size[0]} x {size[1]}")
    draw = torch.Generator().manual_seed(seed)
    drive = draw_drive(draw)
    parts = draw_parts(draw, drive.speed)
    look = draw_look(draw, seed)
    return Street(size, drive, moved(parts, device), moved(look, device))


def repainted(street: Street, car: int, color: tuple[float, float, float]) -> Street:
    """The same drive with car 1, 2, ... in another colour (three numbers in [0, 1])."""
    if not 1 <= car <= CARS:
        raise CourseError(f"cars count from 1 to {CARS}, there is no car {car}")
    paints = street.look.car_paint.clone()
    paints[car - 1] = paints.new_tensor(color)
    return replace(street, look=replace(street.look, car_paint=paints))


def street_clip(
    seed: int, frames: int, size: tuple[int, int], device: torch.device | str = "cpu"
) -> Clip:
    """The clip (T, ...) of a seed's street, `frames` long, of pictures `size` (H, W)."""
    return film(draw_street(seed, size, device), frames)


def street_set(
    seeds: Sequence[int], frames: int, size: tuple[int, int], device: torch.device | str = "cpu"
) -> Clip:
    """The clips of several seeds as a batch (B, T, ...) on the CPU, kept in the user's cache.

    `device` is where they are cast. Colours have 256 steps, as in a picture file.
    """
    name = f"street-{frames}x{size[0]}x{size[1]}"
    return kept_clips(name, seeds, lambda seed: street_clip(seed, frames, size, device))
