"""A picture of one's own: which square is cut out, what comes back, what is refused."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.faces.own import cut_out, face_square, put_back, repaint
from cvlib.gan.animation import Animator, Painted


@pytest.fixture
def picture():
    return torch.rand(3, 60, 90, generator=torch.Generator().manual_seed(0))


def test_without_a_square_the_largest_in_the_middle_is_taken(picture):
    assert face_square(picture) == (15, 0, 60)
    assert face_square(picture.transpose(1, 2)) == (0, 15, 60)
    assert face_square(picture, (3, 4, 40)) == (3, 4, 40)


@pytest.mark.parametrize("square", [(-1, 0, 40), (0, 30, 40), (60, 0, 40), (0, 0, 0)])
def test_a_square_that_leaves_the_picture_is_refused(picture, square):
    with pytest.raises(CourseError, match="cut off"):
        face_square(picture, square)


@pytest.mark.parametrize("square", [(0, 0), (0.5, 0, 40), "face"])
def test_what_is_no_square_is_refused(picture, square):
    with pytest.raises(CourseError, match="whole pixels"):
        face_square(picture, square)


def test_one_colour_or_a_batch_is_no_picture(picture):
    for wrong in (picture[:1], picture[None]):
        with pytest.raises(CourseError, match="read_photo"):
            face_square(wrong)


def test_a_cut_is_the_mean_of_its_pixels_on_the_nets_range(picture):
    small = cut_out(picture, (10, 0, 60), 4)
    assert small.shape == (1, 3, 4, 4)
    corner = picture[:, :15, 10:25].mean((1, 2)) * 2 - 1
    torch.testing.assert_close(small[0, :, 0, 0], corner)


def test_small_and_grey_faces_are_refused(picture):
    with pytest.raises(CourseError, match="20 pixels a side, but the net needs 32"):
        cut_out(picture, (0, 0, 20), 32)
    with pytest.raises(CourseError, match="grey"):
        cut_out(picture[:1].repeat(3, 1, 1), (0, 0, 60), 32)


def painted(share):
    color = torch.full((1, 3, 32, 32), 0.5)
    attention = torch.full((1, 1, 32, 32), share)
    return Painted(color, attention, color)


def test_what_is_not_repainted_keeps_every_pixel_but_the_mark(picture):
    back = put_back(picture, (20, 5, 40), painted(0.0))
    torch.testing.assert_close(back[:, :53, :79], picture[:, :53, :79])
    assert not torch.equal(back[:, 53:, 79:], picture[:, 53:, 79:]), "no mark says who painted"


def test_what_is_repainted_has_the_colour_inside_the_square_only(picture):
    back = put_back(picture, (20, 5, 40), painted(1.0))
    torch.testing.assert_close(back[:, 5:45, 20:60], torch.full((3, 40, 40), 0.75))
    torch.testing.assert_close(back[:, :, :20], picture[:, :, :20])
    torch.testing.assert_close(back[:, :5], picture[:, :5])


def test_a_picture_comes_back_once_for_each_expression(picture):
    torch.manual_seed(0)
    G = Animator(3, 4, 1).eval()
    made = repaint(G, picture, torch.eye(3), 32, (20, 5, 40))
    assert [tuple(one.shape) for one in made] == [(3, 60, 90)] * 3
    assert not torch.allclose(made[0], made[1])
    assert all(float(one.min()) >= 0 and float(one.max()) <= 1 for one in made)
