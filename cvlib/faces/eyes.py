"""Eyes and brows: lids, iris, lashes, and what the muscles of the upper face do to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.faces.canvas import Canvas, Muscles, grid, ridge
from cvlib.faces.head import Skin
from cvlib.faces.identity import Identity

WHITE = (0.95, 0.94, 0.93)
BLACK = (0.04, 0.03, 0.03)


@dataclass(frozen=True)
class Lids:
    """How far the lids stand from the eye's middle line at its centre, (B, 1, 1), in y."""

    upper: Tensor  # negative: above the line
    lower: Tensor


def lids_of(face: Identity, m: Muscles) -> Lids:
    """Lids as the muscles hold them; closed ones meet a little below the middle."""
    opening = grid(face.eye_open) * (1 + 0.55 * m[5])
    tight = 1 - 0.30 * m[7] - 0.10 * m[6]
    raised = (1 - 0.45 * m[7]) * (1 - 0.45 * m[6])
    return Lids(
        upper=-opening * tight * (1 - m[45]) + 0.012 * m[45],
        lower=0.72 * grid(face.eye_open) * raised * (1 - 0.60 * m[45]),
    )


def paint_eyes(canvas: Canvas, face: Identity, m: Muscles, skin: Skin) -> None:
    """White, iris, pupil and highlight between two lids; lashes, lid lines."""
    x = canvas.side - grid(face.eye_x)
    y = canvas.y - grid(face.eye_y)
    half = grid(face.eye_width)
    arch = 1 - (x / half).clamp(-1.2, 1.2).square()
    lids = lids_of(face, m)
    upper = lids.upper * arch
    lower = lids.lower * arch - 0.006 * m[6]

    within = canvas.inside(x.abs() - half)
    eye = canvas.inside(upper - y) * canvas.inside(y - lower) * within  # (B, S, S)
    radius = (x.square() + y.square() + 1e-8).sqrt()
    glint = ((x + 0.014).square() + (y + 0.016).square() + 1e-8).sqrt()
    iris = 0.95 * grid(face.eye_open)
    white = face.skin.new_tensor([WHITE])
    black = face.skin.new_tensor([BLACK])
    canvas.paint(white, eye)
    canvas.paint(face.iris, eye * canvas.inside(radius - iris))
    canvas.paint(black, eye * canvas.inside(radius - 0.48 * iris))
    canvas.paint(torch.ones_like(white), eye * canvas.inside(glint - 0.011))

    canvas.shade(1 - 0.35 * eye * ridge(y - upper, 0.016))
    lash = ridge(y - upper, 0.0105) * canvas.inside(x.abs() - 1.04 * half)
    canvas.paint(black, 0.85 * lash)
    canvas.paint(0.62 * skin.color, 0.55 * ridge(y - lower, 0.009) * within)
    crease = ridge(y - upper + 0.028, 0.010) * within
    canvas.paint(0.66 * skin.color, 0.5 * crease * (1 - 0.7 * m[4]))


def brow_lift(u: Tensor, m: Muscles) -> Tensor:
    """How far a brow moves down (B, S, S), at `u` from 0, its inner end, to 1, its outer end."""
    inner = ridge(u - 0.02, 0.42)
    outer = ridge(u - 0.85, 0.42)
    frown = 0.068 * ridge(u - 0.05, 0.55) + 0.012
    pull = 0.020 * ridge(u, 0.40)
    return -0.085 * m[1] * inner - 0.085 * m[2] * outer + m[4] * frown + m[9] * pull


def paint_brows(canvas: Canvas, face: Identity, m: Muscles) -> None:
    """An arched stroke above each eye, thinner towards the temple."""
    length = grid(face.brow_length)
    inner = grid(face.eye_x) - 0.72 * length
    outer = grid(face.eye_x) + length
    u = ((canvas.side - inner) / (outer - inner)).clamp(-0.3, 1.3)

    arched = 0.045 * torch.sin(math.pi * (0.15 + 0.7 * u).clamp(0, 1))
    y = grid(face.eye_y - face.brow_gap) - arched + brow_lift(u, m)
    thickness = grid(face.brow_thickness) * (1.05 - 0.55 * u.clamp(0, 1))
    stroke = canvas.inside((canvas.y - y).abs() - thickness, blur=1.6)
    # Ends of the true distance, not of the clamped `u`: else the stroke goes on as a faint line.
    begins = canvas.inside(inner - 0.030 * m[4] - canvas.side)
    ends = canvas.inside(canvas.side - outer)
    canvas.paint(0.55 * face.hair, 0.9 * stroke * begins * ends)
