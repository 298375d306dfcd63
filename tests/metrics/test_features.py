"""The shipped digit features and the online ones."""

import sys
import types

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.course.paths import SAMPLES
from cvlib.metrics.digits import accuracy, digits16, train_features
from cvlib.metrics.features import DIGIT_WEIGHTS, InceptionFeatures, SmallFeatureNet, to_uint8


def test_shipped_net_reads_digits_it_never_saw():
    net = SmallFeatureNet.pretrained()
    assert accuracy(net, *digits16("test")) > 0.96
    assert (SAMPLES / DIGIT_WEIGHTS).stat().st_size <= 300_000
    assert sum(p.numel() for p in net.parameters()) == 65_642


def test_digits_are_16_pixels_and_all_classes_equally_often():
    x, y = digits16()
    assert x.shape == (5000, 1, 16, 16)
    assert x.dtype == torch.uint8
    assert y.bincount().tolist() == [500] * 10
    assert len(y[:100].unique()) == 10  # shuffled, not sorted


def test_the_training_script_learns():
    x, y = digits16()
    net = train_features(x[:600], y[:600])
    assert accuracy(net, x[1000:1500], y[1000:1500]) > 0.3


def test_features_are_the_input_of_the_classifier():
    net = SmallFeatureNet.pretrained()
    features, logits = net(digits16("test")[0][:8])
    assert features.shape == (8, net.dim)
    torch.testing.assert_close(net.classify(features), logits)


def test_wrong_images_and_missing_weights_are_explained(tmp_path):
    net = SmallFeatureNet.pretrained()
    with pytest.raises(CourseError, match="uint8 images"):
        net(torch.rand(2, 1, 16, 16))
    with pytest.raises(CourseError, match="uint8 images"):
        net(torch.zeros(2, 3, 16, 16, dtype=torch.uint8))
    with pytest.raises(CourseError, match="is missing"):
        SmallFeatureNet.pretrained(tmp_path / "none.pt")


def test_quantisation_rounds_and_clips():
    x = torch.tensor([-1.0005, -1, -0.999, 0, 0.5, 1, 1.0005])
    assert to_uint8(x).tolist() == [0, 0, 0, 128, 191, 255, 255]
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(every / 127.5 - 1), every)


def test_inception_without_its_package_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(CourseError, match="pip install"):
        InceptionFeatures()


class FakeInception(torch.nn.Module):
    """Stands in for torch-fidelity's net: the same call, no weights."""

    def __init__(self, name, features_list):
        super().__init__()
        if name == "offline":
            raise OSError
        assert features_list == ["2048", "logits_unbiased"]

    def forward(self, x):
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        return torch.zeros(len(x), 2048), torch.zeros(len(x), 1008)


@pytest.fixture
def fidelity(monkeypatch):
    module = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = FakeInception
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_inception_takes_grey_images_as_colour(fidelity):
    features, logits = InceptionFeatures()(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    assert features.shape == (2, 2048)
    assert logits.shape == (2, 1008)


def test_inception_offline_is_explained(fidelity, monkeypatch):
    def refuse(*_):
        raise OSError("no route")

    monkeypatch.setattr(fidelity, "FeatureExtractorInceptionV3", refuse)
    with pytest.raises(CourseError, match="go online once"):
        InceptionFeatures()
