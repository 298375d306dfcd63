"""What normalisation costs in ResNet-50 at 224 pixels: counted, and counted again by hand."""

import pytest
import torch
from torch import nn

from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d
from cvlib.normalization.resnet import resnet50, resnet_cifar
from cvlib.normalization.traffic import norm_traffic


@pytest.fixture(scope="module")
def found():
    return norm_traffic(resnet50(nn.BatchNorm2d), (2, 3, 224, 224))


def by_hand():
    """Values per image behind ResNet-50's norm layers, from the architecture alone."""
    total = 64 * 112**2
    side, blocks = 56, (3, 4, 6, 3)
    for stage, (count, width) in enumerate(zip(blocks, (64, 128, 256, 512), strict=True)):
        before = side
        side = side if stage == 0 else side // 2
        total += width * before**2 + width * side**2 + 2 * 4 * width * side**2  # with projection
        total += (count - 1) * 6 * width * side**2
    return total


def test_53_layers_and_their_values_per_image(found):
    assert len(found) == 53
    per_image = sum(t.values for t in found) / 2
    assert per_image == by_hand() == 11_113_984  # 11.1 M


def test_m_of_every_stage_at_two_images(found):
    sizes = list(dict.fromkeys(t.m for t in found))
    assert sizes == [25_088, 6_272, 1_568, 392, 98]


def test_bytes_are_178_mb_per_image_in_half_precision(found):
    # forward 2 reads and 1 write, backward 4 reads and 1 write
    assert sum(t.bytes() for t in found) / 2 == 11_113_984 * 2 * 8 == 177_823_744
    assert found[0].bytes(itemsize=4) == 2 * found[0].bytes()


def test_names_and_shapes_are_those_of_the_network(found):
    assert (found[0].name, found[0].shape) == ("stem.1", (2, 64, 112, 112))
    assert (found[-1].name, found[-1].shape) == ("stages.3.2.norm3", (2, 2048, 7, 7))


def test_m_of_a_ghost_batch_norm_and_of_a_group_norm():
    ghost = norm_traffic(nn.Sequential(nn.Conv2d(1, 8, 1), GhostBatchNorm2d(8, 2)), (6, 1, 5, 5))
    group = norm_traffic(nn.Sequential(nn.Conv2d(1, 8, 1), GroupNorm2d(8, 4)), (6, 1, 5, 5))
    assert [t.m for t in (*ghost, *group)] == [2 * 25, 2 * 25]
    assert [t.values for t in (*ghost, *group)] == [6 * 8 * 25] * 2


@pytest.mark.parametrize(
    ("net", "last_m"),
    [
        (dict(channels=1, widths=(8, 16, 32, 64), strides=(1, 2, 2, 2), blocks=1), 2),
        (dict(channels=1, widths=(16, 32, 64), blocks=1), 8),
    ],
)
def test_m_of_the_smoke_networks_last_stage(net, last_m):
    found = norm_traffic(resnet_cifar(nn.BatchNorm2d, **net), (2, net["channels"], 8, 8))
    assert found[-1].m == last_m


@pytest.mark.parametrize("training", [True, False])
def test_nothing_of_the_model_changes(training):
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4)).train(training)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    norm_traffic(net, (2, 1, 3, 3))
    assert net.training is training
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not net[1]._forward_hooks
