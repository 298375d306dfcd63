"""The fully convolutional network, and CamVid where it lies at hand."""

import pytest
import torch

from cvlib.course.data.locate import present
from cvlib.course.data.registry import data_set
from cvlib.course.errors import CourseError
from cvlib.normalization.layers import GroupNorm2d
from cvlib.normalization.resnet import resnet_cifar
from cvlib.normalization.segmentation import CAMVID, FCN, VOID, Scenes, camvid

AT_HAND = all(map(present, data_set("camvid-small").files))
needs_camvid = pytest.mark.skipif(not AT_HAND, reason="CamVid is not in CVLIB_DATA")


def backbone():
    torch.manual_seed(0)
    return resnet_cifar(
        lambda c: GroupNorm2d(c, 2), widths=(4, 8), strides=(1, 2), blocks=1, stem_stride=4
    )


def test_scores_have_the_images_size():
    assert FCN(backbone(), 5)(torch.randn(2, 3, 24, 32)).shape == (2, 5, 24, 32)


def test_the_scores_of_all_stages_are_added():
    net = FCN(backbone(), 3)
    x = torch.randn(1, 3, 16, 16)
    whole = net(x)
    parts = []
    for keep in range(2):
        twin = FCN(backbone(), 3)
        twin.load_state_dict(net.state_dict())
        other = twin.scores[1 - keep]
        torch.nn.init.zeros_(other.weight)
        torch.nn.init.zeros_(other.bias)
        parts.append(twin(x))
    torch.testing.assert_close(whole, parts[0] + parts[1])


def test_scenes_are_mirrored_with_their_labels():
    x = torch.randint(0, 256, (2, 3, 4, 6), dtype=torch.uint8)
    y = torch.arange(48).reshape(2, 4, 6)
    scenes = Scenes("", x, y, x, y, ())
    images, labels = scenes.batch(torch.tensor([1, 0]), torch.tensor([True, False]))
    assert torch.equal(labels[0], y[1].flip(-1))
    assert torch.equal(labels[1], y[0])
    torch.testing.assert_close(images[0], scenes.normalized(x[1:2])[0].flip(-1))
    assert scenes.normalized(x).mean((0, 2, 3)).abs().max() < 1e-5


@needs_camvid
def test_camvid_has_its_scenes_and_classes():
    scenes = camvid(96, 128, torch.device("cpu"))
    assert scenes.x.shape == (367, 3, 96, 128)
    assert scenes.test_y.shape == (233, 96, 128)
    assert (scenes.x.dtype, scenes.y.dtype) == (torch.uint8, torch.int64)
    assert set(scenes.y.unique().tolist()) == set(range(len(CAMVID))) | {VOID}
    share = (scenes.y == CAMVID.index("road")).float().mean((0, 2))  # by row
    assert share[-20:].mean() > 0.4 > 0.05 > share[:20].mean(), "the road is below"


@needs_camvid
def test_a_size_that_does_not_divide_is_refused():
    with pytest.raises(CourseError, match="does not divide"):
        camvid(100, 128, torch.device("cpu"))
