"""Spherical MNIST (Sec. 5.2): digits on the sphere, upright or turned.

NR: digits as projected. R: one random rotation per digit, fixed once. Shared: the authors' own
data have one rotation for every 500 digits; that starves a planar network of rotations.
"""

import torch
from torch import Tensor

from cvlib.course import data
from cvlib.spherical.images import image_to_sphere
from cvlib.spherical.layers import S2Convolution
from cvlib.spherical.rotations import random_rotations, rotation_matrix

CHUNK = 1000  # digits projected at a time


class SphericalDigits:
    """Digits and labels on a device, projected onto the sphere on demand.

    `images` uint8 `(N, 1, H, W)`, `labels` `(N,)`, `b` the bandwidth of the SOFT grid.
    """

    def __init__(self, images: Tensor, labels: Tensor, b: int, device: torch.device):
        self.images = images.to(device)
        self.labels = labels.to(device)
        self.b = b
        self.mean = 0.0
        self.std = 1.0

    def signals(self, R: Tensor | None = None) -> Tensor:
        """Standardised signals `(N, 1, 2b, 2b)`, turned by `R` (`(N, 3, 3)` or none)."""
        return torch.cat([self.part(start, R) for start in range(0, len(self.images), CHUNK)])

    def part(self, start: int, R: Tensor | None = None) -> Tensor:
        """The signals of up to 1,000 digits from `start` on: a full set may not fit in memory."""
        digits = self.images[start : start + CHUNK].float() / 255
        turn = None if R is None else R[start : start + CHUNK].to(digits.device)
        return (image_to_sphere(digits, self.b, turn) - self.mean) / self.std

    @torch.no_grad()
    def coefficients(self, first: S2Convolution, R: Tensor | None = None) -> Tensor:
        """All that the layer `first` sees of the signals: `(N, 1, degrees**2)`.

        It reads nothing else, so that each digit is analysed once and not once an epoch.
        """
        starts = range(0, len(self.images), CHUNK)
        return torch.cat([first.coefficients(self.part(start, R)) for start in starts])

    def first(self, n: int) -> "SphericalDigits":
        """The first `n` digits, scaled like all of them."""
        some = SphericalDigits(self.images[:n], self.labels[:n], self.b, self.images.device)
        some.mean = self.mean
        some.std = self.std
        return some

    def standardise_like(self, other: Tensor) -> None:
        """Shift and scale all signals so that `other` has mean 0 and deviation 1."""
        self.mean = float(other.mean())
        self.std = float(other.std())


def load(
    name: str, b: int, train: int, test: int, device: torch.device
) -> tuple[SphericalDigits, SphericalDigits, str]:
    """The first digits of an image set, standardised alike, and the label of the data."""
    source = data.images(name)
    train_set = SphericalDigits(source.train_x[:train], source.train_y[:train], b, device)
    test_set = SphericalDigits(source.test_x[:test], source.test_y[:test], b, device)
    upright = torch.cat([train_set.part(start) for start in range(0, min(train, 5000), CHUNK)])
    train_set.standardise_like(upright)
    test_set.standardise_like(upright)
    return train_set, test_set, source.label


def rotations(protocol: str, n: int, group: int, generator: torch.Generator) -> Tensor | None:
    """The rotations `(n, 3, 3)` of a protocol: none (`nr`), one each (`r`), or one for each run
    of `group` digits (`shared`).
    """
    if protocol == "nr":
        return None
    if protocol == "r":
        return random_rotations(n, generator)
    return random_rotations(-(-n // group), generator).repeat_interleave(group, 0)[:n]


def tilt(angle: float, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Rotations `(n, 3, 3)` by `angle` (radians) about random horizontal axes."""
    azimuth = 2 * torch.pi * torch.rand(n, generator=generator, dtype=torch.float64)
    return rotation_matrix(torch.stack([azimuth, torch.full_like(azimuth, angle), -azimuth], -1))
