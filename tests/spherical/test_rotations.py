"""Rotations are uniform, and turn signals as they should."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cvlib.course.errors import CourseError
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.rotations import (
    euler_zyz,
    random_rotations,
    rotate_s2_spectrum,
    rotate_signal,
    rotate_so3_spectrum,
    rotation_matrix,
    sample_signal,
)
from cvlib.spherical.spectrum import s2_block, s2_power, so3_block, so3_size
from cvlib.spherical.wigner import wigner_D

F64 = torch.float64


def resampled(x, R):
    """A turn by interpolation at `R^-1 x`: rough, and independent of the spectrum."""
    points = torch.as_tensor(Grid(x.shape[-1] // 2).points)
    source = torch.einsum("hwi,...ij->...hwj", points, R)
    return sample_signal(x, source.expand(len(x), -1, -1, -1))


@pytest.fixture
def R():
    return random_rotations(5, torch.Generator().manual_seed(0))


def test_random_rotations_are_uniform():
    n = 40_000
    D = wigner_D(3, euler_zyz(random_rotations(n, torch.Generator().manual_seed(1))).numpy(), False)
    for l in (1, 2):
        assert abs(D[l].mean(0)).max() < 5 / np.sqrt(n)
        square = abs(D[l]) ** 2
        spread = 5 * square.std(0) / np.sqrt(n)
        assert (abs(square.mean(0) - 1 / (2 * l + 1)) < spread).all()


def test_euler_angles_are_scipys(R):
    np.testing.assert_allclose(
        euler_zyz(R), Rotation.from_matrix(R.numpy()).as_euler("ZYZ"), atol=1e-12
    )
    torch.testing.assert_close(rotation_matrix(euler_zyz(R)), R, atol=1e-13, rtol=0)


@pytest.mark.parametrize("beta", [0.0, np.pi])
def test_euler_angles_at_the_poles(beta):
    Q = rotation_matrix(torch.tensor([0.7, beta, 0.4], dtype=F64))
    torch.testing.assert_close(rotation_matrix(euler_zyz(Q)), Q, atol=1e-12, rtol=0)


def test_matrices_that_are_no_rotations_are_refused():
    for bad in (
        2 * torch.eye(3),
        torch.diag(torch.tensor([1.0, 1, -1])),
        torch.eye(2),
        torch.full((3, 3), np.nan),
    ):
        with pytest.raises(CourseError, match="no rotations"):
            euler_zyz(bad)


def test_spectral_rotation_evaluates_the_signal_at_the_turned_points(R):
    L = 6
    x = np.random.default_rng(0).normal(size=(20, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    f = torch.randn(5, L * L, dtype=F64)
    turned = rotate_s2_spectrum(f, R)
    for r, before, after in zip(R.numpy(), f.numpy(), turned.numpy(), strict=True):
        here = spherical_harmonics(L, x) @ after
        there = spherical_harmonics(L, x @ r) @ before  # R^-1 x
        np.testing.assert_allclose(here, there, atol=1e-12)


def test_spectral_rotation_is_wigners_matrix(R):
    L = 5
    D = [torch.as_tensor(d) for d in wigner_D(L, euler_zyz(R).numpy())]
    f, F = torch.randn(5, 2, L * L, dtype=F64), torch.randn(5, 2, so3_size(L), dtype=F64)
    f_turned, F_turned = rotate_s2_spectrum(f, R), rotate_so3_spectrum(F, R)
    for l in range(L):
        n = 2 * l + 1
        expected = torch.einsum("bij,bcj->bci", D[l], f[..., s2_block(l)])
        torch.testing.assert_close(f_turned[..., s2_block(l)], expected, atol=1e-12, rtol=0)
        block = F[..., so3_block(l)].unflatten(-1, (n, n))
        expected = torch.einsum("bij,bcjk->bcik", D[l], block).flatten(-2)
        torch.testing.assert_close(F_turned[..., so3_block(l)], expected, atol=1e-12, rtol=0)


def test_rotations_compose_and_keep_the_power(R):
    f = torch.randn(1, 36, dtype=F64)
    twice = rotate_s2_spectrum(rotate_s2_spectrum(f, R[1]), R[0])
    torch.testing.assert_close(twice, rotate_s2_spectrum(f, R[0] @ R[1]), atol=1e-12, rtol=0)
    torch.testing.assert_close(s2_power(twice), s2_power(f), atol=1e-12, rtol=0)


def test_one_rotation_for_all_or_one_for_each(R):
    x = S2Transform(Grid(5), 5).inverse(torch.randn(5, 2, 25, dtype=F64))
    each = rotate_signal(x, R)
    torch.testing.assert_close(each[2], rotate_signal(x, R[2])[2])
    y = SO3Transform(Grid(5), 5).inverse(torch.randn(5, 2, so3_size(5), dtype=F64))
    torch.testing.assert_close(rotate_signal(y, R, "so3")[3], rotate_signal(y, R[3], "so3")[3])


def test_a_turn_about_z_by_one_column_rolls_the_picture():
    b = 6
    x = S2Transform(Grid(b), b).inverse(torch.randn(1, 1, b * b, dtype=F64))
    Rz = rotation_matrix(torch.tensor([np.pi / b, 0, 0], dtype=F64))
    rolled = x.roll(1, -1)
    torch.testing.assert_close(rotate_signal(x, Rz), rolled, atol=1e-12, rtol=0)
    torch.testing.assert_close(resampled(x, Rz), rolled, atol=1e-12, rtol=0)


def test_resampling_is_close_for_smooth_signals(R):
    x = S2Transform(Grid(24), 4).inverse(torch.randn(5, 1, 16, dtype=F64))
    error = (resampled(x, R) - rotate_signal(x, R)).std() / x.std()
    assert 1e-6 < error < 0.01
    with pytest.raises(CourseError, match="SOFT"):
        sample_signal(torch.zeros(1, 1, 4, 7), torch.zeros(1, 2, 2, 3))


def test_as_many_rotations_as_signals(R):
    with pytest.raises(CourseError, match="4 signals need one rotation"):
        rotate_s2_spectrum(torch.zeros(4, 9), R)
    with pytest.raises(CourseError, match="is empty"):
        rotate_s2_spectrum(torch.zeros(0, 9), R[0])
