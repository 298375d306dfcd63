"""The correlations against brute-force integration, their equivariance, their inputs."""

import math

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.correlation import s2_correlate, so3_correlate
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.kernels import (
    s2_equatorial,
    s2_near_identity,
    s2_spectrum,
    so3_equatorial,
    so3_near_identity,
    so3_spectrum,
)
from cvlib.spherical.layers import (
    S2Convolution,
    SO3Convolution,
    so3_integrate,
)
from cvlib.spherical.metrics import equivariance_error, invariance_error
from cvlib.spherical.rotations import (
    euler_zyz,
    random_rotations,
    rotate_signal,
    rotate_so3_spectrum,
)
from cvlib.spherical.spectrum import so3_power, so3_size
from cvlib.spherical.wigner import wigner_D

F64 = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def evaluate_so3(F: torch.Tensor, L: int, R: torch.Tensor) -> torch.Tensor:
    """A signal on SO(3) `(so3_size(L),)` at rotations `(n, 3, 3)`, term by term."""
    D = wigner_D(L, euler_zyz(R).numpy())
    basis = np.concatenate([d.reshape(len(d), -1) * math.sqrt(d.shape[-1]) for d in D], axis=1)
    return torch.as_tensor(basis) @ F


def test_s2_correlation_is_the_integral_it_claims_to_be():
    L, grid = 5, Grid(10)
    f, psi = torch.randn(2, L * L, dtype=F64, generator=generator())
    w = torch.as_tensor(grid.weights / 2 / grid.n_alpha)[:, None]
    R = random_rotations(20, generator(1))
    samples = S2Transform(grid, L).inverse(f)
    F = s2_correlate(f[:, None, None], psi[:, None, None], L)[:, 0, 0]
    for r, value in zip(R, evaluate_so3(F, L, R), strict=True):
        turned = torch.as_tensor(spherical_harmonics(L, grid.points @ r.numpy())) @ psi
        assert abs((w * turned * samples).sum() - value) < 1e-12


def test_so3_correlation_is_the_integral_it_claims_to_be():
    L, grid = 3, Grid(6)
    f, psi = torch.randn(2, so3_size(L), dtype=F64, generator=generator(2))
    R = random_rotations(5, generator(3))
    samples = SO3Transform(grid, L).inverse(f)
    F = so3_correlate(f[:, None, None], psi[:, None, None], L)[:, 0, 0]
    for r, value in zip(R, evaluate_so3(F, L, R), strict=True):
        turned = SO3Transform(grid, L).inverse(rotate_so3_spectrum(psi[None], r))[0]
        assert abs(so3_integrate(turned * samples) - value) < 1e-12


@pytest.mark.parametrize("engine", ["fft", "dense"])
@pytest.mark.parametrize("kind", ["soft", "gauss"])
def test_engines_give_the_same_layers(engine, kind):
    grid = Grid(6, kind)
    x = torch.randn(2, 3, grid.n_beta, grid.n_alpha, dtype=F64)
    y = torch.randn(2, 3, *[grid.n_alpha] * 3, dtype=F64)[:, :, : grid.n_beta]
    cases = ((S2Convolution, s2_near_identity(), x), (SO3Convolution, so3_near_identity(), y))
    for layer, support, signal in cases:
        outputs = []
        for e in (engine, "real"):
            torch.manual_seed(1)
            net = layer(3, 4, 6, 5, support, degrees=4, grid=kind, engine=e).to(F64)
            torch.nn.init.normal_(net.bias)
            outputs.append(net(signal))
        torch.testing.assert_close(*outputs, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("b", [6, 10])
@pytest.mark.parametrize(("dtype", "limit"), [(F64, 1e-12), (torch.float32, 5e-6)])
def test_linear_layers_commute_with_rotations(b, dtype, limit):
    torch.manual_seed(0)
    first = S2Convolution(2, 4, b, b, s2_near_identity()).to(dtype)
    second = SO3Convolution(4, 4, b, b - 2, so3_near_identity()).to(dtype)
    x = S2Transform(Grid(b), b).inverse(torch.randn(4, 2, b * b, dtype=dtype))
    R = random_rotations(4, generator())
    assert equivariance_error(first, x, R) < limit
    assert equivariance_error(lambda t: second(first(t)), x, R) < limit
    assert equivariance_error(lambda t: second(first(t)), x, R[0]) < limit


def relu_net(b: int, L: int, depth: int):
    torch.manual_seed(0)
    wide = so3_near_identity(1.0, math.pi, n_gamma=6)
    layers = [S2Convolution(1, 8, b, b, s2_near_identity(1.0), L)]
    layers += [SO3Convolution(8, 8, b, b, wide, L) for _ in range(depth)]

    def net(x):
        x = layers[0](x)
        for layer in layers[1:]:
            x = layer(x.relu())
        return x

    return net


@pytest.fixture(scope="module")
def relu_errors():
    R = random_rotations(8, generator())
    errors = {}
    for b, L in [(4, 4), (6, 6), (8, 6), (8, 4)]:
        x = S2Transform(Grid(b), L).inverse(torch.randn(8, 1, L * L, generator=generator(1)))
        errors[b, L] = [equivariance_error(relu_net(b, L, d), x, R) for d in (1, 3)]
    return errors


def test_oversampling_the_relu_restores_equivariance(relu_errors):
    assert relu_errors[8, 4][1] < 0.2 * relu_errors[4, 4][1]
    assert relu_errors[8, 6][1] < 0.4 * relu_errors[6, 6][1]


def test_relu_errors_are_those_of_the_table(relu_errors):
    for key, measured in {(4, 4): 0.101, (6, 6): 0.116, (8, 6): 0.031, (8, 4): 0.007}.items():
        assert relu_errors[key][0] == pytest.approx(measured, rel=0.35)


def test_more_bandwidth_alone_does_not_help(relu_errors):
    assert relu_errors[6, 6][1] > 0.8 * relu_errors[4, 4][1]


def test_integral_of_a_linear_network_is_invariant():
    torch.manual_seed(0)
    layer = S2Convolution(1, 8, 6, 6, s2_near_identity(1.0)).to(F64)
    x = S2Transform(Grid(6), 6).inverse(torch.randn(4, 1, 36, dtype=F64))
    R = random_rotations(4, generator())
    assert invariance_error(lambda t: so3_integrate(layer(t) ** 2), x, R) < 1e-2
    F = SO3Transform(Grid(6), 6)
    power = so3_power(F(layer(rotate_signal(x, R))))
    torch.testing.assert_close(power, so3_power(F(layer(x))), atol=1e-12, rtol=1e-12)


def test_integral_is_the_mean_and_ignores_memory_order():
    assert so3_integrate(torch.full((2, 3, 8, 8, 8), 2.5)).allclose(torch.full((2, 3), 2.5))
    x = torch.randn(2, 3, 8, 8, 8)
    batch_last = x.permute(3, 4, 2, 0, 1).contiguous().permute(3, 4, 2, 0, 1)
    torch.testing.assert_close(so3_integrate(batch_last), so3_integrate(x))


def test_initialisation_doubles_the_power_of_every_degree():
    torch.manual_seed(0)
    L = 6
    f = torch.randn(L * L, 64, 16)
    F = torch.randn(so3_size(L), 8, 16)
    s2, so3 = s2_near_identity(), so3_near_identity()
    w = torch.randn(400, 16, s2.size) * math.sqrt(2 / (16 * s2.size))
    out = s2_correlate(f, s2_spectrum(w, s2, L), L)
    assert out.square().sum(0).mean() / f.square().sum(0).mean() == pytest.approx(2, rel=0.1)
    w = torch.randn(400, 16, so3.size) * math.sqrt(2 / (16 * so3.size))
    out = so3_correlate(F, so3_spectrum(w, so3, L), L)
    ratio = so3_power(out.permute(1, 2, 0)).mean((0, 1)) / so3_power(F.permute(1, 2, 0)).mean(
        (0, 1)
    )
    torch.testing.assert_close(ratio, torch.full((L,), 2.0), atol=0.4, rtol=0)


def test_a_relu_keeps_half_of_the_power_and_moves_it_to_degree_0():
    x = SO3Transform(Grid(12), 4).inverse(torch.randn(20, so3_size(4), generator=generator()))
    half = so3_integrate(x.relu() ** 2) / so3_integrate(x**2)
    assert half.mean() == pytest.approx(0.5, abs=0.03)
    power = so3_power(SO3Transform(Grid(12), 4)(x.relu())).mean(0)
    before = so3_power(SO3Transform(Grid(12), 4)(x)).mean(0)
    assert power[0] > 5 * before[0]
    assert (power[1:] < 0.4 * before[1:]).all()


def test_the_root_of_the_power_is_the_samples():
    layer = SO3Convolution(2, 3, 4, 4, so3_near_identity()).to(F64)
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 2, 8, 8, 8, dtype=F64)
    power = layer.spectrum(x).square().sum(0)
    torch.testing.assert_close(so3_integrate(layer(x) ** 2), power)


def test_coefficients_are_an_equal_input():
    layer = S2Convolution(1, 4, 8, 6, s2_near_identity(), degrees=5)
    x = torch.randn(3, 1, 16, 16)
    torch.testing.assert_close(layer(layer.coefficients(x)), layer(x))


def test_supports_have_the_papers_sizes_and_no_point_twice():
    assert s2_near_identity().size == 24
    assert so3_near_identity().size == 72
    assert so3_near_identity(n_gamma=8, max_gamma=2 * math.pi).size == 192
    for support in (so3_near_identity(1.0, 2 * math.pi, n_gamma=8), so3_equatorial()):
        D = wigner_D(2, support.euler)[1].reshape(support.size, -1)
        gap = np.linalg.norm(D[:, None] - D, axis=-1) + 9 * np.eye(support.size)
        assert gap.min() > 1e-6
    assert np.allclose(s2_equatorial().euler[:, 1], np.pi / 2)
    assert np.ptp(s2_equatorial(0.3, n_beta=3).euler[:, 1]) == pytest.approx(0.6)
    with pytest.raises(CourseError, match="at least one point"):
        s2_near_identity(n_alpha=0)


def test_near_identity_shrinks_to_the_identity():
    D = wigner_D(2, so3_near_identity(1e-9, 0.0, n_gamma=1).euler)[1]
    np.testing.assert_allclose(D, np.broadcast_to(np.eye(3), D.shape), atol=1e-8)


def test_a_layer_is_all_of_its_checkpoint():
    layer = SO3Convolution(2, 3, 4, 4, so3_near_identity())
    layer(torch.randn(1, 2, 8, 8, 8))
    assert set(layer.state_dict()) == {"weight", "bias"}
    assert layer.state_dict()["weight"].shape == (3, 2, 72)


def test_half_precision_inputs_are_computed_in_full():
    layer = S2Convolution(1, 2, 4, 4, s2_near_identity())
    x = torch.randn(1, 1, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x.bfloat16()).dtype == torch.float32
        torch.testing.assert_close(layer(x), layer(x.clone()))


def test_bad_inputs_are_named():
    with pytest.raises(CourseError, match="degrees = 7 must lie between 1 and the smaller"):
        SO3Convolution(1, 1, 6, 8, so3_near_identity(), degrees=7)
    with pytest.raises(CourseError, match="degrees = 5"):
        S2Convolution(1, 1, 6, 4, s2_near_identity(), degrees=5)
    layer = S2Convolution(1, 1, 6, 4, s2_near_identity())
    with pytest.raises(CourseError, match="expects bandwidth 6"):
        layer(torch.zeros(1, 1, 8, 8))
    with pytest.raises(CourseError, match="not on a grid"):
        layer(torch.zeros(1, 1, 12, 13))
    with pytest.raises(CourseError, match="expects 1 channels"):
        layer(torch.zeros(1, 2, 12, 12))
    with pytest.raises(CourseError, match="coefficients for this layer"):
        layer(torch.zeros(1, 1, 36))
    with pytest.raises(CourseError, match="NaN or infinite"):
        layer(torch.full((1, 1, 12, 12), float("nan")))
    with pytest.raises(CourseError, match="unknown engine"):
        S2Convolution(1, 1, 6, 4, s2_near_identity(), engine="cufft")
    with pytest.raises(CourseError, match="points with gamma = 0"):
        S2Convolution(1, 1, 6, 4, so3_near_identity())


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (torch.zeros(0, 1, 12, 12), "is empty"),
        (torch.ones(1, 1, 12, 12, dtype=torch.long), "floating-point"),
        (np.zeros((1, 1, 12, 12)), "must be a torch tensor"),
    ],
)
def test_signals_that_are_no_float_tensors_are_refused(bad, says):
    with pytest.raises(CourseError, match=says):
        S2Convolution(1, 1, 6, 4, s2_near_identity())(bad)


def test_whole_numbers_do_not_pass_for_signals():
    ones = torch.ones(8, 8, 8, dtype=torch.long)
    for work in (so3_integrate, SO3Transform(Grid(4), 4, "real"), SO3Transform(Grid(4), 4, "fft")):
        with pytest.raises(CourseError, match="floating-point"):
            work(ones)
    for engine in ("real", "fft"):
        with pytest.raises(CourseError, match="floating-point"):
            S2Transform(Grid(4), 4, engine)(ones[0])


def test_an_integral_is_not_rounded_under_autocast():
    x = torch.randn(2, 3, 8, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(so3_integrate(x), so3_integrate(x.double()).float())


def test_a_finer_output_grid_holds_the_same_function():
    layer = S2Convolution(1, 2, 6, 6, s2_near_identity()).double()
    finer = S2Convolution(1, 2, 6, 9, s2_near_identity()).double()
    finer.load_state_dict(layer.state_dict())
    x = torch.randn(1, 1, 12, 12, dtype=F64)
    assert finer.degrees == 6
    same = SO3Transform(Grid(9), 6)(finer(x))
    torch.testing.assert_close(same, SO3Transform(Grid(6), 6)(layer(x)), atol=1e-12, rtol=0)
