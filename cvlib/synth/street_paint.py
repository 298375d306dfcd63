"""What a street looks like: a colour for every hit.

Every texture fades to its mean where a pixel covers a period of it, so that nothing flickers but
what the ray at a pixel's edge decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.synth.raycast import NOTHING, Hits, Moment
from cvlib.synth.street_parts import (
    BODIES,
    CABINS,
    CROWNS,
    GROUND,
    LEFT,
    MASTS,
    RIGHT,
    ROAD,
    TRUNKS,
    VERGE,
    WHEELS,
    front_height,
    house,
    kinds,
)
from cvlib.synth.textures import FINEST, bandlimit, hashed, soft_pulse, stripes, value_noise

SUN = (0.36, 0.81, -0.46)  # a unit vector towards it
HAZE = 140.0  # metres after which 1/e of a colour is left
GLASS, RUBBER = (0.12, 0.15, 0.20), (0.05, 0.05, 0.06)
REAR_LAMP, HEADLAMP = (0.85, 0.08, 0.05), (0.95, 0.95, 0.85)
BARK, STEEL = (0.30, 0.20, 0.12), (0.35, 0.35, 0.33)
PAVING, GRASS = (0.62, 0.58, 0.55), (0.22, 0.38, 0.14)


@dataclass(frozen=True)
class Look:
    """The colours of one drive, in [0, 1], and the seed of all that is hashed."""

    seed: int
    car_paint: Tensor  # (C, 3)
    leaves: Tensor  # (T, 3)
    asphalt: Tensor  # (3,)
    line: Tensor  # (3,)
    light: Tensor  # (3,), multiplies all colours
    zenith: Tensor  # (3,)
    horizon: Tensor  # (3,)


def paint(look: Look, moment: Moment, hits: Hits) -> Tensor:
    """The colours (N, 3) in [0, 1] of what N rays met, in light and haze."""
    surface = hits.surface
    color = torch.zeros_like(hits.point)  # (N, 3)
    sky = surface == NOTHING
    ground = surface == GROUND
    front = (surface == LEFT) | (surface == RIGHT)
    solid = surface > RIGHT

    color[ground] = _ground(look, moment, hits.point[ground], hits.depth[ground])
    color[front] = _fronts(look, moment, hits.point[front], hits.depth[front])
    color[solid] = _solids(look, moment, Hits(*(value[solid] for value in hits)))

    clear = torch.exp(-hits.depth / HAZE)[:, None]  # (N, 1)
    color = torch.lerp(look.horizon * look.light, color * look.light, clear)
    color[sky] = _sky(look, hits.point[sky])
    return color.clamp(0, 1)


def _sky(look: Look, direction: Tensor) -> Tensor:
    """Blue above, pale at the horizon, and clouds that stay where they are."""
    height = F.normalize(direction, dim=-1)[:, 1].clamp(0, 1)
    azimuth = torch.atan2(direction[:, 0], direction[:, 2])
    cloud = 0.96 * (value_noise(6 * azimuth + 50, 14 * height, look.seed) - 0.5).clamp(min=0)

    blue = torch.lerp(look.horizon, look.zenith, (2.2 * height).clamp(max=1)[:, None])
    return torch.lerp(blue, torch.ones_like(blue), cloud[:, None]) * look.light


def _ground(look: Look, moment: Moment, point: Tensor, depth: Tensor) -> Tensor:
    """Asphalt with lines, paving with joints, grass; cars darken what is below them."""
    x, _, z = point.unbind(-1)
    wide = depth / moment.camera.focal  # metres across that a pixel covers
    long = wide * depth / moment.camera.position[1]  # and along: it looks at a slant

    fine = (value_noise(2.5 * x, 2.5 * z, look.seed + 1) - 0.5) * bandlimit(0.8, long)
    coarse = (value_noise(0.5 * x, 0.35 * z, look.seed + 2) - 0.5) * bandlimit(4.0, long)
    grain = (fine + 0.6 * coarse)[:, None]  # (N, 1)

    dash = stripes(z, 6.0, 0.3, 2.9, long)
    middle = soft_pulse(x, -0.09, 0.09, wide.clamp(min=FINEST)) * dash
    edge = soft_pulse(x.abs(), ROAD - 0.35, ROAD - 0.2, wide.clamp(min=FINEST))
    road = torch.lerp(look.asphalt + 0.10 * grain, look.line, (middle + edge)[:, None])

    joint = stripes(z, 1.5, 0.0, 0.06, long)[:, None]
    paving = (point.new_tensor(PAVING) + 0.08 * grain) * (1 - 0.35 * joint)
    grass = point.new_tensor(GRASS) + 0.16 * grain

    away = x.abs()[:, None]
    color = torch.where(away < ROAD, road, torch.where(away < VERGE, paving, grass))
    return color * _shadow(moment, x, z)[:, None]


def _shadow(moment: Moment, x: Tensor, z: Tensor) -> Tensor:
    """The share (N,) of light that cars leave on the ground under them."""
    cars = moment.solids[BODIES]
    across = (x[:, None] - cars.position[:, 0]) / (1.25 * cars.size[:, 0])  # (N, C)
    along = (z[:, None] - cars.position[:, 2]) / (1.15 * cars.size[:, 2])
    return (1 - 0.6 * torch.exp(-(across**4) - along**4)).prod(-1)


def _fronts(look: Look, moment: Moment, point: Tensor, depth: Tensor) -> Tensor:
    """Plastered fronts: a colour a house, rows of windows, a plinth and a cornice."""
    x, y, z = point.unbind(-1)
    number = house(z)
    side = (x > 0).long()
    tall = depth / moment.camera.focal
    long = 3 * tall  # seen at a slant, like the road

    tones = [hashed(number, side, look.seed, channel) for channel in range(3)]
    plaster = 0.35 + 0.5 * torch.stack(tones, -1)  # (N, 3)
    grain = (value_noise(1.7 * z, 1.7 * y, look.seed + 5) - 0.5) * bandlimit(1.2, long)
    plaster = plaster * (1 + 0.16 * grain)[:, None]

    column = stripes(z, 2.2, 0.55, 1.65, long)
    row = stripes(y - 0.4, 2.6, 0.8, 2.1, tall)
    lit = hashed((z / 2.2).floor().long(), ((y - 0.4) / 2.6).floor().long(), side, look.seed)
    glass = torch.lerp(
        point.new_tensor([0.16, 0.20, 0.28]), point.new_tensor([0.46, 0.48, 0.48]), lit[:, None]
    )
    color = torch.lerp(plaster, glass, (column * row)[:, None])

    plinth = soft_pulse(y, -1.0, 0.5, tall.clamp(min=FINEST))
    top = front_height(number, x > 0, look.seed)
    cornice = soft_pulse(y - top, -0.35, 1.0, tall.clamp(min=FINEST))
    color = color * (1 - 0.35 * plinth + 0.15 * cornice)[:, None]
    return color * torch.where(side == 1, 0.9, 1.0)[:, None]  # the sun stands to the right


def _solids(look: Look, moment: Moment, hits: Hits) -> Tensor:
    """Cars, trees and poles under Lambert's law."""
    kind, number = (table[hits.surface - len(moment.planes)] for table in kinds(hits.depth.device))
    normal = moment.normals(hits)
    local = moment.local(hits.surface, hits.point)

    base = torch.zeros_like(normal)  # (N, 3)
    for mine, color in ((TRUNKS, BARK), (MASTS, STEEL), (WHEELS, RUBBER)):
        base[kind == mine] = base.new_tensor(color)
    for mine, dressed in ((BODIES, _body), (CABINS, _cabin)):
        chosen = kind == mine
        place = local[chosen] / moment.solids[mine].size[number[chosen]]  # in [-1, 1]
        base[chosen] = dressed(look.car_paint[number[chosen]], place)
    crown = kind == CROWNS
    fine = hits.depth[crown] / moment.camera.focal
    base[crown] = look.leaves[number[crown]] * _foliage(look.seed, normal[crown], fine)[:, None]

    facing = normal @ normal.new_tensor(SUN)
    return base * (0.55 + 0.45 * facing.clamp(-0.3, 1))[:, None]


def _body(color: Tensor, place: Tensor) -> Tensor:
    """A car's lower box, of places (n, 3) in [-1, 1]: paint (n, 3), lamps at both ends, a sill."""
    x, y, z = place.unbind(-1)
    at_an_end = place.abs().argmax(-1) == 2
    lamp = at_an_end & (x.abs() > 0.55) & (y > -0.1) & (y < 0.55)
    light = torch.where((z > 0)[:, None], place.new_tensor(HEADLAMP), place.new_tensor(REAR_LAMP))

    color = torch.where((y < -0.6)[:, None], place.new_tensor(RUBBER), color)
    return torch.where(lamp[:, None], light, color)


def _cabin(color: Tensor, place: Tensor) -> Tensor:
    """A car's upper box: paint (n, 3) on roof and pillars, glass between them."""
    face = place.abs().argmax(-1)  # (n,): 0 a side, 1 the roof, 2 front or back
    across = torch.where(face == 0, place[:, 2], place[:, 0]).abs()
    glass = (face != 1) & (place[:, 1].abs() < 0.75) & (across < 0.87)
    return torch.where(glass[:, None], place.new_tensor(GLASS), color)


def _foliage(seed: int, normal: Tensor, fine: Tensor) -> Tensor:
    """Light and dark leaves (n,) about 1, by the crown's normals (n, 3) and metres a pixel (n,)."""
    azimuth = torch.atan2(normal[:, 0], normal[:, 2])
    clump = value_noise(5 * azimuth + 40, 6 * normal[:, 1] + 40, seed + 9) - 0.5
    return 1 + 0.55 * clump * bandlimit(0.5, fine)
