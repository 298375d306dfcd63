"""Swapping batch norms: every kind, every place, nothing lost."""

import copy

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.normalization.convert import convert_norm, to_group_norm
from cvlib.normalization.layers import FrozenBatchNorm2d, GhostBatchNorm2d, GroupNorm2d


def with_values(norm):
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
    return norm


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(8), (2, 8, 5)),
        (nn.BatchNorm2d(8), (2, 8, 3, 3)),
        (nn.BatchNorm3d(8), (2, 8, 2, 3, 3)),
        (nn.SyncBatchNorm(8), (2, 8, 3, 3)),
        (GhostBatchNorm2d(8, 2), (2, 8, 3, 3)),
    ],
)
def test_every_batch_norm_becomes_a_group_norm_with_the_same_gamma_and_beta(norm, shape):
    model = nn.Sequential(nn.Identity(), with_values(norm))
    converted, names = convert_norm(model)
    assert converted is model
    assert names == ["1"]
    assert type(model[1]) is GroupNorm2d
    assert model[1].num_groups == (1 if isinstance(norm, nn.BatchNorm1d) else 2)
    assert torch.equal(model[1].weight, norm.weight)
    assert torch.equal(model[1].bias, norm.bias)
    assert model(torch.randn(shape)).shape == shape


def test_a_tied_module_is_one_module_in_both_places():
    norm, inner = nn.BatchNorm2d(8), nn.Sequential(nn.BatchNorm2d(4))
    model = nn.ModuleDict(
        {"a": norm, "b": nn.Sequential(norm, norm), "c": inner, "d": inner, "e": norm}
    )
    _, names = convert_norm(model)
    assert names == ["a", "c.0"]
    assert isinstance(model["a"], GroupNorm2d)
    assert model["a"] is model["b"][0] is model["b"][1] is model["e"]
    assert model["c"] is model["d"]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())


def test_the_model_may_itself_be_a_batch_norm():
    converted, names = convert_norm(nn.BatchNorm2d(72))
    assert names == [""]
    assert converted.num_groups == 18


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_dtype_stay(training):
    model = nn.Sequential(nn.Sequential(nn.BatchNorm2d(4))).double().train(training)
    convert_norm(model)
    assert model[0][0].training is training
    assert model[0][0].weight.dtype == torch.double


@pytest.mark.parametrize("tracked", [True, False])
def test_a_batch_norm_without_gamma(tracked):
    norm = nn.BatchNorm2d(6, affine=False, track_running_stats=tracked)
    converted, _ = convert_norm(nn.Sequential(norm))
    assert converted[0].weight is None
    assert not converted[0].affine
    assert converted(torch.randn(2, 6, 3, 3)).shape == (2, 6, 3, 3)


def test_the_factory_decides():
    model = nn.Sequential(nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4))
    kept = model[1:]
    convert_norm(model, lambda c: GhostBatchNorm2d(c, 2))
    assert isinstance(model[0], GhostBatchNorm2d)
    assert list(model[1:]) == list(kept)
    with pytest.raises(CourseError, match="4 channels do not divide into 32 groups"):
        convert_norm(model, GroupNorm2d)


def test_eps_and_what_is_trained_are_kept():
    frozen = with_values(nn.BatchNorm2d(8, eps=1e-3)).requires_grad_(False)
    (new,) = convert_norm(nn.Sequential(frozen))[0]
    assert new.eps == 1e-3
    assert not new.weight.requires_grad
    assert torch.equal(new.weight, frozen.weight)


@pytest.mark.parametrize("factory", [lambda c: nn.Identity(), lambda c: nn.InstanceNorm2d(c)])
def test_a_layer_without_gamma_takes_the_place_as_well(factory):
    model = nn.Sequential(nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    _, names = convert_norm(model, factory)
    assert names == ["0", "1.0"]
    assert not list(model.parameters())


def test_running_statistics_move_where_both_keep_them():
    trained = nn.Sequential(with_values(nn.BatchNorm2d(4)))
    trained(torch.randn(8, 4, 3, 3))
    x = torch.randn(2, 4, 3, 3)
    expected = trained.eval()(x)
    for factory in (FrozenBatchNorm2d, lambda c: GhostBatchNorm2d(c, 2)):
        twin, _ = convert_norm(copy.deepcopy(trained), factory)
        torch.testing.assert_close(twin.eval()(x), expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8, 16, 24, 32, 40, 64, 72, 1280])
def test_no_converted_layer_is_dead_or_of_one_bit_on_1x1_maps(channels):
    norm = to_group_norm(channels)
    assert channels // norm.num_groups >= min(4, channels)


def test_a_multilayer_perceptron_still_tells_its_inputs_apart():
    torch.manual_seed(0)
    mlp = nn.Sequential(nn.Linear(20, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
    x = torch.randn(16, 20)
    before = mlp(x).std(0).max()
    after = convert_norm(mlp)[0](x).std(0).max()
    assert after > 0.5 * before


def test_converted_gradients_flow_to_the_copied_gamma():
    model, _ = convert_norm(nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4)))
    model(torch.randn(2, 1, 3, 3)).square().sum().backward()
    assert model[1].weight.is_leaf
    assert model[1].weight.grad.abs().sum() > 0
