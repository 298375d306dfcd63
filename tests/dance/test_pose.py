import sys
import types

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.pose import estimate_pose
from cvlib.dance.skeleton import BODY21

VIDEO = torch.zeros(2, 3, 32, 48)


def test_bad_input_is_said_in_a_sentence():
    with pytest.raises(CourseError, match=r"a video is \(T, 3, H, W\)"):
        estimate_pose(torch.zeros(3, 32, 48))
    with pytest.raises(CourseError, match="with a frame at least"):
        estimate_pose(torch.zeros(0, 3, 32, 48))
    with pytest.raises(CourseError, match="no backend 'openpose'"):
        estimate_pose(VIDEO, "openpose")
    with pytest.raises(CourseError, match="holds no model"):
        estimate_pose(VIDEO, "mediapipe")


@pytest.mark.parametrize("backend", ["torchvision", "rtmlib"])
def test_a_missing_package_is_named(monkeypatch, backend):
    for name in (backend, f"{backend}.models.detection"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CourseError, match=f"{backend} is not here"):
        estimate_pose(VIDEO, backend)


def people():
    """A small surer person and a large one, as Keypoint R-CNN tells of them."""
    keypoints = torch.rand(2, 17, 3) * 10
    keypoints[1] += 5
    scores = torch.full((2, 17), 3.0)
    scores[1, 16] = -4.0
    boxes = torch.tensor([[0.0, 0, 5, 5], [0.0, 0, 20, 20]])
    return {
        "scores": torch.tensor([0.99, 0.9]), "boxes": boxes,
        "keypoints": keypoints, "keypoints_scores": scores,
    }  # fmt: skip


class FakeNet(torch.nn.Module):
    def __init__(self, found):
        super().__init__()
        self.found = found

    def forward(self, images):
        assert images[0].min() >= 0
        return [self.found]


def use_torchvision(monkeypatch, found):
    package = types.ModuleType("torchvision.models.detection")
    package.keypointrcnn_resnet50_fpn = lambda weights: FakeNet(found)
    monkeypatch.setitem(sys.modules, "torchvision.models.detection", package)
    for name in ("torchvision", "torchvision.models"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


def test_the_largest_person_is_taken_and_doubtful_joints_are_missing(monkeypatch):
    found = people()
    use_torchvision(monkeypatch, found)
    kp = estimate_pose(VIDEO)
    assert kp.shape == (2, 21, 3)
    torch.testing.assert_close(kp[0, 0, :2], found["keypoints"][1, 0, :2])
    assert kp[0, BODY21.index("right_ankle")[0], 2] == 0
    assert kp[0, BODY21.index("neck")[0], 2] > 0.9


def test_nobody_in_the_frame_is_confidence_zero(monkeypatch):
    found = people()
    found["scores"] = torch.tensor([0.2, 0.1])
    use_torchvision(monkeypatch, found)
    assert (estimate_pose(VIDEO)[..., 2] == 0).all()


def test_rtmlib_is_called_with_pictures(monkeypatch):
    package = types.ModuleType("rtmlib")

    class Body:
        def __init__(self, backend, device):
            assert device == "cpu"

        def __call__(self, picture):
            assert picture.shape == (32, 48, 3)
            return torch.rand(1, 17, 2).numpy(), torch.full((1, 17), 1.4).numpy()

    package.Body = Body
    monkeypatch.setitem(sys.modules, "rtmlib", package)
    kp = estimate_pose(VIDEO, "rtmlib")
    assert kp[..., 2].max() == 1
