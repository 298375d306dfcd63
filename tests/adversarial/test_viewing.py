"""Angles and pixels against closed forms worked out by hand."""

import math

import pytest
import torch

from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course.errors import CourseError

SCREEN = ViewingGeometry(299)


def test_the_default_image_covers_a_little_over_fourteen_degrees():
    assert SCREEN.visual_angle_deg == pytest.approx(14.2408, abs=1e-4)
    assert SCREEN.px_per_deg == pytest.approx(20.888, abs=1e-3)


def test_eccentricity_grows_from_the_fixation_point():
    theta = torch.rad2deg(SCREEN.eccentricity())
    assert theta[149, 149] == 0, "299 is odd: the middle pixel is looked at"
    assert theta[149, 0].item() == pytest.approx(7.10, abs=5e-3)
    assert theta[0, 0].item() == pytest.approx(9.99, abs=5e-3)
    torch.testing.assert_close(theta, theta.flip(0))
    torch.testing.assert_close(theta, theta.T)


def test_fixation_is_metres_right_and_below():
    theta = SCREEN.eccentricity((0.03, -0.02))
    row, column = divmod(int(theta.argmin()), 299)
    assert (column - 149) / SCREEN.px_per_m == pytest.approx(0.03, abs=0.0003)
    assert (row - 149) / SCREEN.px_per_m == pytest.approx(-0.02, abs=0.0003)


@pytest.mark.parametrize(
    ("degrees", "pixels"), [(1, 0.6268), (2, 1.2548), (4, 2.5188), (7, 4.4526), (9.9, 6.3927)]
)
def test_a_resolution_in_pixels_of_a_flat_screen(degrees, pixels):
    theta = torch.tensor(math.radians(degrees), dtype=torch.float64)
    assert SCREEN.to_pixels(0.03 * theta, theta).item() == pytest.approx(pixels, abs=1e-4)


def test_a_flat_screen_gives_a_degree_more_pixels_farther_out():
    far = math.radians(20)
    degree = math.radians(0.01)
    exact = SCREEN.viewer_m * (math.tan(far + degree / 2) - math.tan(far - degree / 2))
    got = SCREEN.to_pixels(torch.tensor(degree), torch.tensor(far).double())
    assert got.item() == pytest.approx(exact * SCREEN.px_per_m, rel=1e-5)


@pytest.mark.parametrize("bad", [{"size_px": 1}, {"image_m": 0}, {"viewer_m": -0.6}])
def test_an_impossible_screen_is_refused(bad):
    with pytest.raises(CourseError, match="positive lengths in metres"):
        ViewingGeometry(**{"size_px": 28, **bad})
