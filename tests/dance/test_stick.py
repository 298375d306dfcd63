from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from cvlib.dance.skeleton import BODY21, Skeleton
from cvlib.dance.stick import distance, draw_sticks, thickness_for
from tests.dance.tracks import scattered

ARM = Skeleton("ARM", ("elbow", "right_wrist"), (("elbow", "right_wrist"),))


@dataclass(frozen=True)
class Painted(Skeleton):
    """A skeleton whose sticks have given colours."""

    paint: Tensor | None = None

    def colors(self):
        return self.paint


def arm(ax, ay, bx, by):
    return torch.tensor([[[ax, ay, 1.0], [bx, by, 1.0]]], dtype=torch.float64)


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 0.813])
def test_a_column_through_a_level_stick_sums_to_its_thickness(offset):
    picture = draw_sticks(arm(10, 32 + offset, 50, 32 + offset), 64, 64, 4.0, ARM)[0]
    column = picture.amax(0)[:, 30]
    assert float(column.sum()) == pytest.approx(4.0, abs=1e-3)


def test_its_profile_is_symmetric():
    column = draw_sticks(arm(10, 32, 50, 32), 65, 64, 4.0, ARM)[0].amax(0)[:, 30]
    torch.testing.assert_close(column, column.flip(0))


def test_the_gradient_agrees_with_finite_differences():
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64)[:, None].expand(64, 64)

    def brightness(kp):
        return (draw_sticks(kp, 64, 64, 4.0, ARM)[0, 0] * ramp).sum()

    kp = arm(20.0, 31.3, 44.0, 36.1).requires_grad_()
    brightness(kp).backward()
    for joint, axis in ((0, 1), (1, 0), (1, 1)):
        step = torch.zeros_like(kp)
        step[0, joint, axis] = 1e-5
        with torch.no_grad():
            slope = (brightness(kp + step) - brightness(kp - step)) / 2e-5
        torch.testing.assert_close(kp.grad[0, joint, axis], slope, rtol=1e-3, atol=1e-4)
    assert kp.grad[0, 1, 1].abs() > 0.1


def test_a_joint_that_was_not_found_takes_its_sticks_away():
    kp = scattered(1)
    wrist = BODY21.index("left_wrist")[0]
    kp[0, wrist, 2] = 0
    edges = tuple(e for e in BODY21.edges if "left_wrist" not in e)
    colors = [i for i, e in enumerate(BODY21.edges) if e in edges]
    less = Painted("less", BODY21.joints, edges, BODY21.colors()[colors])
    assert torch.equal(draw_sticks(kp, 48, 48, 2.0), draw_sticks(kp, 48, 48, 2.0, less))


def test_shifts_by_whole_pixels_shift_the_picture():
    kp = 8 + scattered(1) / 2  # within 8..40
    moved = kp.clone()
    moved[..., 0] += 5
    moved[..., 1] += 3
    there = draw_sticks(moved, 64, 64, 3.0)[:, :, 3:, 5:]
    torch.testing.assert_close(there, draw_sticks(kp, 64, 64, 3.0)[:, :, :-3, :-5])


def test_a_mirrored_pose_is_the_flipped_picture_with_the_sides_changed():
    # each side's limbs lie in a half of their own, so that painting order does not matter
    kp = scattered(1)
    right = torch.tensor([j.startswith("right") for j in BODY21.joints])
    left = torch.tensor([j.startswith("left") for j in BODY21.joints])
    kp[:, right, 0] = kp[:, right, 0] / 64 * 20
    kp[:, left, 0] = 43 + kp[:, left, 0] / 64 * 20
    middle = ~(left | right)
    kp[:, middle, 0] = 31.5
    limbs = tuple(e for e in BODY21.edges if e[0].split("_")[0] == e[1].split("_")[0])
    body = Skeleton("limbs", BODY21.joints, limbs)
    swapped = kp[:, BODY21.mirrored()].clone()
    swapped[..., 0] = 63 - swapped[..., 0]

    flipped = draw_sticks(swapped, 64, 64, 3.0, body).flip(-1)
    order = [
        limbs.index(tuple(BODY21.joints[BODY21.mirrored()[BODY21.index(j)[0]]] for j in e))
        for e in limbs
    ]
    other = Painted("other", BODY21.joints, limbs, body.colors()[order])
    torch.testing.assert_close(flipped, draw_sticks(kp, 64, 64, 3.0, other))


def test_later_sticks_are_painted_over_earlier_ones():
    cross = Skeleton("X", ("a", "right_b", "c", "left_d"), (("a", "right_b"), ("c", "left_d")))
    kp = torch.tensor([[[5.0, 5, 1], [25, 25, 1], [5, 25, 1], [25, 5, 1]]])
    picture = draw_sticks(kp, 31, 31, 3.0, cross)[0]
    torch.testing.assert_close(picture[:, 15, 15], cross.colors()[1])


def test_a_stick_of_no_length_is_a_dot_and_the_distance_is_known():
    p = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    zero = torch.zeros(2)
    torch.testing.assert_close(distance(p, zero, zero), torch.tensor([5.0, 0.0]), atol=1e-5, rtol=0)
    assert thickness_for(64) == 1.5
    assert thickness_for(256) > 5
