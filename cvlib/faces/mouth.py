"""Mouth, lips, teeth and nose: what most action units of the lower face move."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.faces.canvas import Canvas, Muscles, bump, grid, ridge
from cvlib.faces.head import Skin, jaw_drop
from cvlib.faces.identity import Identity

INNER_MOUTH = (0.20, 0.05, 0.06)
TEETH = (0.93, 0.92, 0.88)
TONGUE = (0.62, 0.26, 0.28)


@dataclass(frozen=True)
class Mouth:
    """Where a mouth is, in face coordinates, each (B, 1, 1): y grows downwards."""

    corner_x: Tensor
    corner_y: Tensor
    center_y: Tensor
    gap: Tensor  # between the lips, in the middle
    upper: Tensor  # thickness of the upper lip
    lower: Tensor


def mouth_of(face: Identity, m: Muscles) -> Mouth:
    """The geometry of a mouth: who it belongs to, and which muscles pull."""
    wider = 0.22 * m[12] + 0.22 * m[20] + 0.05 * m[14] - 0.16 * m[23] - 0.06 * m[26]
    center_y = grid(face.mouth_y) + 0.75 * jaw_drop(m)
    thin = (1 - 0.55 * m[23]) * (1 - 0.25 * m[12] - 0.20 * m[20])
    return Mouth(
        corner_x=grid(face.mouth_width) * (1 + wider),
        corner_y=center_y - 0.085 * m[12] + 0.075 * m[15] + 0.01 * m[20],
        center_y=center_y,
        # A jaw that drops behind closed lips opens the mouth only a little.
        gap=0.018 * m[25] + 0.105 * m[26] * (0.35 + 0.65 * m[25]),
        upper=0.85 * grid(face.lip) * thin,
        lower=1.15 * grid(face.lip) * thin,
    )


def paint_mouth(canvas: Canvas, face: Identity, m: Muscles, skin: Skin) -> None:
    """Lips, and between them dark, teeth and tongue, or a seam."""
    mouth = mouth_of(face, m)
    q = canvas.x / mouth.corner_x  # -1 and 1 at the corners
    bow = (1 - q.square()).clamp_min(1e-4)  # 1 in the middle, about 0 from the corners on
    # Of the true distance: beyond the corners both lips meet, and would go on as a faint line.
    between = canvas.inside(canvas.side - mouth.corner_x)

    line = mouth.center_y + (mouth.corner_y - mouth.center_y) * q.clamp(-1.3, 1.3).square()
    lifted = 0.030 * m[10] + 0.008 * m[9]
    upper_edge = line - (0.35 * mouth.gap + lifted) * bow
    lower_edge = line + (0.65 * mouth.gap - 0.018 * m[17]) * bow
    cupid = 0.008 * ridge(canvas.x, 0.035)
    top = upper_edge - mouth.upper * bow.pow(0.6) + (cupid - 0.006 * m[17]) * bow
    bottom = lower_edge + mouth.lower * bow.pow(0.7) + 0.008 * m[17] * bow

    lips = _lip_color(face, skin)
    outer = canvas.inside(top - canvas.y) * canvas.inside(canvas.y - bottom) * between
    canvas.paint(lips, 0.92 * outer)
    shadow = canvas.inside(top - canvas.y) * canvas.inside(canvas.y - upper_edge) * between
    canvas.shade(1 - 0.18 * shadow)

    opened = torch.sigmoid((mouth.gap * bow - 0.008) / 0.003)
    closed = torch.sigmoid((mouth.gap * bow - 0.010) / 0.004)
    _paint_inside(canvas, face, upper_edge, lower_edge, between * opened)
    seam = ridge(canvas.y - (upper_edge + lower_edge) / 2, 0.0085) * between * (1 - closed)
    canvas.paint(0.35 * lips, 0.85 * seam)
    corner = bump(canvas.side - mouth.corner_x, canvas.y - mouth.corner_y, 0.018, 0.016)
    canvas.shade(1 - 0.35 * corner)


def _lip_color(face: Identity, skin: Skin) -> Tensor:
    red = 0.86 * skin.color[:, 0]
    green = skin.color[:, 1] * grid(0.62 - 0.12 * face.lip_red)
    blue = skin.color[:, 2] * grid(0.62 - 0.06 * face.lip_red)
    return torch.stack([red, green, blue], dim=1)  # (B, 3, S, S)


def _paint_inside(
    canvas: Canvas, face: Identity, upper: Tensor, lower: Tensor, opened: Tensor
) -> None:
    """Dark, upper teeth and tongue between two edges (B, S, S)."""
    gap = canvas.inside(upper - canvas.y) * canvas.inside(canvas.y - lower) * opened
    teeth = gap * canvas.inside(canvas.y - upper - 0.030)
    tongue = gap * canvas.inside(lower - 0.035 - canvas.y, blur=3)
    for color, mask in ((INNER_MOUTH, gap), (TEETH, 0.95 * teeth), (TONGUE, 0.7 * tongue)):
        canvas.paint(face.skin.new_tensor([color]), mask)


def paint_nose(canvas: Canvas, face: Identity, m: Muscles, skin: Skin) -> None:
    """A shadow along its bridge, a lit tip, nostrils and wings."""
    tip = grid(face.nose_length) - 0.030 * m[9] - 0.012 * m[10]
    wide = grid(face.nose_width) * (1 + 0.14 * m[9] + 0.10 * m[12])

    begins = torch.sigmoid((canvas.y - grid(face.eye_y) - 0.02) / 0.04)
    ends = torch.sigmoid((tip - canvas.y) / 0.02)
    bridge = ridge(canvas.x - 0.045 - 0.02 * grid(face.light_x), 0.02)
    canvas.shade(1 - 0.16 * bridge * begins * ends)
    canvas.paint((1.10 * skin.color).clamp(0, 1), 0.5 * bump(canvas.x, canvas.y - tip + 0.035,
                                                            0.035, 0.04))  # fmt: skip

    nostril = bump(canvas.side - 0.48 * wide, canvas.y - tip - 0.004, 0.024, 0.0115)
    canvas.paint(0.38 * skin.color, 0.85 * nostril)
    across = canvas.side - 0.62 * wide
    radius = (across.square() + (canvas.y - tip + 0.012).square() + 1e-8).sqrt()
    outer_side = torch.sigmoid((across + 0.02 * wide) / 0.01)
    canvas.shade(1 - 0.28 * ridge(radius - 0.042, 0.011) * outer_side)
