"""One moment of a scene, cast exactly; two moments, and the exact motion between them.

World in metres: x right, y up, z forward. A camera has the same axes of its own. Pixel (u, v) is
the centre of column u and row v. Rays have depth 1 along the optical axis, so that the parameter
of a hit *is* its depth. Everything is float64, on any device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from cvlib.synth.ray_solids import NEAR, Solids

NOTHING = -1  # the surface that a ray to the sky meets
TOO_NEAR = 1e-6  # metres; depths are cut here before the division
SLACK = 1e-6  # pixels around a solid's box on the screen, for rounding
SAME = 1e-5  # metres, and share of the depth: two casts that met the same point


@dataclass(frozen=True)
class Camera:
    """A pinhole: `rotation` (3, 3) camera to world, `position` (3,), focal length in pixels."""

    rotation: Tensor
    position: Tensor
    focal: float
    height: int
    width: int

    @property
    def centre(self) -> Tensor:
        """The pixel (2,) on the optical axis."""
        return self.position.new_tensor([(self.width - 1) / 2, (self.height - 1) / 2])

    def pixels(self) -> Tensor:
        """All pixel centres (H W, 2), row by row."""
        rows = torch.arange(self.height, dtype=torch.float64, device=self.position.device)
        columns = torch.arange(self.width, dtype=torch.float64, device=self.position.device)
        v, u = torch.meshgrid(rows, columns, indexing="ij")
        return torch.stack([u, v], -1).reshape(-1, 2)

    def rays(self, pixels: Tensor) -> Tensor:
        """World directions (N, 3) through pixels (N, 2), of depth 1."""
        right, down = ((pixels - self.centre) / self.focal).unbind(-1)
        local = torch.stack([right, -down, torch.ones_like(right)], -1)  # (N, 3)
        return local @ self.rotation.T

    def project(self, points: Tensor, weight: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        """Pixels (..., 2) and depths (...) of world points (..., 3).

        Homogeneous coordinates: with `weight` 0, a number or (...), a point is a direction, seen
        at the same pixel from everywhere.
        """
        weight = torch.as_tensor(weight, dtype=points.dtype, device=points.device)
        local = (points - weight[..., None] * self.position) @ self.rotation
        right, up, depth = local.unbind(-1)
        ahead = depth.clamp(min=TOO_NEAR)
        offset = torch.stack([right, -up], -1) / ahead[..., None]
        return offset * self.focal + self.centre, depth

    def frames(self, pixels: Tensor) -> Tensor:
        """Whether pixels (N, 2) lie within the picture's area, (N,) bool."""
        extent = pixels.new_tensor([self.width, self.height])
        return ((pixels > -0.5) & (pixels < extent - 0.5)).all(-1)


def turn_x(angle: float) -> Tensor:
    """The rotation (3, 3) about x; a positive angle makes a camera look down."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=torch.float64)


def turn_y(angle: float) -> Tensor:
    """The rotation (3, 3) about y; a positive angle makes a camera look to the right."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=torch.float64)


@dataclass(frozen=True)
class Plane:
    """The points with `normal . p = offset`, where `covers` says that there is matter."""

    normal: Tensor  # (3,)
    offset: float
    covers: Callable[[Tensor], Tensor] | None = None  # points (N, 3) to bool (N,)

    def hit(self, origin: Tensor, direction: Tensor) -> Tensor:
        """Where rays from `origin` (3,) along (N, 3) meet the plane: t (N,), else infinite."""
        towards = direction @ self.normal  # (N,)
        t = (self.offset - origin @ self.normal) / towards
        met = (t > NEAR) & t.isfinite()
        if self.covers is not None:
            point = origin + torch.where(met, t, 0.0)[:, None] * direction
            met &= self.covers(point)
        return torch.where(met, t, torch.inf)


class Hits(NamedTuple):
    """What N rays meet first."""

    depth: Tensor  # (N,), infinite where they meet nothing
    surface: Tensor  # (N,) int64: `NOTHING`, else planes first, then the solids in order
    point: Tensor  # (N, 3) in the world; where nothing is met, the ray's direction


@dataclass(frozen=True)
class Moment:
    """What stands where at one time, and who looks at it."""

    camera: Camera
    planes: tuple[Plane, ...]
    solids: tuple[Solids, ...]

    def cast(self, pixels: Tensor) -> Hits:
        """The first hits of the rays through pixels (N, 2)."""
        origin = self.camera.position
        direction = self.camera.rays(pixels)  # (N, 3)
        depth = torch.full_like(pixels[:, 0], torch.inf)  # (N,)
        surface = torch.full_like(depth, NOTHING, dtype=torch.int64)

        for number, plane in enumerate(self.planes):
            t = plane.hit(origin, direction)  # (N,)
            surface = torch.where(t < depth, number, surface)
            depth = torch.minimum(depth, t)

        first = len(self.planes)
        for group in self.solids:
            pixel, which = candidates(self.camera, group, pixels)  # (P,) each
            t = group.hit(origin, direction[pixel], which)  # (P,)
            nearest = depth.scatter_reduce(0, pixel, t, "amin")  # (N,)
            won = (t == nearest[pixel]) & (t < depth[pixel])
            surface = surface.scatter(0, pixel[won], first + which[won])
            depth = nearest
            first += len(group)

        met = surface != NOTHING
        reach = torch.where(met, depth, 1.0)[:, None]
        point = torch.where(met[:, None], origin, 0.0) + reach * direction
        return Hits(depth, surface, point)

    def local(self, surface: Tensor, point: Tensor) -> Tensor:
        """World points (N, 3) on surfaces (N,), in the frames of their objects."""
        rotation, position = self._frames(surface)
        return torch.einsum("nji,nj->ni", rotation, point - position)

    def world(self, surface: Tensor, local: Tensor) -> Tensor:
        """The other way: points (N, 3) in their objects' frames, in the world."""
        rotation, position = self._frames(surface)
        return torch.einsum("nij,nj->ni", rotation, local) + position

    def normals(self, hits: Hits) -> Tensor:
        """Unit normals (N, 3) in the world, towards the camera; 0 where nothing is met."""
        normal = torch.zeros_like(hits.point)
        for number, plane in enumerate(self.planes):
            normal[hits.surface == number] = plane.normal

        local = self.local(hits.surface, hits.point)
        first = len(self.planes)
        for group in self.solids:
            mine = (hits.surface >= first) & (hits.surface < first + len(group))
            which = hits.surface[mine] - first
            outward = group.normal(local[mine], which)  # in the object's frame
            normal[mine] = torch.einsum("pij,pj->pi", group.rotation[which], outward)
            first += len(group)

        away = ((hits.point - self.camera.position) * normal).sum(-1, keepdim=True) > 0
        return torch.where(away, -normal, normal)

    def _frames(self, surface: Tensor) -> tuple[Tensor, Tensor]:
        """Rotation (N, 3, 3) and position (N, 3) of surfaces (N,); nothing and planes rest."""
        still = 1 + len(self.planes)
        eye = torch.eye(3, dtype=torch.float64, device=surface.device)
        rotation = torch.cat([eye.expand(still, 3, 3), *(g.rotation for g in self.solids)])
        position = torch.cat([eye.new_zeros(still, 3), *(g.position for g in self.solids)])
        return rotation[surface + 1], position[surface + 1]


def candidates(camera: Camera, group: Solids, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """The pairs (pixel, solid) worth a try, two (P,): the pixel lies in the solid's screen box.

    A solid that reaches behind the camera is tried everywhere, one that is all behind nowhere.
    Pixels are (N, 2).
    """
    corner, depth = camera.project(group.corners())  # (M, 8, 2), (M, 8)
    straddles = (depth < NEAR).any(1, keepdim=True)
    behind = (depth < NEAR).all(1, keepdim=True)
    low = torch.where(straddles, -torch.inf, corner.amin(1)) - SLACK  # (M, 2)
    high = torch.where(straddles, torch.inf, corner.amax(1)) + SLACK
    high = torch.where(behind, -torch.inf, high)

    on_screen = (low <= pixels.amax(0)) & (high >= pixels.amin(0))  # (M, 2)
    some = on_screen.all(1).nonzero()[:, 0]  # of M, those that any pixel can meet
    left, top = low[some, :, None].unbind(1)  # (some, 1) each
    right, bottom = high[some, :, None].unbind(1)
    u, v = pixels.T.contiguous()
    inside = (u >= left) & (u <= right) & (v >= top) & (v <= bottom)  # (some, N)
    which, pixel = inside.nonzero(as_tuple=True)
    return pixel, some[which]


class Motion(NamedTuple):
    """Where what N pixels show was a moment before."""

    flow: Tensor  # (N, 2) pixels, from now to before: dx to the right, dy down
    visible: Tensor  # (N,) bool: it was seen then


def motion(pixels: Tensor, hits: Hits, now: Moment, before: Moment) -> Motion:
    """The exact backward flow of pixels (N, 2) that saw `hits` now.

    Both moments list the same solids in the same order. Each point is carried back on its object
    and projected; it was visible if a ray cast *then* through that place ends at that depth.
    """
    far = hits.surface == NOTHING
    local = now.local(hits.surface, hits.point)
    point = before.world(hits.surface, local)  # (N, 3)
    place, depth = before.camera.project(point, (~far).double())

    seen = before.cast(place)
    met_again = (seen.depth - depth).abs() < SAME * (1 + depth)
    unhidden = torch.where(far, seen.surface == NOTHING, met_again)
    visible = unhidden & before.camera.frames(place) & (depth > NEAR)
    return Motion(place - pixels, visible)


def supersampled(pixels: Tensor, n: int) -> Tensor:
    """The n x n sub-pixel centres of pixels (N, 2), as (n n N, 2): all pixels, n n times."""
    steps = (torch.arange(n, dtype=torch.float64, device=pixels.device) + 0.5) / n - 0.5
    down, right = torch.meshgrid(steps, steps, indexing="ij")
    offsets = torch.stack([right, down], -1).reshape(-1, 1, 2)  # (n n, 1, 2)
    return (pixels + offsets).reshape(-1, 2)
