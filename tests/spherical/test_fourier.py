"""Round trips, Plancherel, and the three engines against one another."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.engines import engine_for
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.layers import so3_integrate
from cvlib.spherical.spectrum import (
    s2_degrees,
    s2_power,
    s2_to_complex,
    s2_to_real,
    so3_degrees,
    so3_power,
    so3_size,
    so3_to_complex,
    so3_to_real,
)

F64 = torch.float64
CASES = [(6, 6, "soft"), (8, 5, "soft"), (10, 10, "soft"), (7, 7, "gauss"), (8, 5, "gauss")]


def close(a, b, tolerance=1e-12):
    torch.testing.assert_close(a, b, atol=tolerance, rtol=tolerance)


def test_sizes_of_the_spec():
    assert [so3_size(b) for b in (6, 10, 15, 30, 128)] == [286, 1330, 4495, 35990, 2796160]


@pytest.mark.parametrize(("b", "L", "kind"), CASES)
def test_engines_agree_and_invert(b, L, kind):
    torch.manual_seed(0)
    grid = Grid(b, kind)
    f, F = torch.randn(3, L * L, dtype=F64) / L, torch.randn(3, so3_size(L), dtype=F64) / L
    x, y = S2Transform(grid, L).inverse(f), SO3Transform(grid, L, "real").inverse(F)
    for engine in ("real", "fft"):
        transform = S2Transform(grid, L, engine)
        close(transform(x), f)
        close(transform.inverse(f), x, 1e-11)
    for engine in ("real", "dense", "fft"):
        transform = SO3Transform(grid, L, engine)
        close(transform(y), F)
        close(transform.inverse(F), y, 1e-11)


@pytest.mark.parametrize(("b", "L", "kind"), CASES)
def test_plancherel_has_no_constants(b, L, kind):
    grid = Grid(b, kind)
    f, F = torch.randn(2, L * L, dtype=F64), torch.randn(2, so3_size(L), dtype=F64)
    w = torch.as_tensor(grid.weights / 2 / grid.n_alpha)
    x, y = S2Transform(grid, L).inverse(f), SO3Transform(grid, L).inverse(F)
    close(torch.einsum("nba,b->n", x**2, w), f.square().sum(1))
    close(so3_integrate(y**2), F.square().sum(1))
    close(s2_power(f).sum(1), f.square().sum(1))
    close(so3_power(F).sum(1), F.square().sum(1))


def test_the_inverse_evaluates_harmonics():
    grid, L = Grid(6), 6
    Y = torch.as_tensor(spherical_harmonics(L, grid.points))
    close(S2Transform(grid, L).inverse(torch.eye(L * L, dtype=F64)), Y.permute(2, 0, 1))


def test_float32_round_trip():
    for transform, size in ((S2Transform, 100), (SO3Transform, so3_size(10))):
        f = torch.randn(4, size) / size**0.5
        t = transform(Grid(10), 10)
        assert (t(t.inverse(f)) - f).abs().max() < 1e-5


@pytest.mark.parametrize("engine", ["real", "dense", "fft"])
def test_gradients_flow_through_every_engine(engine):
    grid, L = Grid(3), 3
    transform = SO3Transform(grid, L, engine)
    F = torch.randn(1, so3_size(L), dtype=F64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: transform(transform.inverse(v) ** 2), F)


def test_batch_axes_are_kept():
    x = torch.randn(2, 3, 8, 8)
    assert S2Transform(Grid(4), 3)(x).shape == (2, 3, 9)
    assert SO3Transform(Grid(4), 3)(torch.randn(2, 3, 8, 8, 8)).shape == (2, 3, so3_size(3))
    assert SO3Transform(Grid(4), 3).inverse(torch.randn(5, so3_size(3))).shape == (5, 8, 8, 8)


def test_real_and_complex_coefficients_convert():
    f, F = torch.randn(2, 25, dtype=F64), torch.randn(2, so3_size(4), dtype=F64)
    close(s2_to_real(s2_to_complex(f)), f)
    close(so3_to_real(so3_to_complex(F)), F)


def test_wrong_grids_degrees_and_engines_are_refused():
    with pytest.raises(CourseError, match="expects"):
        S2Transform(Grid(4), 3)(torch.zeros(10, 10))
    with pytest.raises(CourseError, match="expects"):
        SO3Transform(Grid(4), 3)(torch.zeros(10, 10, 10))
    with pytest.raises(CourseError, match="degrees"):
        SO3Transform(Grid(4), 3).inverse(torch.zeros(so3_size(4)))
    with pytest.raises(CourseError, match="unknown engine"):
        engine_for(Grid(4), "fast")
    with pytest.raises(CourseError, match="no full set"):
        s2_degrees(torch.zeros(10))
    with pytest.raises(CourseError, match="no full set"):
        so3_degrees(torch.zeros(12))
    with pytest.raises(CourseError, match="unknown engine"):
        S2Transform(Grid(4), 3, engine="fast")
    with pytest.raises(CourseError, match="5 degrees, the transform 4"):
        S2Transform(Grid(5), 4).inverse(torch.zeros(25))


@pytest.mark.parametrize("b", [24, 64])
@pytest.mark.parametrize("kind", ["soft", "gauss"])
def test_fine_grids_go_through_an_fft_to_the_same_numbers(b, kind):
    grid, L = Grid(b, kind), 20
    f = torch.randn(2, L * L, dtype=F64, requires_grad=True)
    x = S2Transform(grid, L).inverse(f)
    close(x, S2Transform(grid, L, "fft").inverse(f), 1e-10)
    close(S2Transform(grid, L)(x), f, 1e-10)
    (gradient,) = torch.autograd.grad(x[0, 3, 5], f)
    close(gradient[0], torch.as_tensor(spherical_harmonics(L, grid.points[3, 5])), 1e-10)
    assert not gradient[1].any()
