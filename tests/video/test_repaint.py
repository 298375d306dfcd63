"""Paint that stays, fades and is gone, on colours chosen by hand."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.video.repaint import paint_kept, steady_object


def test_the_object_that_is_largest_where_it_is_smallest():
    ids = torch.zeros(3, 4, 6, dtype=torch.long)
    ids[:, 0, :3] = 7  # three pixels in every frame
    ids[:2, 1:] = 9  # many pixels, but gone in the last frame
    everywhere = torch.ones_like(ids, dtype=torch.bool)
    assert steady_object(ids, everywhere, least=3) == 7
    assert steady_object(ids, everywhere, least=4) == 0
    assert steady_object(ids, ids != 7, least=3) == 0
    assert steady_object(ids[:2], everywhere[:2], least=3) == 9


def test_all_of_it_half_of_it_nothing_of_it():
    plain, true_plain = torch.rand(2, 1, 3, 3, 4, 6)
    change = torch.zeros(1, 3, 3, 4, 6)
    change[..., 1:3, 2:4] = torch.tensor([0.4, -0.2, 0.1]).view(3, 1, 1)
    left = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1, 1)
    kept = paint_kept(plain, plain + left * change, true_plain, true_plain + change)
    assert kept.tolist() == pytest.approx([1, 0.5, 0], abs=1e-5)
    elsewhere = plain + change.roll(2, dims=-2)
    kept = paint_kept(plain, elsewhere, true_plain, true_plain + change)
    assert kept.tolist() == pytest.approx([0, 0, 0], abs=1e-5)


def test_a_car_that_has_left_does_not_count():
    plain = torch.zeros(2, 2, 3, 2, 2)
    change = torch.ones(2, 2, 3, 2, 2)
    change[1, 1] = 0  # the second clip's car is gone in the second frame
    painted = change.clone()
    painted[1, 1] = 5.0
    assert paint_kept(plain, painted, plain, change).tolist() == [1, 1]
    with pytest.raises(CourseError, match="nothing is repainted"):
        paint_kept(plain, painted, plain, 0 * change)
