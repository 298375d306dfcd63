"""Where the dance takes place: a static camera, a wooden floor, a wall with a picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.synth.dancer_body import Body, pose_body
from cvlib.synth.motion import Motion
from cvlib.synth.raycast import Camera, Hits, Moment, Plane, supersampled, turn_x
from cvlib.synth.textures import bandlimit, hashed, soft_pulse, value_noise

WALL, FLOOR = 0, 1  # the planes' numbers
BEHIND = 2.0  # metres from the dancer to the wall
BOARD, PANEL = 0.17, 1.1  # metres
SHADE_SLANT = (-0.45 / 0.72, 0.53 / 0.72)  # how far a shadow falls for a metre of height: x and z
SAMPLES = 2  # squared: rays a pixel


@dataclass(frozen=True)
class Stage:
    """A picture's size in pixels, and the camera: metres, radians, focal length in heights.

    `room` multiplies the dancers' steps; `seed` draws the picture on the wall.
    """

    height: int
    width: int
    distance: float = 4.0
    eye: float = 1.15
    down: float = 0.05
    focal: float = 1.75
    room: float = 1.0
    seed: int = 0

    @property
    def camera(self) -> Camera:
        """The camera, `distance` in front of the dancer and `eye` above the floor."""
        position = torch.tensor([0.0, self.eye, -self.distance], dtype=torch.float64)
        return Camera(
            turn_x(self.down), position, self.focal * self.height, self.height, self.width
        )

    def paint(self) -> tuple[Tensor, Hits]:
        """The empty stage at every sub-pixel: colours (4 H W, 3) in [0, 1], and what they hit."""
        camera = self.camera
        hits = Moment(camera, PLANES, ()).cast(supersampled(camera.pixels(), SAMPLES))
        color = torch.zeros_like(hits.point)
        footprint = hits.depth / camera.focal
        for plane, material in ((WALL, _wall), (FLOOR, _floor)):
            mine = hits.surface == plane
            color[mine] = material(hits.point[mine], footprint[mine], self.seed)
        return color.clamp(0, 1), hits


def portrait_stage(height: int, width: int, body: Body) -> Stage:
    """Head and shoulders of this body: the camera at the height of her head, small steps.

    The head's radius is about a fifth of the picture's height: 20 pixels of 96.
    """
    still = Motion(torch.zeros(1, 6, dtype=torch.float64), {}, 30.0)
    head = float(pose_body(body, still).head[0, 1])
    return Stage(height, width, 2.6, head - 0.06, 0.0, 4.9, room=0.12)


def shadow(point: Tensor, joints: Tensor) -> Tensor:
    """How much light (N,) is left on the floor at points (N, 3), under joints (K, 3).

    Each joint casts a soft blob, the wider and fainter the higher it is.
    """
    height = joints[:, 1].clamp(min=0.02)  # (K,)
    radius = 0.09 + 0.22 * height
    right = joints[:, 0] + SHADE_SLANT[0] * height
    back = joints[:, 2] + SHADE_SLANT[1] * height
    away = (point[:, :1] - right).square() + (point[:, 2:] - back).square()  # (N, K)
    blobs = 0.3 / (1 + 1.2 * height) * torch.exp(-away / radius.square())
    return (1 - blobs).prod(1)


def _wall(point: Tensor, footprint: Tensor, seed: int) -> Tensor:
    """Plaster with panels, a skirting board, and an abstract picture: (N, 3)."""
    x, y, _ = point.unbind(1)
    edge = footprint + 1e-3
    color = _flat((0.73, 0.71, 0.67), point) * (0.84 + 0.07 * y.clamp(0, 3))[:, None]

    groove = soft_pulse(torch.remainder(x + 0.45, PANEL), 0.0, 0.03, edge)
    color = color * (1 - 0.14 * groove)[:, None]
    skirting = soft_pulse(y, 0.0, 0.14, edge)
    color = torch.lerp(color, _flat((0.42, 0.36, 0.32), point), skirting[:, None])

    frame = soft_pulse(x, -1.42, -0.62, edge) * soft_pulse(y, 1.25, 2.05, edge)
    canvas = soft_pulse(x, -1.36, -0.68, edge) * soft_pulse(y, 1.31, 1.99, edge)
    art = torch.stack([value_noise(4 * x + 9, 4 * y, seed + i) for i in range(3)], 1)
    color = torch.lerp(color, _flat((0.22, 0.17, 0.14), point), frame[:, None])
    return torch.lerp(color, 0.15 + 0.8 * art, canvas[:, None])


def _floor(point: Tensor, footprint: Tensor, seed: int) -> Tensor:
    """Boards that run away from the viewer, each in its own tone: (N, 3)."""
    x, _, z = point.unbind(1)
    board = (x / BOARD).floor().long()
    tone = 0.86 + 0.26 * hashed(board, 3)
    grain = value_noise(x / 0.02, z / 0.6, 5) - 0.5
    gap = soft_pulse(torch.remainder(x, BOARD), 0.0, 0.01, footprint + 1e-3)
    light = tone * (1 + 0.2 * grain * bandlimit(0.02, footprint)) * (1 - 0.45 * gap)
    return _flat((0.56, 0.41, 0.28), point) * light[:, None]


def _flat(color: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(color, dtype=torch.float64).expand_as(like)


PLANES = (
    Plane(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), BEHIND, lambda p: p[:, 1] >= 0),
    Plane(torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64), 0.0, lambda p: p[:, 2] <= BEHIND),
)
