"""Who a rendered face is: colours, proportions, light and pose, all drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

SKIN_TONES = ((0.97, 0.85, 0.75), (0.90, 0.72, 0.58), (0.72, 0.52, 0.38), (0.50, 0.33, 0.23),
              (0.33, 0.21, 0.15))  # fmt: skip
HAIR_TONES = ((0.08, 0.06, 0.06), (0.24, 0.14, 0.08), (0.46, 0.30, 0.16), (0.78, 0.62, 0.36),
              (0.52, 0.20, 0.09), (0.64, 0.63, 0.62))  # fmt: skip
IRIS_TONES = ((0.32, 0.20, 0.10), (0.26, 0.42, 0.60), (0.27, 0.43, 0.27), (0.16, 0.11, 0.08))


@dataclass(frozen=True)
class Identity:
    """People, one entry a person: colours are (B, 3), everything else (B,).

    Lengths are in face coordinates, where a head is about 1.4 high. No person is meant: every
    value is drawn by `sample_identities`.
    """

    skin: Tensor
    hair: Tensor
    iris: Tensor
    cloth: Tensor
    back_0: Tensor  # the two colours of the background's waves
    back_1: Tensor
    wave: Tensor  # direction, in radians
    waves: Tensor  # how many
    phase: Tensor
    width: Tensor  # half of the face's
    height: Tensor
    jaw: Tensor  # how much the face narrows towards the chin
    eye_x: Tensor
    eye_y: Tensor
    eye_width: Tensor
    eye_open: Tensor
    brow_gap: Tensor
    brow_length: Tensor
    brow_thickness: Tensor
    nose_length: Tensor
    nose_width: Tensor
    mouth_y: Tensor
    mouth_width: Tensor
    lip: Tensor  # thickness
    lip_red: Tensor
    hair_volume: Tensor
    hair_side: Tensor
    fringe: Tensor
    beard: Tensor
    light_x: Tensor
    light_y: Tensor
    ambient: Tensor
    warmth: Tensor
    turn: Tensor  # of the head in the picture's plane, in radians
    scale: Tensor
    shift_x: Tensor
    shift_y: Tensor

    def __len__(self) -> int:
        return len(self.width)

    def take(self, index: Tensor | slice) -> Identity:
        """The people at these places (n,)."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def repeated(self, times: int) -> Identity:
        """Every person `times` times in a row: (B,) becomes (B * times,)."""
        each = torch.arange(len(self), device=self.width.device).repeat_interleave(times)
        return self.take(each)

    def to(self, device: torch.device) -> Identity:
        """The same people on another device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def sample_identities(n: int, draw: torch.Generator) -> Identity:
    """`n` people drawn from a CPU generator, the same ones from the same seed."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=draw)

    def normal(mean: float, deviation: float) -> Tensor:
        return mean + deviation * torch.randn(n, generator=draw)

    def color() -> Tensor:
        return torch.rand(n, 3, generator=draw)

    bearded = torch.rand(n, generator=draw) < 0.25
    return Identity(
        skin=_blended(SKIN_TONES, uniform(0, 1)), hair=_picked(HAIR_TONES, n, draw),
        iris=_picked(IRIS_TONES, n, draw), cloth=color(), back_0=color(), back_1=color(),
        wave=uniform(0, 6.283), waves=uniform(1, 5), phase=uniform(0, 6.283),
        width=uniform(0.50, 0.60), height=uniform(0.68, 0.78), jaw=uniform(0.10, 0.30),
        eye_x=uniform(0.21, 0.26), eye_y=uniform(-0.16, -0.10), eye_width=uniform(0.105, 0.135),
        eye_open=uniform(0.040, 0.055), brow_gap=uniform(0.10, 0.13),
        brow_length=uniform(0.125, 0.155), brow_thickness=uniform(0.018, 0.034),
        nose_length=uniform(0.20, 0.28), nose_width=uniform(0.070, 0.105),
        mouth_y=uniform(0.31, 0.37), mouth_width=uniform(0.16, 0.21), lip=uniform(0.028, 0.050),
        lip_red=uniform(0, 1), hair_volume=uniform(0.05, 0.35), hair_side=uniform(0, 0.16),
        fringe=uniform(0, 1), beard=bearded * uniform(0.3, 0.8),
        light_x=uniform(-0.8, 0.8), light_y=uniform(-0.9, 0.1), ambient=uniform(0.55, 0.80),
        warmth=normal(0, 0.05), turn=normal(0, 0.06), scale=uniform(0.92, 1.05),
        shift_x=normal(0, 0.03), shift_y=normal(0.02, 0.02),
    )  # fmt: skip


def _blended(tones: tuple[tuple[float, ...], ...], place: Tensor) -> Tensor:
    """Colours (n, 3) at `place` (n,) in [0, 1] along a row of tones."""
    row = torch.tensor(tones)
    at = place * (len(row) - 1)
    below = at.long().clamp(max=len(row) - 2)
    return torch.lerp(row[below], row[below + 1], (at - below)[:, None])


def _picked(tones: tuple[tuple[float, ...], ...], n: int, draw: torch.Generator) -> Tensor:
    """Colours (n, 3) chosen from a row of tones, a little lighter or darker."""
    row = torch.tensor(tones)
    chosen = row[torch.randint(len(row), (n,), generator=draw)]
    return chosen * (0.85 + 0.3 * torch.rand(n, 1, generator=draw))
