"""Wigner's matrices and the harmonics against independent constructions and SciPy."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid, quadrature_weights, soft_beta
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.wigner import real_basis, wigner_D, wigner_d


def exponential(l: int, beta: np.ndarray) -> np.ndarray:
    """`exp(-i beta Jy)` from the eigenvectors of Jy, whose eigenvalues are exactly -l..l."""
    m = np.arange(-l, l + 1)
    raising = np.diag(np.sqrt(l * (l + 1.0) - m[:-1] * (m[:-1] + 1.0)), -1)
    values, V = np.linalg.eigh((raising - raising.T) / 2j)
    phase = np.exp(-1j * np.outer(beta, np.round(values)))
    return np.einsum("ij,bj,kj->ikb", V, phase, V.conj()).real


@pytest.mark.parametrize(("L", "nodes"), [(6, 12), (10, 20), (30, 12), (64, 3), (128, 1)])
def test_recurrence_agrees_with_the_matrix_exponential(L, nodes):
    beta = soft_beta(L)[:: 2 * L // nodes][:nodes]
    d = wigner_d(L, beta)
    for l in {0, 1, 2, L // 2, L - 1} if L > 10 else range(L):
        inner = slice(L - 1 - l, L + l)
        np.testing.assert_allclose(
            d[l, inner, inner], exponential(l, beta), atol=1e-12 * max(1, L / 30)
        )


@pytest.mark.parametrize("L", [6, 30, 64])
def test_each_degree_is_orthogonal_and_zero_outside(L):
    d = wigner_d(L, np.array([0.0, 0.3, 1.9, np.pi]))
    assert np.isfinite(d).all()
    top = np.moveaxis(d[L - 1], -1, 0)
    eye = np.broadcast_to(np.eye(2 * L - 1), top.shape)
    np.testing.assert_allclose(top @ np.swapaxes(top, 1, 2), eye, atol=1e-12 * max(1, L / 10))
    outside = np.ones((2 * L - 1, 2 * L - 1), dtype=bool)
    outside[L - 2 : L + 1, L - 2 : L + 1] = False
    assert not d[1][outside].any()


def test_quadrature_sees_orthogonal_degrees():
    L, d = 12, wigner_d(12, soft_beta(12))
    for m, n in [(0, 0), (1, 0), (3, -2), (5, 5)]:
        pair = d[:, L - 1 + m, L - 1 + n]
        gram = np.einsum("lb,kb,b->lk", pair, pair, quadrature_weights(L))
        l = np.arange(L)
        exact = np.diag(np.where(l >= max(abs(m), abs(n)), 2 / (2 * l + 1), 0))
        np.testing.assert_allclose(gram, exact, atol=1e-13)


def test_columns_pick_columns():
    beta = np.linspace(0.1, 3, 5)
    np.testing.assert_array_equal(wigner_d(6, beta)[:, :, [5, 7]], wigner_d(6, beta, (0, 2)))


def test_the_zero_column_is_scipys_harmonics():
    L, beta = 40, np.linspace(0.01, np.pi - 0.01, 25)
    d = wigner_d(L, beta, columns=(0,))[:, :, 0]
    for l in range(L):
        m = np.arange(-l, l + 1)[:, None]
        mine = np.sqrt((2 * l + 1) / (4 * np.pi)) * np.exp(0.7j * m) * d[l, L - 1 - l : L + l]
        np.testing.assert_allclose(mine, sph_harm_y(l, m, beta, 0.7), atol=1e-12)


@pytest.mark.parametrize("real", [True, False])
def test_matrices_multiply_like_rotations(real):
    R, Q = Rotation.random(50, random_state=1), Rotation.random(50, random_state=2)
    a, b, ab = (wigner_D(10, r.as_euler("ZYZ"), real) for r in (R, Q, R * Q))
    for l in range(10):
        np.testing.assert_allclose(a[l] @ b[l], ab[l], atol=1e-12)
        unit = np.broadcast_to(np.eye(2 * l + 1), a[l].shape)
        np.testing.assert_allclose(a[l] @ np.swapaxes(a[l].conj(), 1, 2), unit, atol=1e-12)


def test_the_first_real_degree_is_the_rotation_itself():
    R = Rotation.random(50, random_state=3)
    order = [1, 2, 0]  # y, z, x
    np.testing.assert_allclose(
        wigner_D(2, R.as_euler("ZYZ"))[1], R.as_matrix()[:, order][:, :, order], atol=1e-13
    )


def test_real_basis_is_unitary():
    for l in range(6):
        C = real_basis(l)
        np.testing.assert_allclose(C @ C.conj().T, np.eye(2 * l + 1), atol=1e-15)


def test_harmonics_are_orthonormal_for_the_mean():
    grid, L = Grid(8), 8
    Y = spherical_harmonics(L, grid.points)
    mean = np.einsum("bai,baj,b->ij", Y, Y, grid.weights / 2 / grid.n_alpha)
    np.testing.assert_allclose(mean, np.eye(L * L), atol=1e-13)


def test_low_harmonics_are_the_textbook_polynomials():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(9, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    Y = spherical_harmonics(3, x)
    np.testing.assert_allclose(Y[:, 1:4], np.sqrt(3) * x[:, [1, 2, 0]], atol=1e-14)
    np.testing.assert_allclose(Y[:, 6], np.sqrt(5) * (3 * x[:, 2] ** 2 - 1) / 2, atol=1e-14)
    np.testing.assert_allclose(Y[:, 4], np.sqrt(15) * x[:, 0] * x[:, 1], atol=1e-14)


@pytest.mark.parametrize("beta", [-0.3, 3.5, np.nan])
def test_angles_outside_of_a_half_turn_are_refused(beta):
    with pytest.raises(CourseError, match="between 0 and pi"):
        wigner_d(4, beta)


def test_pi_in_single_precision_is_a_colatitude():
    assert np.isfinite(wigner_d(4, np.float32(np.pi))).all()


@pytest.mark.parametrize("points", [[0.0, 0, 2], [0.0, 0, 0], [1.0, 0], [np.nan, 0, 1]])
def test_harmonics_want_points_on_the_sphere(points):
    with pytest.raises(CourseError, match="unit vectors"):
        spherical_harmonics(3, np.array(points))
