import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.person import (
    box_ssim,
    mask_overlap,
    masked_psnr,
    missed,
    person_mask,
    pose_boxes,
    pose_distance,
)  # fmt: skip


def track(frames=4, joints=5):
    kp = torch.rand(frames, joints, 3, generator=torch.Generator().manual_seed(0)) * 30
    kp[..., 2] = 1
    return kp


def test_a_shift_is_its_length():
    kp = track()
    moved = kp + torch.tensor([3.0, -4.0, 0.0])
    assert pose_distance(kp, moved) == pytest.approx(5.0)
    assert pose_distance(kp, kp) == 0


def test_frames_with_a_missing_joint_do_not_count():
    kp = track()
    other = kp.clone()
    other[1] += torch.tensor([50.0, 0.0, 0.0])
    other[1, 2, 2] = 0
    assert pose_distance(kp, other) == 0
    assert missed(other) == pytest.approx(0.25)
    assert missed(kp) == 0
    with pytest.raises(CourseError, match="no frame has all joints"):
        pose_distance(kp, torch.zeros_like(kp))
    with pytest.raises(CourseError, match="of one shape"):
        pose_distance(kp, kp[:2])


def test_boxes_hold_the_joints_and_lie_inside():
    kp = track()
    kp[0, 0, :2] = torch.tensor([29.0, 39.0])
    boxes = pose_boxes(kp, 4, 40, 30)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2] <= 40).all()
    assert (boxes[:, 3] <= 30).all()
    inside = (kp[..., 1] >= boxes[:, :1]) & (kp[..., 1] <= boxes[:, 2:3])
    assert inside[kp[..., 1] < 40].all()
    assert (boxes[:, 2] - boxes[:, 0] >= 11).all()
    dot = torch.tensor([[[29.0, 39.0, 1.0], [900.0, 900.0, 0.0]]])
    assert pose_boxes(dot, 0, 40, 30).tolist() == [[29, 19, 40, 30]], "missing joints do not pull"
    with pytest.raises(CourseError, match="no joint at all"):
        pose_boxes(torch.zeros(1, 2, 3), 4, 40, 30)


def test_ssim_in_a_box_sees_nothing_outside():
    a = torch.rand(2, 3, 40, 30) * 2 - 1
    boxes = torch.tensor([[5, 5, 25, 25], [0, 0, 20, 20]])
    b = a.clone()
    b[:, :, 30:] = 0
    torch.testing.assert_close(box_ssim(a, b, boxes), torch.ones(2).double())
    b[:, :, :20] = 0
    assert (box_ssim(a, b, boxes) < 0.7).all()


def test_psnr_on_a_mask():
    a = torch.zeros(1, 3, 8, 8)
    b = a.clone()
    b[..., :4] = 0.2
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[..., :4] = True
    assert masked_psnr(a, b, mask).item() == pytest.approx(20.0, abs=1e-4)  # 4 / .04 = 100
    mask[..., :] = True
    assert masked_psnr(a, b, mask).item() == pytest.approx(23.01, abs=1e-2)
    with pytest.raises(CourseError, match="mask is empty"):
        masked_psnr(a, b, mask & False)


def test_masks_of_people():
    stage = torch.zeros(3, 8, 8)
    frames = stage.repeat(2, 1, 1, 1)
    frames[0, 1, 2:4, 2:4] = 0.5
    mask = person_mask(frames, stage)
    assert mask.sum() == 4
    other = mask.clone()
    other[0, 2, 2:6] = True
    torch.testing.assert_close(mask_overlap(mask, other), torch.tensor([4 / 6, 1.0]))
