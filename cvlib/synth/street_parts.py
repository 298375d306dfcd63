"""What a street is built of: ground, rows of houses, cars on wheels, trees and poles.

Half widths in metres from the middle of the road: asphalt to `ROAD`, then pavement to `VERGE`,
then grass to the house fronts at `FRONT`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.synth.ray_solids import Boxes, Ellipsoids, Solids
from cvlib.synth.raycast import Plane
from cvlib.synth.textures import hashed

ROAD, VERGE, FRONT = 3.6, 6.0, 8.5
HOUSE = 11.0  # metres of street that a house takes
HORIZON = 400.0  # metres; ground and houses end there
GAPS = 0.15  # share of missing houses
CARS, TREES, POLES = 4, 40, 20  # in a street
GROUND, LEFT, RIGHT = 0, 1, 2  # the planes' surfaces; solids follow in the order of `solids`
BODIES, CABINS, TRUNKS, MASTS, CROWNS, WHEELS = range(6)  # the kinds of solids, in that order
COUNTS = (CARS, CARS, TREES, POLES, TREES, 4 * CARS)


@dataclass(frozen=True)
class Parts:
    """Where the things of one street are; each field (n,), lengths in metres, speeds in m/s."""

    car_x: Tensor
    car_z: Tensor  # at time 0
    car_speed: Tensor  # along z
    car_length: Tensor
    tree_x: Tensor
    tree_z: Tensor
    tree_height: Tensor  # of the crown's middle
    tree_radius: Tensor
    pole_x: Tensor
    pole_z: Tensor


def xyz(x: Tensor | float, y: Tensor | float, z: Tensor | float) -> Tensor:
    """Points (N, 3) of coordinates, each a number or (N,), one at least a tensor."""
    known = next(value for value in (x, y, z) if isinstance(value, Tensor))
    columns = [torch.as_tensor(value).to(known) for value in (x, y, z)]
    return torch.stack(torch.broadcast_tensors(*columns), -1)


def house(z: Tensor) -> Tensor:
    """The number (N,) of the house at z (N,) along the street."""
    return (z / HOUSE).floor().long()


def front_height(number: Tensor, right: Tensor, seed: int) -> Tensor:
    """How high houses (N,) are on the right (N,) bool or left; 0 where one is missing."""
    draw = hashed(number, right.long(), seed)
    return torch.where(draw < GAPS, 0.0, 4 + 7 * draw)


def planes(camera_z: Tensor, seed: int) -> tuple[Plane, ...]:
    """The ground and the two rows of houses, as far as a camera at `camera_z` () sees."""
    up = camera_z.new_tensor([0.0, 1.0, 0.0])
    across = camera_z.new_tensor([1.0, 0.0, 0.0])
    end = camera_z + HORIZON

    def built(point: Tensor) -> Tensor:
        x, y, z = point.unbind(-1)
        return (y > 0) & (y < front_height(house(z), x > 0, seed)) & (z < end)

    ground = Plane(up, 0.0, lambda point: point[:, 2] < end)
    return ground, Plane(across, -FRONT, built), Plane(across, FRONT, built)


def solids(parts: Parts, time: float) -> tuple[Solids, ...]:
    """Bodies, cabins, trunks, masts, crowns and wheels at this time, a group each."""
    bodies, cabins, wheels = _cars(parts, time)
    trunks, masts, crowns = _trees_and_poles(parts)
    return bodies, cabins, trunks, masts, crowns, wheels


def _cars(parts: Parts, time: float) -> tuple[Solids, Solids, Solids]:
    """Bodies, cabins and wheels; the z axis of each frame points where the car drives."""
    x = parts.car_x
    z = parts.car_z + time * parts.car_speed
    ahead = parts.car_speed.sign()  # 1 drives with us
    half = parts.car_length / 2

    body = _standing(Boxes, xyz(x, 0.66, z), xyz(0.85, 0.36, half), ahead)
    cabin = _standing(Boxes, xyz(x, 1.26, z - 0.25 * ahead), xyz(0.72, 0.28, 0.55 * half), ahead)

    corners = [(side, end) for side in (-0.8, 0.8) for end in (-0.6, 0.6)]
    places = torch.cat([xyz(x + side, 0.33, z + end * half) for side, end in corners])
    round_ = torch.full_like(places[:, 0], 0.33)
    wheels = _standing(Ellipsoids, places, xyz(0.12, round_, round_), ahead.repeat(4))
    return body, cabin, wheels


def _trees_and_poles(parts: Parts) -> tuple[Solids, Solids, Solids]:
    """Trunks, masts and crowns."""
    radius = parts.tree_radius
    height = parts.tree_height
    rest = torch.ones_like(radius)
    trunk = xyz(parts.tree_x, height / 2, parts.tree_z)
    trunks = _standing(Boxes, trunk, xyz(0.12, height / 2, 0.12), rest)
    crown = xyz(parts.tree_x, height, parts.tree_z)
    crowns = _standing(Ellipsoids, crown, xyz(radius, 1.15 * radius, radius), rest)

    thin = torch.full_like(parts.pole_x, 0.07)
    mast = xyz(parts.pole_x, 2.2, parts.pole_z)
    masts = _standing(Boxes, mast, xyz(thin, 2.2, thin), torch.ones_like(thin))
    return trunks, masts, crowns


def _standing(kind: type[Solids], position: Tensor, size: Tensor, ahead: Tensor) -> Solids:
    """Solids at positions (M, 3) that face along the street, or with `ahead` (M,) -1 against it."""
    rotation = torch.diag_embed(xyz(ahead, 1.0, ahead))  # (M, 3, 3)
    return kind(rotation, position, size)


def kinds(device: torch.device) -> tuple[Tensor, Tensor]:
    """For each of the S solids, in order: its kind and its number within the kind, (S,) int64."""
    kind = [torch.full((count,), number) for number, count in enumerate(COUNTS)]
    place = [torch.arange(count) for count in COUNTS]
    return torch.cat(kind).to(device), torch.cat(place).to(device)
