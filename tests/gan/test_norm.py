"""Spectral norm against the SVD, autograd and torch's own; batch-norm statistics (6-11, 23)."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from cvlib.course.errors import CourseError
from cvlib.gan.norm import (
    ClassTable,
    ConditionalBatchNorm2d,
    SharedVector,
    SpectralNorm,
    spectral_norm,
    standing_statistics,
    stored_weight,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def top(weight):
    return torch.linalg.svdvals(weight.detach().flatten(1))[0]


@pytest.mark.parametrize("shape", [(64, 32, 3, 3), (128, 64), (10, 256)])
def test_first_singular_value_is_one_after_many_steps(shape):
    W = torch.randn(shape)
    norm = SpectralNorm(W, warmup=200).eval()
    torch.testing.assert_close(top(norm(W)), torch.tensor(1.0), atol=1e-5, rtol=0)


def test_estimate_grows_towards_the_true_value_from_below():
    W = torch.randn(64, 32, 3, 3)
    norm, estimates = SpectralNorm(W, warmup=0).train(), []
    for _ in range(100):
        norm(W)
        estimates.append(norm.sigma.item())
    estimates = torch.tensor(estimates, dtype=torch.float64)
    assert (estimates.diff() >= -1e-5).all()
    assert estimates.max() <= top(W) * (1 + 1e-6)
    assert estimates[0] < 0.9 * estimates[-1]


def test_gradient_is_the_closed_form():
    W, upstream = torch.randn(20, 30, requires_grad=True), torch.randn(20, 30)
    norm = SpectralNorm(W, warmup=500).eval()
    (norm(W) * upstream).sum().backward()
    U, S, Vh = torch.linalg.svd(W.detach())
    along = (upstream * W.detach() / S[0]).sum()
    expected = (upstream - along * torch.outer(U[:, 0], Vh[0])) / S[0]
    torch.testing.assert_close(W.grad, expected, atol=1e-6, rtol=1e-5)


def test_training_forward_has_the_same_gradient_as_a_rested_one():
    W, upstream, grads = torch.randn(20, 30), torch.randn(20, 30), []
    norm = SpectralNorm(W, warmup=500)
    for mode in (True, False):
        leaf = W.clone().requires_grad_()
        (norm.train(mode)(leaf) * upstream).sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(grads[0], grads[1], atol=1e-6, rtol=1e-5)


def test_equals_torchs_own_at_convergence():
    layer = nn.Conv2d(16, 24, 3)
    ours = spectral_norm(copy.deepcopy(layer))
    theirs = parametrizations.spectral_norm(layer, n_power_iterations=1)
    x = torch.randn(2, 16, 8, 8)
    for _ in range(300):
        a, b = ours(x), theirs(x)
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_rests_in_evaluation_and_moves_in_training():
    layer, x = spectral_norm(nn.Linear(50, 40)).eval(), torch.randn(3, 50)
    norm = layer.parametrizations.weight[0]
    u = norm.u.clone()
    assert torch.equal(layer(x), layer(x))
    assert torch.equal(norm.u, u)
    layer.train()(x)
    assert not torch.equal(norm.u, u)


def test_two_uses_before_one_backward():
    layer = spectral_norm(nn.Linear(10, 10)).train()
    x = torch.randn(4, 10, requires_grad=True)
    (layer(x).relu().mean() + layer(layer(-x).relu()).mean()).backward()
    assert torch.isfinite(stored_weight(layer).grad).all()


def test_half_precision_autocast_iterates_in_fp32():
    layer, x = spectral_norm(nn.Linear(64, 64)), torch.randn(2, 64)
    plain = copy.deepcopy(layer)
    with torch.autocast("cpu", torch.bfloat16):
        layer(x)
    plain(x)
    sigma, exact = (m.parametrizations.weight[0].sigma for m in (layer, plain))
    assert torch.equal(sigma, exact)


def test_buffers_are_saved_and_assignment_stores_the_raw_weight():
    layer = spectral_norm(nn.Linear(5, 4))
    assert {"u", "v", "sigma"} <= {name.rsplit(".", 1)[-1] for name in layer.state_dict()}
    w = 3 * torch.randn(4, 5)
    layer.weight = w
    assert torch.equal(stored_weight(layer), w)


def test_vector_is_refused():
    with pytest.raises(CourseError, match="two or more dimensions"):
        SpectralNorm(torch.randn(3))


@pytest.mark.parametrize("training", [True, False])
def test_conditional_norm_with_zero_tables_is_batch_norm(training):
    x, y = torch.randn(8, 6, 4, 4), torch.arange(8) % 3
    ours = ConditionalBatchNorm2d(6, ClassTable(3)).train(training)
    plain = nn.BatchNorm2d(6, affine=False).train(training)
    assert torch.equal(ours(x, y), plain(x))
    assert torch.equal(ours.bn.running_var, plain.running_var)


def test_conditional_norm_scales_by_class():
    norm = ConditionalBatchNorm2d(6, ClassTable(3)).eval()
    nn.init.normal_(norm.gain.weight)
    nn.init.normal_(norm.bias.weight)
    x = torch.randn(1, 6, 4, 4).expand(3, -1, -1, -1)
    for y, out in enumerate(norm(x, torch.arange(3))):
        gain, bias = 1 + norm.gain.weight[y], norm.bias.weight[y]
        expected = gain[:, None, None] * x[y] / (1 + 1e-5) ** 0.5 + bias[:, None, None]
        torch.testing.assert_close(out, expected)


def test_standing_statistics_are_the_average_over_the_batches():
    net = nn.Sequential(spectral_norm(nn.Conv2d(2, 3, 1)), nn.BatchNorm2d(3, momentum=0.3))
    net[1].running_mean.fill_(7)
    u = net[0].parametrizations.weight[0].u.clone()
    batches = [(torch.randn(16, 2, 5, 5),) for _ in range(4)]
    assert standing_statistics(net, batches) is net
    hidden = [net[0](*batch) for batch in batches]
    mean = torch.stack([h.mean((0, 2, 3)) for h in hidden]).mean(0)
    var = torch.stack([h.transpose(0, 1).flatten(1).var(1) for h in hidden]).mean(0)
    torch.testing.assert_close(net[1].running_mean, mean, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(net[1].running_var, var, atol=1e-6, rtol=1e-5)
    assert net[1].momentum == 0.3
    assert not net[1].training
    assert torch.equal(net[0].parametrizations.weight[0].u, u)


def test_condition_may_be_a_vector():
    norm, plain = ConditionalBatchNorm2d(6, SharedVector(5)).eval(), nn.BatchNorm2d(6, affine=False)
    x, c = torch.randn(3, 6, 4, 4), torch.randn(3, 5)
    h = plain.eval()(x)
    expected = h * (1 + norm.gain(c))[:, :, None, None] + norm.bias(c)[:, :, None, None]
    torch.testing.assert_close(norm(x, c), expected)
    assert isinstance(norm.gain.parametrizations.weight[0], SpectralNorm)
    assert isinstance(SharedVector(5, sn=False).rows(6), nn.Linear)


@pytest.mark.parametrize(
    "layer", [nn.ConvTranspose2d(4, 6, 3), nn.ConvTranspose1d(6, 4, 5), nn.ConvTranspose3d(2, 3, 2)]
)
def test_transposed_convolutions_are_read_by_their_outputs(layer):
    outputs_first = layer.weight.detach().transpose(0, 1).flatten(1)
    theirs = parametrizations.spectral_norm(copy.deepcopy(layer), n_power_iterations=200)
    norm = spectral_norm(layer).parametrizations.weight[0]
    norm.power_iteration(stored_weight(layer), 200)
    torch.testing.assert_close(norm.sigma, torch.linalg.svdvals(outputs_first)[0])
    torch.testing.assert_close(layer.eval().weight, theirs.eval().weight, atol=1e-5, rtol=1e-5)


def test_double_has_exact_second_derivatives():
    layer = spectral_norm(nn.Conv2d(2, 3, 3)).double().eval()
    norm = layer.parametrizations.weight[0]
    norm.power_iteration(stored_weight(layer), 300)
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    weight = stored_weight(layer).detach().requires_grad_()

    def through(x, weight):
        return nn.functional.conv2d(x, norm(weight)).square()

    assert torch.autograd.gradcheck(through, (x, weight))
    assert torch.autograd.gradgradcheck(through, (x, weight))


def test_half_iterates_in_single_precision():
    layer = spectral_norm(nn.Linear(64, 48)).half()
    normal = layer.weight
    assert normal.dtype == torch.float16
    assert float(top(normal.float())) == pytest.approx(1, abs=0.05)


def test_a_weight_of_zeros_stays_zero_and_recovers():
    layer = spectral_norm(nn.Linear(7, 5))
    with torch.no_grad():
        stored_weight(layer).zero_()
    assert torch.equal(layer.weight, torch.zeros(5, 7))
    layer.weight.sum().backward()
    assert torch.isfinite(stored_weight(layer).grad).all()
    with torch.no_grad():
        stored_weight(layer).normal_()
    for _ in range(100):
        normal = layer.weight
    assert float(top(normal)) == pytest.approx(1, abs=1e-3)


def test_a_net_called_many_times_in_a_step_iterates_once_when_cached():
    layer, x = spectral_norm(nn.Linear(50, 40)), torch.randn(3, 50)
    norm = copy.deepcopy(layer.parametrizations.weight[0])
    with parametrize.cached():
        loss = sum(layer(frame).square().mean() for frame in (x, -x, 2 * x))
    loss.backward()
    norm(stored_weight(layer))
    torch.testing.assert_close(layer.parametrizations.weight[0].u, norm.u)
