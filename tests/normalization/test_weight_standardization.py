"""Standardised filters: the formula, its invariances, and what a conversion must keep."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cvlib.normalization.weight_standardization import WSConv2d, standardized, weight_standardize


def draw(*shape):
    return torch.randn(shape, dtype=torch.double, generator=torch.Generator().manual_seed(0))


def test_the_formula_with_the_biased_variance():
    w = 3 + 2 * draw(4, 3, 3, 3)
    for mine, filter_ in zip(weight_standardize(w), w, strict=True):
        values = filter_.flatten()
        mean = values.sum() / 27
        variance = (values - mean).square().sum() / 27
        torch.testing.assert_close(
            mine, (filter_ - mean) / (variance + 1e-5).sqrt(), rtol=0, atol=1e-12
        )


def test_it_is_layer_norm_of_every_filter():
    w = draw(4, 3, 3, 3)
    torch.testing.assert_close(
        weight_standardize(w), F.layer_norm(w, w.shape[1:]), rtol=0, atol=1e-12
    )


def test_scale_and_shift_of_a_filter_cancel():
    w, c = draw(4, 3, 3, 3), draw(4, 1, 1, 1)
    torch.testing.assert_close(
        weight_standardize(w * c.exp() + 5 * c, eps=1e-12), weight_standardize(w, eps=1e-12),
        rtol=0, atol=1e-9,
    )  # fmt: skip


def test_the_gradient_of_a_filter_sums_to_zero():
    layer = WSConv2d(3, 4, 3).double()
    layer(draw(2, 3, 6, 6)).square().sum().backward()
    assert layer.weight.grad.sum((1, 2, 3)).abs().max() < 1e-9
    assert layer.bias.grad.abs().min() > 0


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_a_standardised_network_keeps_weights_settings_and_names(mode):
    conv = nn.Conv2d(4, 6, 3, 2, 1, 1, 2, bias=True, padding_mode=mode).double().eval()
    model = nn.Sequential(nn.Sequential(conv), nn.Identity()).eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = draw(2, 4, 7, 7)
    manual = conv._conv_forward(x, weight_standardize(conv.weight), conv.bias)
    assert standardized(model) is model
    assert type(model[0][0]) is WSConv2d
    torch.testing.assert_close(model(x), manual, rtol=0, atol=0)
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not model[0][0].training


def test_only_plain_convolutions_change():
    model = standardized(nn.Sequential(nn.Conv1d(2, 2, 1), nn.Linear(2, 2), nn.Conv2d(2, 2, 1)))
    assert [type(m) for m in model] == [nn.Conv1d, nn.Linear, WSConv2d]
