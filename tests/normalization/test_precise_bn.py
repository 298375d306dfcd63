"""Precise statistics are those of all images that the network sees in training mode."""

import copy

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d
from cvlib.normalization.precise_bn import precise_bn


def images(n=24):
    return 5 + 2 * torch.randn(n, 3, 4, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, lambda c: GhostBatchNorm2d(c, 2)])
def test_the_first_layer_gets_the_exact_population_statistics(norm):
    layer, x = norm(3), images()
    precise_bn(nn.Sequential(layer), x.split(8))
    exact = x.double()
    mean, var = exact.mean((0, 2, 3)), exact.var((0, 2, 3), correction=0)
    torch.testing.assert_close(layer.running_mean.double(), mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(layer.running_var.double(), var, rtol=1e-6, atol=0)


def test_a_deeper_layer_sees_inputs_normalised_by_their_batch():
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).double()
    x = images().double()
    inputs = torch.cat([copy.deepcopy(net).train()[:2](batch) for batch in x.split(8)])
    precise_bn(net, x.split(8))
    torch.testing.assert_close(net[2].running_mean, inputs.mean((0, 2, 3)), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        net[2].running_var, inputs.var((0, 2, 3), correction=0), rtol=0, atol=1e-12
    )


def test_the_chunks_and_the_order_of_the_batches_do_not_matter_to_the_first_layer():
    results = []
    for batches in (images().split(24), images().split(6), images().flip(0).split(5)):
        layer = nn.BatchNorm2d(3)
        precise_bn(nn.Sequential(layer), batches)
        results.append(torch.stack([layer.running_mean, layer.running_var]))
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-6, atol=1e-6)


def test_earlier_statistics_and_momentum_do_not_matter():
    fresh, old = nn.BatchNorm2d(3), nn.BatchNorm2d(3, momentum=0.9)
    old.running_mean.fill_(77)
    old.running_var.fill_(99)
    for layer in (fresh, old):
        precise_bn(nn.Sequential(layer), images().split(8))
    assert torch.equal(fresh.running_mean, old.running_mean)
    assert torch.equal(fresh.running_var, old.running_var)


@pytest.mark.parametrize("training", [True, False])
def test_mode_parameters_and_hooks_are_as_before(training):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), GhostBatchNorm2d(4, 2)).train(training)
    before = [p.clone() for p in net.parameters()]
    precise_bn(net, images().split(8))
    assert all(m.training is training for m in net.modules())
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))
    assert not net[1]._forward_pre_hooks


def test_a_failure_on_the_way_leaves_everything_as_it_was():
    net = nn.Sequential(nn.BatchNorm2d(3)).eval()
    with pytest.raises(ValueError, match="expected 4D input"):
        precise_bn(net, [images(8), torch.zeros(2, 3)])
    assert torch.equal(net[0].running_mean, torch.zeros(3))
    assert torch.equal(net[0].running_var, torch.ones(3))
    assert not net.training
    assert not net[0]._forward_pre_hooks


def test_no_batches_are_refused_and_spoil_nothing():
    net = nn.Sequential(nn.BatchNorm2d(3))
    with pytest.raises(CourseError, match="one full batch at least"):
        precise_bn(net, [])
    assert torch.equal(net[0].running_var, torch.ones(3))


def test_a_frozen_layer_keeps_its_mode_and_its_statistics():
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    net[0].eval()
    precise_bn(net, images().split(8))
    assert [m.training for m in net] == [False, True, True]
    assert torch.equal(net[0].running_mean, torch.zeros(3))
    assert net[2].running_mean.abs().max() > 0.1


def test_layers_that_keep_no_statistics_are_passed_over():
    net = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.BatchNorm2d(3))
    precise_bn(net, images().split(8))
    assert net[1].running_mean.abs().max() < 1e-5


@pytest.mark.parametrize("momentum", [0.1, None])
def test_the_count_of_batches_stays(momentum):
    net = nn.Sequential(nn.BatchNorm2d(3, momentum=momentum))
    net(images())
    precise_bn(net, images().split(8))
    assert int(net[0].num_batches_tracked) == 1


def test_a_network_without_batch_norm_is_left_alone():
    net = nn.Sequential(GroupNorm2d(3, 3))
    precise_bn(net, images().split(8))
    assert list(net.buffers()) == []
