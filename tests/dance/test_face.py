import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.face import (
    FaceResidual,
    changed_outside,
    crop,
    face_boxes,
    paste,
    with_face,
)  # fmt: skip
from cvlib.dance.nets import PoseToFrame
from cvlib.dance.skeleton import BODY21
from tests.dance.tracks import scattered

NOSE = BODY21.index("nose")[0]


def heads(places):
    kp = scattered(len(places))
    kp[:, NOSE, :2] = torch.tensor(places, dtype=torch.float64)
    return kp


@pytest.mark.parametrize("place", [(0, 0), (63, 63), (0, 63), (-20, 30), (31, 90), (31, 31)])
def test_boxes_lie_inside_for_heads_at_any_border(place):
    boxes = face_boxes(heads([place] * 3), 16, 64, 64)
    assert boxes.shape == (3, 2)
    assert (boxes >= 0).all()
    assert (boxes <= 48).all()


def test_a_box_is_centred_on_the_nose_and_follows_it():
    boxes = face_boxes(heads([(20.5, 30.5)] * 4), 16, 64, 64)
    assert boxes[0].tolist() == [23, 13], "row, column"


def test_without_a_nose_the_ears_and_then_the_last_place_are_used():
    kp = heads([(20.5, 30.5)] * 5)
    ears = BODY21.index("right_ear", "left_ear")
    kp[:, ears, :2] = torch.tensor([20.5, 30.5], dtype=torch.float64)
    kp[2:, NOSE, 2] = 0
    kp[3:, ears, 2] = 0
    assert (face_boxes(kp, 16, 64, 64) == torch.tensor([23, 13])).all()


def test_a_jittering_head_has_a_calm_box():
    draw = torch.Generator().manual_seed(0)
    jitter = 30 + 3 * torch.randn(40, 2, generator=draw)
    raw = (jitter.round()).diff(dim=0).norm(dim=1).mean()
    calm = face_boxes(heads(jitter.tolist()), 16, 64, 64).double().diff(dim=0).norm(dim=1).mean()
    assert calm < 0.5 * raw


def test_what_cannot_be_boxed_is_said():
    kp = heads([(5, 5)])
    with pytest.raises(CourseError, match="does not fit"):
        face_boxes(kp, 80, 64, 64)
    kp[..., 2] = 0
    with pytest.raises(CourseError, match="no face to cut out"):
        face_boxes(kp, 16, 64, 64)


def test_cut_out_and_put_back_is_nothing():
    images = torch.rand(3, 3, 20, 24)
    corners = torch.tensor([[0, 0], [12, 16], [3, 7]])
    boxes = crop(images, corners, 8)
    torch.testing.assert_close(boxes[2], images[2, :, 3:11, 7:15])
    assert torch.equal(paste(images, corners, boxes), images)
    changed = paste(images, corners, torch.zeros_like(boxes))
    assert (crop(changed, corners, 8) == 0).all()
    assert images.amin() >= 0
    outside = torch.ones(3, 20, 24, dtype=torch.bool)
    for mask, (row, column) in zip(outside, corners.tolist(), strict=True):
        mask[row : row + 8, column : column + 8] = False
    assert torch.equal(changed.movedim(1, -1)[outside], images.movedim(1, -1)[outside])


def test_at_the_start_the_face_is_the_main_generators_to_the_bit():
    image, sticks = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 3, 32, 32)
    corners = torch.tensor([[4, 4], [10, 2]])
    assert torch.equal(with_face(FaceResidual(8), image, sticks, corners, 16), image)


def test_training_the_face_leaves_the_main_generator_alone():
    G, G_f = PoseToFrame(8, 1, 1, previous=True), FaceResidual(8)
    sticks = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        image = G(sticks)
    corners = torch.tensor([[4, 4], [10, 2]])
    target = torch.zeros_like(image)
    loss = (with_face(G_f, image, sticks, corners, 16) - target).abs().mean()
    loss.backward()
    assert all(p.grad is None for p in G.parameters())
    assert G_f.out.weight.grad.abs().sum() > 0

    opt = torch.optim.SGD(G_f.parameters(), 0.1)
    opt.step()
    after = with_face(G_f, image, sticks, corners, 16)
    assert not torch.equal(after, image)
    box = torch.zeros(2, 32, 32, dtype=torch.bool)
    box[0, 4:20, 4:20] = True
    box[1, 10:26, 2:18] = True
    same = (after == image).all(1)
    assert same[~box].all(), "outside the box nothing changes"


def test_only_a_change_outside_the_box_counts():
    images = torch.rand(2, 3, 20, 20)
    corners = torch.tensor([[3, 4], [9, 0]])
    better = paste(images, corners, torch.ones(2, 3, 8, 8))
    assert changed_outside(images, better, corners, 8) == 0
    better[1, 2, 8, 0] = images[1, 2, 8, 0] - 0.25  # a row above the second box
    assert changed_outside(images, better, corners, 8) == pytest.approx(0.25)
