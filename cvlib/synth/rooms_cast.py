"""Rays against rooms: the exact first hit of every pixel with a box room, boxes and balls.

World frame in metres: x and y along the floor, z up. Camera frame: x forward, y left, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

CLASSES = ("wall", "floor", "ceiling", "cupboard", "table", "ball")
FACES = 6  # of the room: ids 0 to 5; furniture follows
NEAR = 1e-3  # metres; hits nearer than this lie on the camera itself
TINY = 1e-9


@dataclass(frozen=True)
class Scene:
    """B rooms with K boxes and S balls each, lengths in metres, angles in radians."""

    size: Tensor  # (B, 3): the room reaches from the origin to here
    box_centre: Tensor  # (B, K, 3)
    box_half: Tensor  # (B, K, 3), half the edges
    box_yaw: Tensor  # (B, K)
    box_tall: Tensor  # (B, K), bool: a cupboard, else a table
    ball_centre: Tensor  # (B, S, 3)
    ball_radius: Tensor  # (B, S)
    light: Tensor  # (B, 3)
    palette: Tensor  # (B, 6, 3), a colour per class
    frequency: Tensor  # (B, 6), texture periods per metre
    contrast: Tensor  # (B, 6), texture contrast in [0, 1]
    shift: Tensor  # (B, 3), where the texture starts


@dataclass(frozen=True)
class View:
    """B cameras: position (B, 3), yaw, pitch (up is positive) and field of view, each (B,)."""

    position: Tensor
    yaw: Tensor
    pitch: Tensor
    fov: Tensor

    @property
    def rotation(self) -> Tensor:
        """Camera to world, (B, 3, 3): the columns are forward, left and up."""
        cy, sy = self.yaw.cos(), self.yaw.sin()
        cp, sp = self.pitch.cos(), self.pitch.sin()
        forward = torch.stack([cy * cp, sy * cp, sp], -1)
        left = torch.stack([-sy, cy, torch.zeros_like(cy)], -1)
        up = torch.linalg.cross(forward, left)
        return torch.stack([forward, left, up], -1)


class Hits(NamedTuple):
    """What every pixel sees, in the world frame; maps are (B, H, W) or (B, H, W, 3)."""

    distance: Tensor  # metres along the ray
    point: Tensor
    normal: Tensor  # unit, towards the camera
    ray: Tensor  # unit, away from the camera
    cosine: Tensor  # of the angle between ray and optical axis
    ids: Tensor  # int64: a face of the room, a box or a ball
    classes: Tensor  # int64, in the order of `CLASSES`
    curvature: Tensor  # 1/m; of a ball 1/radius, of a plane 0


def rays(view: View, size: int) -> tuple[Tensor, Tensor]:
    """Unit directions (B, size, size, 3) in the world, and their cosines to the optical axis."""
    centre = (torch.arange(size, device=view.yaw.device) + 0.5) / size * 2 - 1
    down, right = torch.meshgrid(centre, centre, indexing="ij")

    reach = torch.tan(view.fov / 2)[:, None, None]
    ahead = torch.ones_like(reach * down)
    local = torch.stack([ahead, -right * reach, -down * reach], -1)  # (B, H, W, 3)

    length = local.norm(dim=-1)
    world = torch.einsum("bij,bhwj->bhwi", view.rotation, local / length[..., None])
    return world, 1 / length


def cast(scene: Scene, view: View, size: int) -> Hits:
    """The first hit of every pixel of square pictures of `size` pixels."""
    ray, cosine = rays(view, size)
    batch = len(ray)
    direction = ray.reshape(batch, -1, 3)  # (B, P, 3)
    direction = torch.where(direction.abs() < TINY, TINY, direction)
    origin = view.position[:, None]  # (B, 1, 3)

    room = _room(scene, origin, direction)
    boxes = _boxes(scene, origin, direction)
    balls = _balls(scene, origin, direction)
    parts = (room, boxes, balls)
    distances = torch.cat([part[0] for part in parts], -1)  # (B, P, 1 + K + S)
    normals = torch.cat([part[1] for part in parts], -2)  # (B, P, 1 + K + S, 3)

    distance, first = distances.min(-1)  # (B, P)
    normal = normals.gather(2, first[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]
    ids = torch.where(first == 0, _face(normal), FACES - 1 + first)

    maps = (batch, size, size)
    point = origin + distance[..., None] * direction
    return Hits(
        distance.reshape(maps),
        point.reshape(*maps, 3),
        normal.reshape(*maps, 3),
        ray,
        cosine,
        ids.reshape(maps),
        _lookup(_classes(scene), ids).reshape(maps),
        _lookup(_curvatures(scene), ids).reshape(maps),
    )


def _room(scene: Scene, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """The way out of the room: distance (B, P, 1) and inward normal (B, P, 1, 3)."""
    wall = torch.where(direction > 0, scene.size[:, None], 0.0)
    distance, axis = ((wall - origin) / direction).min(-1)
    normal = -F.one_hot(axis, 3) * direction.sign()
    return distance[..., None], normal[:, :, None]


def _boxes(scene: Scene, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """The slab method for K turned boxes: distance (B, P, K), infinite where missed, and normal."""
    offset = origin[:, :, None] - scene.box_centre[:, None]  # (B, 1, K, 3)
    yaw = scene.box_yaw[:, None]
    start = _turn(offset, -yaw)
    along = _turn(direction[:, :, None], -yaw)  # (B, P, K, 3)
    along = torch.where(along.abs() < TINY, TINY, along)

    half = scene.box_half[:, None]
    one, other = (-half - start) / along, (half - start) / along
    enter, axis = torch.minimum(one, other).max(-1)  # (B, P, K)
    leave = torch.maximum(one, other).amin(-1)

    hit = (enter < leave) & (enter > NEAR)
    normal = _turn(-F.one_hot(axis, 3) * along.sign(), yaw)
    return torch.where(hit, enter, torch.inf), normal


def _balls(scene: Scene, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """The nearer root of |o + t d - c| = r: distance (B, P, S), infinite where missed, normal."""
    offset = origin[:, :, None] - scene.ball_centre[:, None]  # (B, 1, S, 3)
    b = (offset * direction[:, :, None]).sum(-1)  # (B, P, S)
    c = offset.square().sum(-1) - scene.ball_radius[:, None].square()

    discriminant = b.square() - c
    distance = -b - discriminant.clamp(min=0).sqrt()
    hit = (discriminant > 0) & (distance > NEAR)

    point = offset + distance[..., None] * direction[:, :, None]
    normal = point / scene.ball_radius[:, None, :, None]
    return torch.where(hit, distance, torch.inf), normal


def _turn(vector: Tensor, yaw: Tensor) -> Tensor:
    """Turn vectors (..., 3) by yaw (...) about the vertical axis."""
    c, s = yaw.cos(), yaw.sin()
    x, y, z = vector.unbind(-1)
    return torch.stack([c * x - s * y, s * x + c * y, z.expand_as(c * x)], -1)


def _face(normal: Tensor) -> Tensor:
    """The room's face from its inward normal: 0, 1, 2 the far x, y, z; 3, 4, 5 the near ones."""
    axis = normal.abs().argmax(-1)
    near = normal.gather(-1, axis[..., None])[..., 0] > 0
    return axis + 3 * near


def _classes(scene: Scene) -> Tensor:
    """The class of every id, (B, 6 + K + S)."""
    batch, balls = scene.ball_radius.shape
    faces = torch.tensor([0, 0, 2, 0, 0, 1], device=scene.size.device).expand(batch, -1)
    boxes = torch.where(scene.box_tall, 3, 4)
    return torch.cat([faces, boxes, torch.full_like(boxes[:, :1], 5).expand(-1, balls)], 1)


def _curvatures(scene: Scene) -> Tensor:
    """The curvature of every id in 1/m, (B, 6 + K + S)."""
    flat = torch.zeros(len(scene.size), FACES + scene.box_yaw.shape[1], device=scene.size.device)
    return torch.cat([flat, 1 / scene.ball_radius], 1)


def _lookup(table: Tensor, ids: Tensor) -> Tensor:
    return table.gather(1, ids)
