"""Solids that a ray can meet in closed form: boxes, ellipsoids and round cones, many at a time.

Each kind holds M solids as rigid frames (object to world) and sizes. A ray runs from `origin`
along `direction`, which need not have length 1: distances `t` are multiples of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

NEAR = 1e-3  # hits nearer than this lie on the camera itself
TINY = 1e-12
SIGNS = [[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)]


@dataclass(frozen=True)
class Solids:
    """M solids of one kind: `rotation` (M, 3, 3) object to world, `position` and `size` (M, 3)."""

    rotation: Tensor
    position: Tensor
    size: Tensor

    def __len__(self) -> int:
        return len(self.position)

    def hit(self, origin: Tensor, direction: Tensor, which: Tensor) -> Tensor:
        """Where each ray enters its solid: t (P,), infinite where it misses.

        All rays start at `origin` (3,); ray p runs along `direction[p]` of (P, 3) and is asked of
        solid `which[p]` of (P,) alone.
        """
        start = torch.einsum("mji,mj->mi", self.rotation, origin - self.position)  # (M, 3)
        along = torch.einsum("pji,pj->pi", self.rotation[which], direction)  # (P, 3)
        t = self._first(start[which], along, self.size[which])  # (P,)
        return torch.where(t > NEAR, t, torch.inf)

    def normal(self, point: Tensor, which: Tensor) -> Tensor:
        """Outward unit normals (P, 3) in the objects' frames, at surface points (P, 3) there."""
        outward = self._outward(point, self.size[which])
        return F.normalize(outward, dim=-1)

    def corners(self) -> Tensor:
        """The corners of a box around each solid, (M, 8, 3) in the world."""
        low, high = self._extent()
        signs = torch.tensor(SIGNS, dtype=low.dtype, device=low.device)  # (8, 3)
        local = torch.where(signs > 0, high[:, None], low[:, None])  # (M, 8, 3)
        turned = torch.einsum("mij,mkj->mki", self.rotation, local)
        return turned + self.position[:, None]

    def _extent(self) -> tuple[Tensor, Tensor]:
        return -self.size, self.size

    def _first(self, start: Tensor, along: Tensor, size: Tensor) -> Tensor:
        raise NotImplementedError

    def _outward(self, point: Tensor, size: Tensor) -> Tensor:
        raise NotImplementedError


class Boxes(Solids):
    """Boxes; `size` holds half the edges."""

    def _first(self, start: Tensor, along: Tensor, size: Tensor) -> Tensor:
        """The slab method: the ray is inside between the last entry and the first exit."""
        along = torch.where(along.abs() < TINY, TINY, along)
        one = (-size - start) / along
        other = (size - start) / along

        enter = torch.minimum(one, other).amax(-1)  # (P,)
        leave = torch.maximum(one, other).amin(-1)
        return torch.where(enter < leave, enter, torch.inf)

    def _outward(self, point: Tensor, size: Tensor) -> Tensor:
        axis = (point / size).abs().argmax(-1)  # (P,)
        return F.one_hot(axis, 3) * point.sign()


class Ellipsoids(Solids):
    """Ellipsoids; `size` holds the semi-axes."""

    def _first(self, start: Tensor, along: Tensor, size: Tensor) -> Tensor:
        return _enter_unit_ball(start / size, along / size)

    def _outward(self, point: Tensor, size: Tensor) -> Tensor:
        return point / size.square()  # the gradient of |p / size|^2 / 2


class RoundCones(Solids):
    """Convex hulls of two balls: one at the origin, one at `length` along the object's y axis.

    `size` holds length, radius at the origin and radius at the far end. In the half plane
    (rho, y) around the axis the flank is the line `rho cos(a) + y sin(a) = r0` with
    `sin(a) = (r0 - r1) / length`: it touches both balls.
    """

    def _first(self, start: Tensor, along: Tensor, size: Tensor) -> Tensor:
        length, r0, r1 = size.unbind(-1)
        end = torch.zeros_like(start)
        end[:, 1] = length

        near_ball = _enter_unit_ball(start / r0[:, None], along / r0[:, None])
        far_ball = _enter_unit_ball((start - end) / r1[:, None], along / r1[:, None])
        flank = _enter_flank(start, along, size)
        return torch.minimum(flank, torch.minimum(near_ball, far_ball))

    def _outward(self, point: Tensor, size: Tensor) -> Tensor:
        """Away from the centre of the ball that touches the surface at this point."""
        length = size[:, 0]
        sin, cos = _slant(size)
        rho = point[:, [0, 2]].norm(dim=-1)

        height = (point[:, 1] * cos - rho * sin) / cos.clamp(min=TINY)  # of that centre
        centre = torch.zeros_like(point)
        centre[:, 1] = height.clamp(min=0).minimum(length)
        return point - centre

    def _extent(self) -> tuple[Tensor, Tensor]:
        length, r0, r1 = self.size.unbind(-1)
        widest = torch.maximum(r0, r1)
        low = torch.stack([-widest, -widest, -widest], -1)
        high = torch.stack([widest, length + widest, widest], -1)
        return low, high


def _enter_unit_ball(start: Tensor, along: Tensor) -> Tensor:
    """The smaller root t (P,) of |start + t along| = 1, infinite where there is none."""
    a = along.square().sum(-1)
    b = (start * along).sum(-1)
    c = start.square().sum(-1) - 1

    discriminant = b.square() - a * c
    t = (-b - discriminant.clamp(min=0).sqrt()) / a
    return torch.where(discriminant > 0, t, torch.inf)


def _enter_flank(start: Tensor, along: Tensor, size: Tensor) -> Tensor:
    """The first t (P,) on the flank between the circles where it touches the two balls."""
    length, r0, _ = size.unbind(-1)
    sin, cos = _slant(size)
    x, y, z = start.unbind(-1)
    dx, dy, dz = along.unbind(-1)

    # rho^2 cos^2 = (r0 - y sin)^2 along the ray: a t^2 + 2 b t + c = 0
    reach = r0 - y * sin
    shrink = dy * sin
    a = cos.square() * (dx.square() + dz.square()) - shrink.square()
    b = cos.square() * (x * dx + z * dz) + reach * shrink
    c = cos.square() * (x.square() + z.square()) - reach.square()

    discriminant = b.square() - a * c
    root = discriminant.clamp(min=0).sqrt()
    a = torch.where(a.abs() < TINY, TINY, a)
    both = torch.stack([(-b - root) / a, (-b + root) / a], -1)  # (P, 2)

    # On the flank the distance from the axis is (r0 - y sin) / cos; its mirror image has it < 0.
    height = y[:, None] + both * dy[:, None]
    rho = (r0[:, None] - height * sin[:, None]) / cos[:, None].clamp(min=TINY)
    along_flank = height * cos[:, None] - rho * sin[:, None]
    between = (along_flank > 0) & (along_flank < (length * cos)[:, None]) & (rho > 0)
    valid = between & (discriminant > 0)[:, None] & (both > NEAR)
    return torch.where(valid, both, torch.inf).amin(-1)


def _slant(size: Tensor) -> tuple[Tensor, Tensor]:
    """Sine and cosine (P,) of the flank's slant; cosine 0 where one ball holds the other."""
    length, r0, r1 = size.unbind(-1)
    sin = ((r0 - r1) / length.clamp(min=TINY)).clamp(-1, 1)
    return sin, (1 - sin.square()).sqrt()
