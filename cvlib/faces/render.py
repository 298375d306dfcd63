"""The whole face: identity and expression to a picture, differentiably."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.faces.aus import checked
from cvlib.faces.canvas import Canvas, Muscles
from cvlib.faces.creases import paint_creases
from cvlib.faces.eyes import paint_brows, paint_eyes
from cvlib.faces.head import Skin, paint_behind, paint_fringe
from cvlib.faces.identity import Identity
from cvlib.faces.mouth import paint_mouth, paint_nose

HEAD = (2.2, 0.0)  # view and its middle's height: the whole head
TIGHT = (1.1, 0.08)  # from brows to chin: what small pictures need


def render_face(
    face: Identity, aus: Tensor, size: int, framing: tuple[float, float] = HEAD
) -> Tensor:
    """Pictures (B, 3, size, size) in [0, 1] of people making expressions (B, 17).

    `framing` is the height of what is seen, in face coordinates, and the height of its middle.
    Gradients flow to the expressions and to everything in `face`. Raises `CourseError` for values
    outside [0, 1] or another number of people than of expressions.
    """
    if len(face) != len(aus):
        raise CourseError(f"{len(face)} people make {len(aus)} expressions: give one each")
    m = Muscles(checked(aus))
    canvas = Canvas(face, size, *framing)
    skin = Skin(canvas, face, m)

    paint_behind(canvas, face, skin)
    canvas.paint(skin.color, skin.mask)
    paint_creases(canvas, face, m, skin)
    paint_eyes(canvas, face, m, skin)
    paint_brows(canvas, face, m)
    paint_nose(canvas, face, m, skin)
    paint_mouth(canvas, face, m, skin)
    paint_fringe(canvas, face, skin)
    return canvas.image.clamp(0, 1)


def change_mask(before: Tensor, after: Tensor, threshold: float = 0.05) -> Tensor:
    """Where two pictures (B, 3, S, S) in [0, 1] differ by more than `threshold`: (B, S, S), bool.

    The largest difference of the three colours counts. Of two renderings of one person this is
    the truth that an attention map should find.
    """
    return (before - after).abs().amax(dim=1) > threshold


@torch.no_grad()
def render_many(
    face: Identity, aus: Tensor, size: int, framing: tuple[float, float], batch: int = 100
) -> Tensor:
    """`render_face` in batches that fit a processor's cache: (B, 3, size, size)."""
    pictures = [
        render_face(face.take(slice(i, i + batch)), aus[i : i + batch], size, framing)
        for i in range(0, len(aus), batch)
    ]
    return torch.cat(pictures)
