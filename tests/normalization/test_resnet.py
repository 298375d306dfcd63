"""The networks: shapes, counts, and the details that the paper's recipe depends on."""

import pytest
import torch
from torch import nn

from cvlib.normalization.layers import GroupNorm2d, choose_groups
from cvlib.normalization.resnet import BasicBlock, Bottleneck, plain_cnn, resnet50, resnet_cifar


def gn(channels):
    return GroupNorm2d(channels, choose_groups(channels, 8))


def smoke_net(norm=gn):
    return resnet_cifar(
        norm, channels=1, widths=(8, 16, 32, 64), strides=(1, 2, 2, 2), blocks=1
    )  # fmt: skip


def parameters(net):
    return sum(p.numel() for p in net.parameters())


@pytest.fixture(scope="module")
def fifty():
    return resnet50(nn.BatchNorm2d, classes=1000)


def test_resnet50_has_the_published_number_of_parameters(fifty):
    assert parameters(fifty) == 25_557_032


def test_resnet20_has_its_number_of_parameters():
    net = resnet_cifar(nn.BatchNorm2d)
    convolutions = [
        m for m in net.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)
    ]
    assert len(convolutions) == 19  # and the linear layer makes 20
    # He et al. 2016, Table 6: 0.27 M
    assert round(parameters(net) / 1e6, 2) == 0.27


def test_the_smoke_network_has_the_size_of_the_specification():
    assert parameters(smoke_net()) == 77_858


def test_the_smoke_network_ends_in_1x1_maps():
    shapes = []
    net = smoke_net()
    for stage in net.stages:
        stage.register_forward_hook(lambda *a: shapes.append(tuple(a[2].shape[1:])))
    assert net(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert shapes == [(8, 8, 8), (16, 4, 4), (32, 2, 2), (64, 1, 1)]


def test_gamma_is_zero_in_the_last_norm_of_every_block_and_only_there(fifty):
    for net, last in ((smoke_net(), "norm2"), (fifty, "norm3")):
        norms = {
            name: m
            for name, m in net.named_modules()
            if isinstance(m, nn.BatchNorm2d | nn.GroupNorm)
        }
        zero = {name for name, m in norms.items() if not m.weight.any()}
        assert zero == {name for name in norms if name.endswith(last)}
        assert len(zero) == sum(isinstance(m, BasicBlock | Bottleneck) for m in net.modules())
        assert all(torch.equal(m.weight, torch.ones_like(m.weight))
                   for name, m in norms.items() if name not in zero)  # fmt: skip
        assert not any(m.bias.any() for m in norms.values())


def test_a_block_starts_as_its_shortcut():
    block = Bottleneck(16, 4, 1, gn)
    x = torch.rand(2, 16, 5, 5)
    assert torch.equal(block(x), x)
    block = BasicBlock(4, 8, 2, gn)
    x = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(x), block.shortcut(x).relu())


def test_the_stride_is_in_the_3x3(fifty):
    strided = {
        name: m for name, m in fifty.named_modules()
        if isinstance(m, nn.Conv2d) and m.stride == (2, 2) and name.startswith("stages")
    }  # fmt: skip
    assert set(strided) == {
        f"stages.{i}.0.{part}" for i in (1, 2, 3) for part in ("conv2", "shortcut.0")
    }
    assert all(strided[f"stages.{i}.0.conv2"].kernel_size == (3, 3) for i in (1, 2, 3))


def test_he_initialisation(fifty):
    conv = fifty.stages[2][1].conv2  # 256 filters of 256 x 3 x 3
    assert conv.weight.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.01)
    assert conv.bias is None


def test_every_norm_comes_from_the_factory():
    asked = []

    def factory(channels):
        asked.append(channels)
        return gn(channels)

    net = resnet50(factory)
    assert len(asked) == 53
    assert sum(isinstance(m, nn.GroupNorm) for m in net.modules()) == 53


def test_the_stem_stride_divides_the_maps():
    net = resnet_cifar(gn, widths=(8, 8, 8), strides=(1, 2, 2), blocks=1, stem_stride=4)
    shape = net.stages(net.stem(torch.zeros(1, 3, 32, 32))).shape
    assert shape == (1, 8, 2, 2)


def test_the_plain_network_has_biases_only_without_norm():
    for norm, biased in ((None, True), (gn, False)):
        net = plain_cnn(norm, width=8, depth=3)
        convolutions = [m for m in net if isinstance(m, nn.Conv2d)]
        assert [c.bias is not None for c in convolutions] == [biased] * 3
        assert sum(isinstance(m, nn.GroupNorm) for m in net) == (0 if biased else 3)
        assert net(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
