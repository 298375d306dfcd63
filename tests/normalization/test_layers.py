"""Group norm as a layer, and batch norm as K workers would run it."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.normalization.layers import (
    FrozenBatchNorm2d,
    GhostBatchNorm2d,
    GroupNorm2d,
    choose_groups,
)
from cvlib.normalization.resnet import resnet_cifar

B, C, H = 8, 5, 3


def draw(*shape, seed=0):
    return torch.randn(shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def ghost(n, channels=C, **options):
    layer = GhostBatchNorm2d(channels, n, **options).double()
    with torch.no_grad():
        layer.weight.copy_(draw(channels, seed=8))
        layer.bias.copy_(draw(channels, seed=9))
    return layer


def like(layer):
    """torch's batch norm with the same parameters."""
    norm = nn.BatchNorm2d(len(layer.weight)).double()
    norm.load_state_dict(layer.state_dict(), strict=False)
    return norm


@pytest.mark.parametrize(
    ("channels", "target", "groups"),
    [(64, 32, 32), (72, 32, 8), (16, 32, 16), (27, 32, 1), (1, 32, 1), (96, 32, 32), (24, 8, 8)],
)
def test_choose_groups(channels, target, groups):
    assert choose_groups(channels, target) == groups
    assert channels % choose_groups(channels, target) == 0


def test_group_norm_fits_a_norm_hook():
    layer = GroupNorm2d(64)
    assert (layer.num_channels, layer.num_groups, layer.eps) == (64, 32, 1e-5)
    x = draw(2, 64, 3, 3).float()
    assert torch.equal(layer(x), F.group_norm(x, 32, layer.weight, layer.bias))
    with pytest.raises(CourseError, match="72 channels do not divide into 32 groups"):
        GroupNorm2d(72)


def test_group_norm_is_the_same_in_training_and_testing_and_has_no_running_statistics():
    layer, x = GroupNorm2d(8, 4), draw(2, 8, 3, 3).float()
    assert torch.equal(layer.train()(x), layer.eval()(x))
    assert list(layer.buffers()) == []


def test_one_worker_with_all_images_is_batch_norm():
    mine = ghost(B)
    theirs = like(mine)
    for step in range(3):
        x = (2 + draw(B, C, H, H, seed=step)).requires_grad_()
        twin = x.detach().clone().requires_grad_()
        y, z = mine(x), theirs(twin)
        dy = draw(B, C, H, H, seed=10 + step)
        y.backward(dy)
        z.backward(dy)
        torch.testing.assert_close(y, z, rtol=0, atol=1e-12)
        torch.testing.assert_close(x.grad, twin.grad, rtol=0, atol=1e-12)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(mine, name), getattr(theirs, name), rtol=0, atol=1e-12)
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=0, atol=1e-12)
    torch.testing.assert_close(mine.eval()(x), theirs.eval()(x), rtol=0, atol=1e-12)


def test_every_worker_has_its_own_statistics():
    layer = ghost(2)
    x = draw(B, C, H, H)
    chunks = [F.batch_norm(c, None, None, layer.weight, layer.bias, True) for c in x.split(2)]
    torch.testing.assert_close(layer(x), torch.cat(chunks), rtol=0, atol=1e-12)


def test_the_gradient_is_the_mean_over_k_separate_workers():
    """What DistributedDataParallel computes with K = 8 processes of 2 images, all parameters."""
    torch.manual_seed(0)
    net = resnet_cifar(
        lambda c: GhostBatchNorm2d(c, 2), channels=1, widths=(3, 4), strides=(1, 2), blocks=1
    ).double()
    for p in net.parameters():  # no zero gammas, or their blocks would have no gradient
        nn.init.normal_(p, std=0.3)
    x, y = draw(16, 1, 6, 6), torch.arange(16) % 10
    workers = [copy.deepcopy(net) for _ in range(8)]
    F.cross_entropy(net(x), y).backward()
    for worker, xs, ys in zip(workers, x.split(2), y.split(2), strict=True):
        for name, module in list(worker.named_modules()):  # really torch's batch norm
            if isinstance(module, GhostBatchNorm2d):
                parent, _, child = name.rpartition(".")
                setattr(worker.get_submodule(parent), child, like(module))
        F.cross_entropy(worker(xs), ys).backward()
    gradients = [[p.grad for p in w.parameters()] for w in workers]
    assert len(gradients[0]) == len(list(net.parameters()))
    for p, *each in zip(net.parameters(), *gradients, strict=True):
        assert p.grad.abs().max() > 1e-6
        torch.testing.assert_close(p.grad, torch.stack(each).mean(0), rtol=0, atol=1e-12)


def test_the_running_statistics_are_the_mean_over_workers():
    layer = ghost(2)
    x = draw(B, C, H, H)
    layer(x)
    chunks = x.split(2)
    means = torch.stack([c.mean((0, 2, 3)) for c in chunks]).mean(0)
    variances = torch.stack([c.var((0, 2, 3)) for c in chunks]).mean(0)
    torch.testing.assert_close(layer.running_mean, 0.1 * means, rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.running_var, 0.9 + 0.1 * variances, rtol=0, atol=1e-12)


def test_the_stored_variance_is_the_unbiased_one():
    # N = 2 on 1x1 maps: twice the variance that the layer normalises with
    x = draw(2, C, 1, 1)
    layer = ghost(2)
    layer.momentum = 1.0
    layer(x)
    biased = x.var((0, 2, 3), correction=0)
    torch.testing.assert_close(layer.running_var, 2 * biased, rtol=0, atol=1e-12)


def test_two_images_on_1x1_maps_keep_one_bit_a_channel():
    x = draw(2, C, 1, 1)
    layer = GhostBatchNorm2d(C, 2).double()
    d = (x[0] - x[1]).flatten()
    expected = d.sign() / (1 + 4 * 1e-5 / d.square()).sqrt()
    y = layer(x)
    torch.testing.assert_close(y[0].flatten(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(y[1], -y[0], rtol=0, atol=1e-12)


def test_eps_of_three_quarters_turns_the_bit_into_a_half():
    x = torch.tensor([0.0, 1.0], dtype=torch.double).reshape(2, 1, 1, 1)
    y = GhostBatchNorm2d(1, 2, eps=0.75).double()(x)
    torch.testing.assert_close(y.flatten(), torch.tensor([-0.5, 0.5]).double(), rtol=0, atol=1e-15)


def test_one_value_per_channel_has_no_variance():
    with pytest.raises(ValueError, match="no variance"):
        GhostBatchNorm2d(C, 1)(torch.zeros(4, C, 1, 1))
    with pytest.raises(ValueError, match="more than 1 value"):  # torch says so too
        F.batch_norm(torch.zeros(1, C, 1, 1), None, None, training=True)
    layer = GhostBatchNorm2d(C, 1)
    assert torch.equal(layer.running_var, torch.ones(C))
    assert layer(torch.randn(4, C, 2, 2)).shape == (4, C, 2, 2)


def test_an_odd_batch_is_refused_in_training_only():
    layer = GhostBatchNorm2d(C, 2)
    with pytest.raises(CourseError, match=r"a batch of 7 images .* multiple of 2"):
        layer(torch.zeros(7, C, 2, 2))
    assert layer.eval()(torch.zeros(7, C, 2, 2)).shape == (7, C, 2, 2)


def test_evaluation_uses_and_keeps_the_running_statistics():
    layer = ghost(2)
    layer(3 + draw(B, C, H, H))
    before = copy.deepcopy(layer.state_dict())
    x = draw(B, C, H, H, seed=1)
    y = layer.eval()(x)
    assert torch.equal(y[2:5], layer(x[2:5]))
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])


def test_halves_above_256_keep_finite_statistics():
    layer = GhostBatchNorm2d(3, 2)
    y = layer((300 + 10 * torch.randn(4, 3, 4, 4)).half())
    assert y.isfinite().all()
    assert layer.running_mean.dtype == layer.running_var.dtype == torch.float
    assert ((layer.running_mean > 25) & layer.running_var.isfinite()).all()


def test_its_parameters_and_buffers_carry_batch_norms_names():
    mine, theirs = GhostBatchNorm2d(4, 2).state_dict(), nn.BatchNorm2d(4).state_dict()
    assert set(mine) == set(theirs)
    GhostBatchNorm2d(4, 2).load_state_dict(theirs)
    nn.BatchNorm2d(4).load_state_dict(mine)
    assert "4, images_per_worker=2" in repr(GhostBatchNorm2d(4, 2))


@pytest.mark.parametrize("shape", [(0, C, 2, 2), (4, C, 2), (4, C, 2, 2, 2), (4, C, 0, 2)])
def test_only_batches_of_maps_are_taken(shape):
    layer = GhostBatchNorm2d(C, 2)
    with pytest.raises(CourseError, match=r"takes \(B, C, H, W\)"):
        layer(torch.zeros(shape))
    assert torch.equal(layer.running_var, torch.ones(C))


@pytest.mark.parametrize("n", [0, -2])
def test_a_worker_has_images(n):
    with pytest.raises(CourseError, match="a worker needs one at least"):
        GhostBatchNorm2d(C, n)


def test_one_value_a_group_is_refused_since_the_output_would_not_depend_on_it():
    with pytest.raises(CourseError, match="take fewer than 8 groups"):
        GroupNorm2d(8, 8)(torch.randn(4, 8, 1, 1))
    assert GroupNorm2d(8, 8)(torch.randn(4, 8, 2, 1)).shape == (4, 8, 2, 1)


def test_a_frozen_batch_norm_is_batch_norm_in_evaluation_and_cannot_be_thawed():
    trained = ghost(2)
    trained(3 + draw(B, C, H, H))
    frozen = FrozenBatchNorm2d(C).double()
    frozen.load_state_dict(trained.state_dict(), strict=False)
    x = draw(B, C, H, H, seed=1)
    expected = trained.eval()(x)
    torch.testing.assert_close(frozen.train()(x), expected, rtol=0, atol=1e-12)
    assert not list(frozen.parameters())
    assert torch.equal(frozen.running_mean, trained.running_mean)


@pytest.mark.parametrize(("m", "draws"), [(2, 20000), (8, 20000), (98, 20000), (1568, 4000)])
def test_the_sampling_law_of_a_variance(m, draws):
    """SD of the unbiased variance of m values: sqrt(2 / (m - 1)); what ghost workers estimate."""
    x = torch.randn(draws, m, generator=torch.Generator().manual_seed(m))
    measured, law = x.var(1).std().item(), (2 / (m - 1)) ** 0.5
    # the kurtosis of chi-square: the SD's own standard error is about sqrt(1/2 + 3/(m-1)) / sqrt(n)
    assert abs(measured / law - 1) < 5 * ((0.5 + 3 / (m - 1)) / draws) ** 0.5
