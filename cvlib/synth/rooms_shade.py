"""From hits to a photograph: textures, one lamp, noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cvlib.synth.rooms_cast import Hits, Scene

AMBIENT, LAMP, FALLOFF, NOISE = 0.3, 1.0, 0.05, 0.02


def photograph(scene: Scene, hits: Hits, generator: torch.Generator) -> Tensor:
    """Colour pictures (B, 3, H, W) in [0, 1]: Lambert's law, one lamp without shadows, noise."""
    colour = albedo(scene, hits)  # (B, H, W, 3)
    to_lamp = scene.light[:, None, None] - hits.point
    distance = to_lamp.norm(dim=-1)
    facing = (hits.normal * to_lamp).sum(-1) / distance
    light = AMBIENT + LAMP * facing.clamp(min=0) / (1 + FALLOFF * distance.square())

    noise = torch.randn(colour.shape, generator=generator)
    rgb = colour * light[..., None] + NOISE * noise
    return rgb.clamp(0, 1).permute(0, 3, 1, 2).contiguous()


def albedo(scene: Scene, hits: Hits) -> Tensor:
    """The surfaces' own colour (B, H, W, 3): a palette per class times a checker in space."""
    batch, height, width = hits.classes.shape
    classes = hits.classes.flatten(1)  # (B, P)
    colour = scene.palette.gather(1, classes[..., None].expand(-1, -1, 3))
    frequency = scene.frequency.gather(1, classes)
    contrast = scene.contrast.gather(1, classes)

    place = hits.point.reshape(batch, -1, 3) + scene.shift[:, None]
    wave = torch.sin(math.pi * frequency[..., None] * place)  # (B, P, 3)
    flat = hits.normal.reshape(batch, -1, 3).abs() > 0.99  # a plane has no pattern across itself
    checker = torch.where(flat, 1.0, wave).prod(-1).sign()

    dark = contrast * (checker < 0)
    return (colour * (1 - dark[..., None])).reshape(batch, height, width, 3)
