"""Folds, wrinkles, dimples and a beard: how skin shows that a muscle below it is at work."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.faces.canvas import Canvas, Muscles, bump, ellipse, grid, ridge
from cvlib.faces.head import Skin, jaw_drop
from cvlib.faces.identity import Identity
from cvlib.faces.mouth import Mouth, mouth_of


def paint_creases(canvas: Canvas, face: Identity, m: Muscles, skin: Skin) -> None:
    """Darken the skin along all folds, lighten it where a cheek bulges; beard and blush."""
    mouth = mouth_of(face, m)
    _paint_beard(canvas, face, m, skin, mouth)
    depth = (
        _forehead(canvas, face, m)
        + _between_the_brows(canvas, face, m)
        + _around_the_eyes(canvas, face, m)
        + _beside_the_nose(canvas, face, m, mouth)
        + _chin(canvas, m, mouth)
    )
    canvas.shade((1 - depth * skin.mask).clamp(0.2, 1.4))

    blush = 0.35 * bump(canvas.side - 0.28, canvas.y - 0.14, 0.11, 0.08) * skin.mask
    redder = skin.color * skin.color.new_tensor([1.03, 0.86, 0.84])[:, None, None]
    canvas.paint(redder.clamp(0, 1), blush)


def _paint_beard(canvas: Canvas, face: Identity, m: Muscles, skin: Skin, mouth: Mouth) -> None:
    """Hair around mouth and chin, for those who have one."""
    around = ellipse(canvas.x, canvas.y - 0.52 - 0.7 * jaw_drop(m), 0.42, 0.36)
    free = 1 - bump(canvas.x, canvas.y - mouth.center_y, 0.19, 0.055)
    grown = canvas.inside(around, blur=4) * free * grid(face.beard)
    canvas.paint(0.9 * skin.hair, 0.7 * grown * skin.mask)


def _forehead(canvas: Canvas, face: Identity, m: Muscles) -> Tensor:
    """Three lines (B, S, S) that raised brows press into the forehead."""
    raised = 0.20 * (0.6 * m[1] + 0.4 * m[2])
    height = canvas.y - grid(face.eye_y) - 0.15 * canvas.x.square()
    lines = sum(ridge(height + 0.34 + 0.055 * k, 0.009) for k in range(3))
    where = bump(canvas.x, canvas.y - grid(face.eye_y) + 0.38, 0.28, 0.12)
    return raised * lines * where


def _between_the_brows(canvas: Canvas, face: Identity, m: Muscles) -> Tensor:
    """Two upright lines of a frown, three bent ones of a wrinkled nose, (B, S, S)."""
    above = canvas.y - grid(face.eye_y) + 0.10
    frown = 0.35 * m[4] * ridge(canvas.side - 0.035, 0.010) * bump(canvas.x, above, 0.06, 0.075)
    height = canvas.y - grid(face.eye_y) - 0.06 - 0.6 * canvas.x.square()
    lines = sum(ridge(height - 0.035 * k, 0.009) for k in (-1, 0, 1))
    below = bump(canvas.x, canvas.y - grid(face.eye_y) - 0.06, 0.06, 0.09)
    return frown + 0.30 * m[9] * lines * below


def _around_the_eyes(canvas: Canvas, face: Identity, m: Muscles) -> Tensor:
    """Crow's feet, the fold of a raised cheek and the light on it, (B, S, S)."""
    x = canvas.side
    raised = canvas.y - 0.10 + 0.035 * m[6] + 0.015 * m[12]
    light = -0.10 * (0.8 * m[6] + 0.5 * m[12]) * bump(x - 0.27, raised, 0.12, 0.07)
    fold = canvas.y - 0.07 + 0.03 * m[6] - 0.9 * (x - 0.24).square()
    crescent = 0.30 * m[6] * ridge(fold, 0.012) * bump(x - 0.25, canvas.y - 0.07, 0.13, 0.09)

    outside = x - grid(face.eye_x) - 1.35 * grid(face.eye_width)
    y = canvas.y - grid(face.eye_y) - 0.01
    rays = sum(ridge(y - 0.035 * k * (1 + 3 * (x - 0.36)), 0.008) for k in (-1, 0, 1))
    return light + crescent + 0.22 * m[6] * rays * bump(outside, y, 0.045, 0.09)


def _beside_the_nose(canvas: Canvas, face: Identity, m: Muscles, mouth: Mouth) -> Tensor:
    """The fold from the nose's wing to the mouth's corner, and the dimple, (B, S, S)."""
    wing = 1.35 * grid(face.nose_width)
    top = grid(face.nose_length) - 0.02
    t = (canvas.y - top) / (mouth.corner_y - top + 0.04)  # 0 at the wing, 1 at the corner
    along = wing + (1.18 * mouth.corner_x - wing) * t.clamp(1e-4, 1).pow(0.8)
    # Both ends fade with the unclamped `t`, so that the fold ends.
    ends = torch.sigmoid((t + 0.02) / 0.06) * torch.sigmoid((1.02 - t) / 0.08)
    strength = 0.06 + 0.26 * m[12] + 0.20 * m[10] + 0.18 * m[9]
    dimple = bump(canvas.side - 1.13 * mouth.corner_x, canvas.y - mouth.corner_y, 0.014, 0.032)
    return strength * ridge(canvas.side - along, 0.016) * ends + 0.45 * m[14] * dimple


def _chin(canvas: Canvas, m: Muscles, mouth: Mouth) -> Tensor:
    """The dimpled boss of a raised chin and the fold above it, (B, S, S)."""
    below = canvas.y - mouth.center_y
    dimples = 0.6 + 0.4 * torch.cos(110 * canvas.x) * torch.cos(95 * canvas.y)
    boss = 0.22 * bump(canvas.x, below - 0.20, 0.12, 0.07) * dimples
    arch = below - 0.115 + 0.02 * m[17] + 0.8 * canvas.x.square()
    fold = 0.30 * ridge(arch, 0.012) * bump(canvas.x, below - 0.11, 0.11, 0.06)
    return m[17] * (boss + fold)
