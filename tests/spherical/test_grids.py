"""Quadrature is exact where it should be, and signals off the grid are refused."""

import numpy as np
import pytest
import torch
from scipy.special import eval_legendre

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import (
    Grid,
    quadrature_weights,
    require_degrees,
    require_finite,
    s2_grid,
    so3_grid,
)


def moment(grid: Grid, degree: int) -> float:
    return float(grid.weights @ eval_legendre(degree, np.cos(grid.beta)))


@pytest.mark.parametrize("b", [1, 3, 6, 10, 30, 128])
@pytest.mark.parametrize("kind", ["soft", "gauss"])
def test_quadrature_is_exact_below_degree_2b(b, kind):
    grid = Grid(b, kind)
    assert abs(grid.weights.sum() - 2) < 1e-13
    assert max(abs(moment(grid, k)) for k in range(1, 2 * b)) < 1e-13
    assert abs(moment(grid, 2 * b)) > 1e-6  # and no further


@pytest.mark.parametrize(("b", "error"), [(10, 1.3e-3), (30, 8e-5)])
def test_first_quadrature_error_of_the_soft_grid(b, error):
    assert abs(moment(Grid(b), 2 * b)) == pytest.approx(error, rel=0.1)


def test_weights_are_positive_and_symmetric():
    w = quadrature_weights(7)
    assert (w > 0).all()
    np.testing.assert_allclose(w, w[::-1], atol=1e-15)


@pytest.mark.parametrize("grid", [Grid(1), Grid(4), Grid(3, "gauss"), Grid(1, "gauss")])
def test_a_signal_tells_its_grid(grid):
    assert s2_grid(torch.zeros(2, grid.n_beta, grid.n_alpha)) == grid
    assert so3_grid(torch.zeros(grid.n_beta, grid.n_alpha, grid.n_alpha)) == grid
    assert grid.points.shape == (grid.n_beta, grid.n_alpha, 3)
    np.testing.assert_allclose(np.linalg.norm(grid.points, axis=-1), 1)


@pytest.mark.parametrize("shape", [(7, 7), (6, 8), (6,), (0, 0)])
def test_signals_off_the_sphere_grid_are_refused(shape):
    with pytest.raises(CourseError, match=r"grid|axes|empty"):
        s2_grid(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 8), (7, 7, 7)])
def test_signals_off_the_rotation_grid_are_refused(shape):
    with pytest.raises(CourseError, match=r"grid|axes|empty"):
        so3_grid(torch.zeros(shape))


@pytest.mark.parametrize(("b", "kind"), [(0, "soft"), (4, "healpix")])
def test_unknown_grids_are_refused(b, kind):
    with pytest.raises(CourseError, match="soft or gauss"):
        Grid(b, kind)


def test_degrees_must_fit_the_grid():
    require_degrees(Grid(4), 4)
    for L in (0, 5):
        with pytest.raises(CourseError, match="holds 1 to 4 degrees"):
            require_degrees(Grid(4), L)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_non_finite_values_are_refused(bad):
    with pytest.raises(CourseError, match="the signal holds NaN or infinite"):
        require_finite(torch.tensor([0.0, bad]), "the signal")
