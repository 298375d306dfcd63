"""Warping, visibility and colours against what can be said in closed form."""

import math

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.video import flow as flows
from cvlib.video.flow import warp


def constant(dx: float, dy: float, size: tuple[int, int] = (9, 12)) -> torch.Tensor:
    return torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).expand(1, 2, *size).clone()


def picture(size: tuple[int, int] = (9, 12), channels: int = 3) -> torch.Tensor:
    return torch.rand(1, channels, *size, generator=torch.Generator().manual_seed(0))


def rotation(angle: float, size: int) -> torch.Tensor:
    """The flow (1, 2, S, S) that turns a picture by `angle` about its centre."""
    axis = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.stack([cos * x - sin * y - x, sin * x + cos * y - y])[None]


def test_a_zero_flow_changes_nothing():
    x = picture()
    torch.testing.assert_close(warp(x, constant(0, 0)), x, atol=1e-5, rtol=0)


def test_a_whole_pixel_is_a_roll_and_half_a_pixel_the_mean_of_neighbours():
    x = picture()
    torch.testing.assert_close(
        warp(x, constant(2, -1))[..., 1:, :-2], x.roll((1, -2), (2, 3))[..., 1:, :-2]
    )
    halves = (x[..., :-1] + x[..., 1:]) / 2
    torch.testing.assert_close(warp(x, constant(0.5, 0))[..., :-1], halves)


def test_a_ramp_is_moved_exactly():
    x = torch.arange(12.0).expand(1, 1, 9, 12)
    moved = warp(x, constant(1.37, 0.5))
    torch.testing.assert_close(moved[..., :-2], x[..., :-2] + 1.37, atol=1e-5, rtol=0)


def test_beyond_the_frame_lies_its_border():
    x = picture()
    torch.testing.assert_close(warp(x, constant(100, 0)), x[..., -1:].expand_as(x))
    assert (warp(x, constant(100, 0), padding="zeros") == 0).all()


def test_turning_there_and_back_leaves_a_smooth_picture():
    size, angle = 64, 0.2
    axis = torch.linspace(0, 2 * math.pi, size)
    x = (axis.sin()[:, None] * (2 * axis).cos()[None]).view(1, 1, size, size)
    back = warp(warp(x, rotation(angle, size)), rotation(-angle, size))
    disc = rotation(math.pi, size).norm(dim=1, keepdim=True) / 2 < size / 2 - 2
    error = (back - x)[disc].square().mean()
    assert 10 * math.log10(4 / error) > 35  # the picture spans 2


def test_gradients_of_picture_and_flow():
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(1, 2, 4, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    flow = 0.3 + 0.4 * torch.rand(1, 2, 4, 5, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(warp, (x, flow.requires_grad_()))


def test_half_precision_warps_in_full():
    x = picture((8, 2048), channels=1)
    flow = constant(0.5, 0, (8, 2048)).half()
    exact = warp(x.half().float(), flow.float())
    assert warp(x.half(), flow).dtype == torch.float16
    torch.testing.assert_close(warp(x.half(), flow), exact.half())


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(CourseError, match=r"\(1, 3, 9, 12\).*same height and width"):
        warp(picture(), constant(0, 0, (8, 12)))


def test_inside_counts_the_centres_of_the_border_pixels():
    here = flows.inside(constant(1, -1))
    assert here.shape == (1, 1, 9, 12)
    assert here[0, 0, 1:, :-1].all()
    assert not here[0, 0, 0].any()
    assert not here[0, 0, :, -1].any()


def test_two_steps_chained_are_one_long_step():
    first, second = constant(1.25, 0), constant(-0.5, 1)
    torch.testing.assert_close(flows.chain(first, second), constant(0.75, 1))
    turn = rotation(0.1, 33)
    middle = (..., slice(6, -6), slice(6, -6))
    torch.testing.assert_close(
        flows.chain(turn, turn)[middle], rotation(0.2, 33)[middle], atol=1e-4, rtol=0
    )


def test_who_comes_home_was_visible():
    backward, forward = constant(-2, 0), constant(2, 0)
    seen = flows.fb_consistency(backward, forward)
    assert seen[0, 0, :, 2:].all()
    assert not seen[0, 0, :, :2].any()  # from outside the frame
    forward[:, 0, 3:6, 3:6] = -4.0
    hidden = flows.fb_consistency(backward, forward) == 0
    assert hidden[0, 0, 3:6, 5:8].all()
    assert hidden[0, 0, :, 2:].sum() == 9


def test_confidence_is_the_squared_distance_summed_over_colours():
    previous = torch.zeros(1, 3, 4, 5)
    x = previous.clone()
    x[..., 0] = 0.08  # 3 * 0.0064 = 0.0192
    x[..., 1] = 0.09  # 3 * 0.0081 = 0.0243
    sure = flows.photometric_confidence(x, previous, constant(0, 0, (4, 5)))
    assert sure[..., 0].all()
    assert sure[..., 2:].all()
    assert not sure[..., 1].any()


def test_the_wheel_of_colours():
    right, left = constant(3, 0, (1, 1)), constant(-3, 0, (1, 1))
    still = flows.to_rgb(constant(0, 0, (1, 1)), largest=3.0).flatten()
    assert still.tolist() == [1, 1, 1]
    assert flows.to_rgb(right, largest=3.0).flatten().tolist() == pytest.approx([1, 0, 0], abs=1e-5)
    assert flows.to_rgb(left, largest=3.0).flatten().tolist() == pytest.approx([0, 1, 1], abs=1e-5)
    half = flows.to_rgb(right, largest=6.0).flatten()
    assert half.tolist() == pytest.approx([1, 0.5, 0.5], abs=1e-5)
    assert (flows.to_rgb(torch.randn(2, 2, 5, 5)) >= 0).all()


def test_the_modern_default_of_grid_sample_would_shrink_the_picture():
    """What the authors' code does on today's torch: its grid counts corners, the sampler edges."""
    x = picture()
    y, x_axis = torch.linspace(-1, 1, 9), torch.linspace(-1, 1, 12)
    grid = torch.stack(torch.meshgrid(x_axis, y, indexing="xy"), dim=-1)[None]
    drifted = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    assert (drifted - x).abs().max() > 0.1
    assert (warp(x, constant(0, 0)) - x).abs().max() < 1e-5


def test_flow_from_two_pictures():
    pytest.importorskip("cv2")
    generator = torch.Generator().manual_seed(2)
    coarse = torch.rand(1, 3, 12, 16, generator=generator)
    previous = 2 * F.interpolate(coarse, (96, 128), mode="bicubic").clamp(0, 1) - 1
    x = warp(previous, constant(3, 1, (96, 128)))
    for backend in ("dis", "farneback"):
        found = flows.estimate(x, previous, backend)[..., 16:-16, 16:-16]
        assert (found - constant(3, 1, (64, 96))).norm(dim=1).mean() < 0.5


def test_what_cannot_estimate_says_why():
    x = picture((64, 128))
    with pytest.raises(CourseError, match="choose dis"):
        flows.estimate(x, x, "flownet2")
    with pytest.raises(CourseError, match="128 px in multiples of 8, not 64 x 128"):
        flows.estimate(x, x, "raft_small")
