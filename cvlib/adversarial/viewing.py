"""Where a pixel of a screen falls on the retina: distances, angles, fixation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class ViewingGeometry:
    """A square image of `size_px` pixels and `image_m` metres, seen from `viewer_m` metres.

    The defaults are the course's: 15.24 cm from 61 cm, a little over 14 degrees.
    """

    size_px: int
    image_m: float = 0.1524
    viewer_m: float = 0.61

    def __post_init__(self) -> None:
        if self.size_px < 2 or self.image_m <= 0 or self.viewer_m <= 0:
            raise CourseError(
                f"an image of {self.size_px} px and {self.image_m:g} m seen from "
                f"{self.viewer_m:g} m: give at least 2 px and positive lengths in metres"
            )

    @property
    def px_per_m(self) -> float:
        """Pixels per metre of the screen."""
        return self.size_px / self.image_m

    @property
    def visual_angle_deg(self) -> float:
        """The angle, in degrees, that the whole side of the image covers."""
        return math.degrees(2 * math.atan(self.image_m / 2 / self.viewer_m))

    @property
    def px_per_deg(self) -> float:
        """Pixels per degree straight ahead."""
        return self.px_per_m * self.viewer_m * math.radians(1)

    def eccentricity(self, fixation: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """Radians between the line of sight and each pixel's centre, (S, S), float64.

        `fixation` is the point looked at, metres right of and below the image's centre.
        """
        c = (torch.arange(self.size_px, dtype=torch.float64) + 0.5) / self.px_per_m
        c = c - self.image_m / 2  # (S,), metres from the centre
        x = c[None, :] - fixation[0]  # (1, S)
        y = c[:, None] - fixation[1]  # (S, 1)
        return torch.atan(torch.hypot(x, y) / self.viewer_m)  # (S, S)

    def to_pixels(self, angle: Tensor, theta: Tensor) -> Tensor:
        """A small angle (S, S) at eccentricity theta (S, S), in pixels of the screen.

        The screen is flat, so a degree covers more of it the farther out it lies: the factor is
        the derivative of `viewer_m * tan(theta)`.
        """
        metres = self.viewer_m * angle * (1 + torch.tan(theta) ** 2)  # (S, S)
        return metres * self.px_per_m
