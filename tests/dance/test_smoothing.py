import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.smoothing import acceleration, fill_gaps, gaussian, median, one_euro
from tests.dance.tracks import scattered

SMOOTHERS = (
    lambda kp: gaussian(kp, 1.3), lambda kp: median(kp, 5), lambda kp: one_euro(kp, 30.0),
)  # fmt: skip


def line(frames=20, slope=(0.5, -2.0)):
    """One joint on a straight way, (T, 1, 3)."""
    t = torch.arange(frames, dtype=torch.float64)
    x, y = 30 + slope[0] * t, 80 + slope[1] * t
    return torch.stack([x, y, torch.ones_like(t)], dim=-1)[:, None]


@pytest.mark.parametrize("smooth", SMOOTHERS)
def test_constant_in_constant_out(smooth):
    kp = scattered(1).repeat(12, 1, 1)
    torch.testing.assert_close(smooth(kp), kp)


def test_a_gaussian_of_linear_motion_is_exact_inside():
    kp = line()
    inside = slice(4, -4)  # a reach of ceil(3 x 1.3) frames
    torch.testing.assert_close(gaussian(kp, 1.3)[inside], kp[inside])
    assert not torch.allclose(gaussian(kp, 1.3)[0], kp[0]), "at the ends it leans inwards"


def test_a_median_removes_a_single_outlier_completely():
    kp = line()
    hit = kp.clone()
    hit[7, 0, :2] += torch.tensor([40.0, -90.0])
    torch.testing.assert_close(median(hit, 3)[7], kp[6:9].median(0).values, atol=2.1, rtol=0)
    still = kp[:1].repeat(9, 1, 1)
    spike = still.clone()
    spike[4, 0, 0] = 500
    torch.testing.assert_close(median(spike, 3), still)


@pytest.mark.parametrize("smooth", SMOOTHERS[:2])
def test_a_missing_joint_is_interpolated_and_never_averaged_as_the_corner(smooth):
    kp = line()
    kp[9] = 0.0
    out = smooth(kp)
    torch.testing.assert_close(out[9, 0, :2], line()[9, 0, :2], atol=0.05, rtol=0)
    assert out[9, 0, 2] > 0
    assert (out[..., 1] > 35).all()


def test_confidence_weighs():
    kp = torch.tensor([[[0.0, 0, 1.0]], [[0, 0, 1.0]], [[8, 0, 0.1]], [[0, 0, 1.0]], [[0, 0, 1.0]]])
    sure = kp.clone()
    sure[2, 0, 2] = 1.0
    assert gaussian(kp, 1.0)[2, 0, 0] < 0.3 * gaussian(sure, 1.0)[2, 0, 0]


@pytest.mark.parametrize("smooth", SMOOTHERS)
def test_what_was_never_found_stays_missing(smooth):
    out = smooth(torch.zeros(9, 2, 3))
    assert (out == 0).all()


def test_gaps_are_filled_along_the_line_between_and_ends_stay_missing():
    kp = line()
    gap = kp.clone()
    gap[5:8] = 0.0
    gap[:2] = 0.0
    gap[-1:] = 0.0
    filled = fill_gaps(gap)
    torch.testing.assert_close(filled[5:8, :, :2], kp[5:8, :, :2])
    assert (filled[5:8, :, 2] == 0.5).all()
    assert (filled[:2, :, 2] == 0).all()
    assert (filled[-1, :, 2] == 0).all()
    torch.testing.assert_close(fill_gaps(kp), kp)


def test_jitter_of_two_pixels_is_halved_by_a_gaussian_and_less_by_a_median():
    t = torch.arange(200, dtype=torch.float64) / 30
    true = torch.stack(
        [60 + 25 * (4.0 * t).sin(), 60 + 25 * (3.0 * t).cos(), torch.ones_like(t)], -1
    )[:, None]
    noise = 2 * torch.randn(200, 1, 2, generator=torch.Generator().manual_seed(0)).double()
    noisy = torch.cat([true[..., :2] + noise, true[..., 2:]], -1)

    def error(kp):
        return float((kp - true)[4:-4, :, :2].norm(dim=-1).mean())

    gauss = gaussian(noisy, 1.3)
    assert error(gauss) < 0.6 * error(noisy)
    assert error(gauss) < error(median(noisy, 7)) < error(noisy)
    assert acceleration(gauss) < 0.2 * acceleration(noisy)
    assert error(one_euro(noisy, 30.0)) < error(noisy)


def test_one_euro_needs_no_future():
    kp = scattered(12)
    torch.testing.assert_close(one_euro(kp, 30.0)[:7], one_euro(kp[:7], 30.0))


def test_one_frame_passes_every_smoother():
    kp = scattered(1)
    for smooth in SMOOTHERS:
        torch.testing.assert_close(smooth(kp), kp)
    torch.testing.assert_close(fill_gaps(kp), kp)


def test_bad_settings_are_said():
    with pytest.raises(CourseError, match="odd number"):
        median(line(), 4)
    with pytest.raises(CourseError, match="positive number"):
        gaussian(line(), 0)
    with pytest.raises(CourseError, match="three frames"):
        acceleration(line(2))


def test_acceleration_of_a_parabola_and_gaps():
    t = torch.arange(10, dtype=torch.float64)
    kp = torch.stack([t**2, torch.zeros_like(t), torch.ones_like(t)], -1)[:, None]
    assert acceleration(kp) == pytest.approx(2.0)
    kp[4, 0] = torch.tensor([900.0, 900.0, 0.0])
    assert acceleration(kp) == pytest.approx(2.0)
