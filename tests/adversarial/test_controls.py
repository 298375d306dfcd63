"""Controls and quantizer, in whole numbers."""

import pytest
import torch

from cvlib.adversarial.controls import (
    displayed,
    flip_control,
    quantize_linf,
    random_sign,
    rescale_range,
    to_levels,
)
from cvlib.course.errors import CourseError

LEVELS = torch.randint(0, 256, (6, 3, 9, 9), generator=torch.Generator().manual_seed(0)).byte()


def distance(a, b):
    return (a.int() - b.int()).abs()


@pytest.mark.parametrize("eps", [1, 8, 32])
def test_the_bound_holds_in_whole_levels(eps):
    wild = displayed(LEVELS) + 0.5 * torch.randn(LEVELS.shape)
    got = quantize_linf(wild, LEVELS, eps)
    assert got.dtype == torch.uint8
    assert distance(got, LEVELS).flatten(1).amax(1).tolist() == [eps] * 6, "reached, never passed"


def test_a_bound_that_is_hit_by_half_a_level_is_not_passed():
    x = torch.tensor([[[[10, 11, 250, 3]]]], dtype=torch.uint8)
    shifted = (x.double() + torch.tensor([2.5, -2.5, 9.0, -9.0])) / 255
    assert quantize_linf(shifted, x, 2).flatten().tolist() == [12, 9, 252, 1]
    assert quantize_linf(shifted, x, 8).flatten().tolist() == [12, 8, 255, 0], "ties go to even"


def test_rounding_does_not_shift_and_cutting_off_does():
    x = displayed(LEVELS).double() + torch.linspace(-0.49, 0.49, 9) / 255
    x = x.clamp(0, 1)
    rounded = quantize_linf(x, LEVELS, 8)
    assert torch.equal(rounded, LEVELS)
    cut = (255 * x).byte()
    assert (cut.double() - 255 * x).mean() < -0.3


def test_what_is_stored_is_what_was_there():
    assert torch.equal(to_levels(displayed(LEVELS)), LEVELS)


def test_squeezed_images_have_room_on_both_sides():
    x = rescale_range(torch.tensor([0.0, 0.5, 1.0]))
    assert (255 * x).tolist() == pytest.approx([40, 127.5, 215])
    moved = torch.cat([x - 40 / 255, x + 40 / 255])
    assert torch.equal(moved, moved.clamp(0, 1))


def test_the_flip_keeps_all_but_the_place():
    levels = to_levels(rescale_range(displayed(LEVELS)))
    adv = random_sign(levels, 40, torch.Generator().manual_seed(0))
    flipped = flip_control(levels, adv)
    assert torch.equal(flip_control(levels, flipped), adv), "twice is once more as it was"
    before, after = adv.int() - levels.int(), flipped.int() - levels.int()
    assert torch.equal(after, before.flip(2)), "upside down, not left to right"
    assert torch.equal(after.flatten().sort().values, before.flatten().sort().values)
    assert (before != after).float().mean() > 0.3


def test_noise_has_one_size_and_both_signs():
    levels = torch.full((2, 1, 50, 50), 128, dtype=torch.uint8)
    delta = random_sign(levels, 32, torch.Generator().manual_seed(1)).int() - 128
    assert set(delta.flatten().tolist()) == {-32, 32}
    assert abs(delta.float().mean().item()) < 1.5


def test_the_original_must_be_whole_levels():
    with pytest.raises(CourseError, match="as uint8"):
        quantize_linf(displayed(LEVELS), displayed(LEVELS), 4)
