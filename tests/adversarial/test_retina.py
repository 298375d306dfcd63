"""The retina: a Gaussian of the right width at every pixel, linear, mass-preserving."""

import math

import pytest
import torch

from cvlib.adversarial.retina import PRESETS, RetinaBlur, hats
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course.errors import CourseError


@pytest.fixture(autouse=True)
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def kernel_at(retina, row, column):
    """What the output at one pixel is made of, (S, S): the gradient of a linear map."""
    x = torch.zeros(1, 1, retina.size, retina.size, requires_grad=True)
    out = retina(x)[0, 0, row, column]
    return torch.autograd.grad(out, x)[0][0, 0]


def spread(kernel):
    """Standard deviation along the columns."""
    place = torch.arange(len(kernel))
    profile = kernel.sum(0)
    mean = (profile * place).sum()
    return (profile * (place - mean) ** 2).sum().sqrt()


@pytest.mark.parametrize("column", [34, 24, 14])
@pytest.mark.parametrize("levels", [4, 5])
def test_every_pixel_has_the_gaussian_of_its_eccentricity(column, levels):
    geometry = ViewingGeometry(96)
    retina = RetinaBlur(geometry, alpha=0.12, levels=levels)
    theta = geometry.eccentricity()[48, column]
    r = 0.12 * theta * geometry.viewer_m * (1 + torch.tan(theta) ** 2) * geometry.px_per_m
    kernel = kernel_at(retina, 48, column)
    assert kernel.sum().item() == pytest.approx(1, abs=1e-12)
    assert spread(kernel).item() == pytest.approx(math.sqrt(2) / math.pi * r.item(), rel=1e-3)


@pytest.mark.parametrize("levels", [2, 5, 16])
def test_mixed_variances_are_the_wanted_ones(levels):
    retina = RetinaBlur(ViewingGeometry(40), alpha=0.1, levels=levels)
    mixed = torch.einsum("kij,k->ij", retina.weights, retina.rungs)
    assert (mixed - retina.sigma**2).abs().max() < 1e-12


def test_levels_even_in_variance_beat_levels_even_in_sigma():
    wanted = torch.linspace(0.1, 2, 40) ** 2
    by_variance = torch.linspace(0, 4, 4)
    mixed = (hats(torch.cat([torch.zeros(1), wanted, torch.full((1,), 4.0)]), 4)).T @ by_variance
    torch.testing.assert_close(mixed[1:-1], wanted)
    sigma = torch.cat([torch.zeros(1), wanted.sqrt(), torch.full((1,), 2.0)])
    by_sigma = hats(sigma, 4).T @ torch.linspace(0, 2, 4) ** 2
    assert (by_sigma[1:-1].sqrt() / wanted.sqrt() - 1).abs().max() > 0.1


@pytest.mark.parametrize(
    ("place", "theta", "sigma"), [(0, 1, 0.2822), (1, 2, 0.5649), (2, 4, 1.1339), (3, 7, 2.0044)]
)
def test_the_closed_form_of_sigma(place, theta, sigma):
    geometry = ViewingGeometry(299)
    angles = geometry.eccentricity()
    retina = RetinaBlur(geometry, *reversed(PRESETS["strong"]))
    near = (angles - math.radians(theta)).abs().argmin()
    assert retina.sigma.flatten()[near].item() == pytest.approx(sigma, rel=0.01)


def test_the_acuity_of_a_macaque_is_below_a_pixel_almost_everywhere():
    r0, alpha = PRESETS["acuity"]
    retina = RetinaBlur(ViewingGeometry(299), alpha, r0)
    r = retina.sigma * math.pi / math.sqrt(2)
    got = [r[149, 149].item(), r[149, 0].item(), r[0, 0].item()]
    assert got == pytest.approx([0.275, 0.874, 1.133], abs=1e-3)


def test_a_constant_stays_and_weights_sum_to_one():
    retina = RetinaBlur(ViewingGeometry(40), alpha=0.1)
    assert (retina.weights.sum(0) - 1).abs().max() < 1e-15
    flat = torch.full((1, 3, 40, 40), 0.37)
    assert (retina(flat) - flat).abs().max() < 1e-12


def test_without_blur_it_is_the_identity():
    x = torch.rand(2, 3, 24, 24)
    assert (RetinaBlur(ViewingGeometry(24), alpha=0.0)(x) - x).abs().max() < 1e-9


def test_it_is_linear_and_differentiable():
    retina = RetinaBlur(ViewingGeometry(12), alpha=0.15)
    x, y = torch.rand(2, 1, 1, 12, 12)
    torch.testing.assert_close(retina(2 * x - 3 * y), 2 * retina(x) - 3 * retina(y))
    assert torch.autograd.gradcheck(retina, (x.requires_grad_(),))


def test_sharp_where_one_looks():
    geometry = ViewingGeometry(48)
    retina = RetinaBlur(geometry, alpha=0.12, fixation=(0.05, 0.0))
    row, column = divmod(int(retina.sigma.argmin()), 48)
    assert column > 24
    assert row in (23, 24)


def test_bright_edges_do_not_wrap_around():
    x = torch.zeros(1, 1, 32, 32)
    x[..., :3] = 1
    assert RetinaBlur(ViewingGeometry(32), alpha=0.3)(x)[..., -6:].abs().max() < 1e-2


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (torch.zeros(1, 1, 10, 10), "this retina looks at"),
        (torch.zeros(1, 12, 12), "this retina looks at"),
        (torch.zeros(1, 1, 12, 12, dtype=torch.uint8), "divide the pixels by 255"),
    ],
)
def test_images_that_do_not_fit_are_refused(x, match):
    with pytest.raises(CourseError, match=match):
        RetinaBlur(ViewingGeometry(12), alpha=0.1)(x)


@pytest.mark.parametrize("bad", [{"alpha": -1.0}, {"alpha": 0.1, "levels": 1}])
def test_impossible_retinas_are_refused(bad):
    with pytest.raises(CourseError, match="levels: give"):
        RetinaBlur(ViewingGeometry(12), **bad)
