"""Pictures on the sphere."""

import math

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid
from cvlib.spherical.images import image_to_sphere
from cvlib.spherical.rotations import random_rotations, sample_signal


def scalar_projection(picture, R, b, half):
    """One picture, one point at a time, with bilinear interpolation between pixel centres."""
    out, size = np.zeros((2 * b, 2 * b)), len(picture)
    for j, k in np.ndindex(out.shape):
        x, y, z = Grid(b).points[j, k] @ R
        row, col = (((v * 2 / (1 - z)) / half + 1) * size / 2 - 0.5 for v in (x, y))
        for r, c in np.ndindex(2, 2):
            i, m = math.floor(row) + r, math.floor(col) + c
            weight = (1 - abs(row - i)) * (1 - abs(col - m))
            if 0 <= i < size and 0 <= m < size:
                out[j, k] += weight * picture[i, m]
    return out


def test_pictures_land_where_a_plain_loop_puts_them():
    g = torch.Generator().manual_seed(0)
    pictures, R = torch.rand(2, 1, 9, 9, generator=g), random_rotations(2, g)
    fast = image_to_sphere(pictures, 5, R)
    for k in range(2):
        slow = scalar_projection(pictures[k, 0].numpy(), R[k].numpy(), 5, 1.5)
        np.testing.assert_allclose(fast[k, 0], slow, atol=5e-6)


def test_a_turned_picture_is_the_turned_signal():
    y, x = torch.meshgrid(*[torch.linspace(-2, 2, 57)] * 2, indexing="ij")
    blob = torch.exp(-4 * ((x - 0.3) ** 2 + y**2))[None, None]
    R = random_rotations(1, torch.Generator().manual_seed(2))
    direct = image_to_sphere(blob, 20, R)
    points = torch.einsum("hwi,nij->nhwj", torch.as_tensor(Grid(20).points), R)
    resampled = sample_signal(image_to_sphere(blob, 20), points)
    assert (resampled - direct).abs().mean() < 0.002


def test_upright_pictures_stay_on_the_southern_side():
    signal = image_to_sphere(torch.ones(1, 1, 28, 28), 10)
    assert signal[0, 0, -1].min() == 1
    assert signal[0, 0, :8].abs().max() == 0


def test_bad_pictures_are_refused():
    with pytest.raises(CourseError, match="floating-point"):
        image_to_sphere(torch.zeros(1, 1, 4, 4, dtype=torch.uint8), 4)
    with pytest.raises(CourseError, match=r"\(N, C, H, W\)"):
        image_to_sphere(torch.zeros(4, 4), 4)
    with pytest.raises(CourseError, match="NaN or infinite"):
        image_to_sphere(torch.full((1, 1, 4, 4), math.nan), 4)
    with pytest.raises(CourseError, match="2 signals need one rotation"):
        image_to_sphere(torch.zeros(2, 1, 4, 4), 4, torch.eye(3).expand(3, 3, 3))
    with pytest.raises(CourseError, match="empty"):
        image_to_sphere(torch.zeros(0, 1, 4, 4), 4)
