"""A picture on which soft shapes are painted one over the other, back to front.

Every edge is a sigmoid about half a pixel wide, so the whole picture is a differentiable function
of whatever its shapes depend on.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.faces.aus import PLACE
from cvlib.faces.identity import Identity

SOFT = 0.55  # the width of an edge, in pixels


class Canvas:
    """A picture (B, 3, S, S) in the making, and the face coordinates of its pixels.

    `x` to the right and `y` downwards are (B, S, S), as the turned, scaled and shifted head has
    them; `plain_x` and `plain_y` (1, S, S) are the picture's own. `side` is |x|: what is painted
    by it appears on both halves alike.
    """

    def __init__(self, face: Identity, size: int, view: float, center_y: float) -> None:
        line = (torch.arange(size, device=face.width.device) + 0.5) / size * view - view / 2
        rows, columns = torch.meshgrid(line + center_y, line, indexing="ij")
        self.pixel = view / size
        self.plain_x = columns[None]
        self.plain_y = rows[None]

        across = (columns - grid(face.shift_x)) / grid(face.scale)  # (B, S, S)
        down = (rows - grid(face.shift_y)) / grid(face.scale)
        cos = grid(face.turn.cos())
        sin = grid(face.turn.sin())
        self.x = cos * across + sin * down
        self.y = cos * down - sin * across
        self.side = self.x.abs()
        self.image = torch.zeros(1, 3, 1, 1, device=line.device)

    def inside(self, distance: Tensor, blur: float = 1.0) -> Tensor:
        """A soft mask (B, S, S): 1 where the signed distance to an edge is negative."""
        return torch.sigmoid(-distance / (SOFT * blur * self.pixel))

    def paint(self, color: Tensor, mask: Tensor) -> None:
        """Lay a colour (B, 3) or (B, 3, S, S) over the picture where `mask` (B, S, S) is 1."""
        if color.dim() == 2:
            color = color[:, :, None, None]
        share = mask[:, None]
        self.image = self.image * (1 - share) + color * share

    def shade(self, factor: Tensor) -> None:
        """Multiply the picture by a factor (B, S, S)."""
        self.image = self.image * factor[:, None]


class Muscles:
    """Expressions (B, 17) by number: `muscles[12]` is the smile's strength, (B, 1, 1)."""

    def __init__(self, aus: Tensor) -> None:
        self.aus = aus

    def __getitem__(self, number: int) -> Tensor:
        return self.aus[:, PLACE[number], None, None]


def grid(value: Tensor) -> Tensor:
    """A number a person (B,) as (B, 1, 1), to be combined with pixels (B, S, S)."""
    return value[:, None, None]


def ellipse(x: Tensor, y: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    """About the signed distance (B, S, S) to an ellipse of half axes `a` and `b`, negative inside.

    Coordinates are relative to its middle.
    """
    a = torch.as_tensor(a, device=x.device)
    b = torch.as_tensor(b, device=x.device)
    radius = ((x / a).square() + (y / b).square() + 1e-6).sqrt()
    return (radius - 1) * torch.minimum(a, b)


def bump(x: Tensor, y: Tensor, a: float, b: float) -> Tensor:
    """A smooth spot (B, S, S), 1 in its middle, of widths `a` and `b`."""
    return torch.exp(-(x / a).square() - (y / b).square())


def ridge(distance: Tensor, width: float) -> Tensor:
    """A smooth line (B, S, S), 1 where the distance to it is 0."""
    return torch.exp(-(distance / width).square())
