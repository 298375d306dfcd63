"""The head without its features: background, clothes, neck, hair, ears, lit skin, fringe."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.faces.canvas import Canvas, Muscles, ellipse, grid
from cvlib.faces.identity import Identity


def jaw_drop(m: Muscles) -> Tensor:
    """How far the chin sinks, (B, 1, 1)."""
    return 0.10 * m[26] + 0.012 * m[25]


class Skin:
    """The face's outline and its lit skin: `mask` (B, S, S), `color` and `hair` (B, 3, S, S)."""

    def __init__(self, canvas: Canvas, face: Identity, m: Muscles) -> None:
        # A sinking jaw stretches the lower half, from no stretch at the eyes on.
        stretch = ((canvas.y + 0.05) / 0.5).clamp(0, 1)
        half_height = grid(face.height) + jaw_drop(m) * stretch  # (B, S, S)
        taper = grid(face.jaw) * (canvas.y - 0.1).clamp_min(0) ** 1.3
        half_width = grid(face.width) * (1 - taper)
        self.mask = canvas.inside(ellipse(canvas.x, canvas.y, half_width, half_height))

        light = _lambert(canvas, face, half_width, half_height)
        self.color = _tinted(face.skin, face.warmth, light)
        self.hair = (face.hair[:, :, None, None] * (0.75 + 0.35 * light[:, None])).clamp(0, 1)


def _lambert(canvas: Canvas, face: Identity, half_width: Tensor, half_height: Tensor) -> Tensor:
    """Ambient and directed light (B, S, S) on something like an ellipsoid."""
    normal_x = (canvas.x / half_width).clamp(-1, 1)
    normal_y = (canvas.y / half_height).clamp(-1, 1)
    normal_z = (1 - normal_x.square() - normal_y.square()).clamp_min(0.02).sqrt()
    directed = normal_x * grid(face.light_x) + normal_y * grid(face.light_y) + 0.9 * normal_z
    return (grid(face.ambient) + 0.42 * directed).clamp(0.25, 1.35)


def _tinted(color: Tensor, warmth: Tensor, light: Tensor) -> Tensor:
    """A colour (B, 3) under light (B, S, S), warmer or colder: (B, 3, S, S)."""
    temperature = torch.stack([1 + warmth, torch.ones_like(warmth), 1 - warmth], dim=1)  # (B, 3)
    return (color * temperature).clamp(0, 1)[:, :, None, None].mul(light[:, None]).clamp(0, 1)


def paint_behind(canvas: Canvas, face: Identity, skin: Skin) -> None:
    """What lies behind the face: two coloured waves, clothes, neck, hair, ears."""
    along = (
        torch.cos(grid(face.wave)) * canvas.plain_x + torch.sin(grid(face.wave)) * canvas.plain_y
    )
    wave = 0.5 + 0.5 * torch.sin(2 * grid(face.waves) * along + grid(face.phase))  # (B, S, S)
    canvas.paint(face.back_0, torch.ones_like(wave))
    canvas.paint(face.back_1, wave)

    canvas.paint(face.cloth, canvas.inside(ellipse(canvas.x, canvas.y - 1.32, 0.95, 0.52)))
    neck = torch.maximum(canvas.side - 0.24, (canvas.y - 1.1).abs() - 0.55)
    canvas.paint(0.72 * face.skin, canvas.inside(neck))

    wide = grid(face.width * (1.10 + face.hair_side))
    high = grid(face.height * (1.10 + 0.12 * face.hair_volume))
    behind = canvas.inside(ellipse(canvas.x, canvas.y + 0.12, wide, high))
    end = canvas.inside(canvas.y - grid(0.1 + 2.2 * face.hair_side), blur=6)
    canvas.paint(skin.hair, behind * end)

    ear = ellipse(canvas.side - 0.99 * grid(face.width), canvas.y - 0.02, 0.07, 0.13)
    canvas.paint(0.92 * skin.color, canvas.inside(ear))


def paint_fringe(canvas: Canvas, face: Identity, skin: Skin) -> None:
    """Hair over the forehead, in front of everything."""
    curl = 0.10 * torch.cos(3.2 * canvas.x + grid(face.phase))
    above = canvas.inside(canvas.y + 0.48 + 0.20 * grid(face.fringe) + curl)
    wide = grid(1.04 * face.width)
    high = grid(face.height * (1.06 + 0.10 * face.hair_volume))
    canvas.paint(skin.hair, above * canvas.inside(ellipse(canvas.x, canvas.y + 0.10, wide, high)))
