"""Self-attention: the paper's equation, its shapes and its control (oracles 1-5)."""

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.gan.attention import LocalResidual2d, SelfAttention2d, attention_maps


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def block(pool: bool = True, fused: bool = False, gamma: float = 0.7, sn: bool = False):
    torch.manual_seed(1)
    made = SelfAttention2d(32, sn=sn, pool=pool, fused=fused).eval()
    torch.nn.init.constant_(made.gamma, gamma)
    return made


@pytest.mark.parametrize("make", [SelfAttention2d, LocalResidual2d])
def test_starts_as_the_identity(make):
    x = torch.randn(2, 32, 8, 8)
    assert torch.equal(make(32)(x), x)


@pytest.mark.parametrize("pool", [True, False])
def test_equals_a_loop_over_queries_and_keys(pool):
    layer, x = block(pool), torch.randn(2, 32, 4, 4)
    q, k, v = layer.query(x), layer.key(x), layer.value(x)
    if pool:
        k, v = F.max_pool2d(k, 2), F.max_pool2d(v, 2)
    o = torch.zeros(2, 16, 4, 4)
    for b in range(2):
        keys, values = k[b].flatten(1), v[b].flatten(1)
        for row in range(4):
            for column in range(4):
                s = [torch.dot(q[b, :, row, column], keys[:, i]) for i in range(keys.shape[1])]
                weights = torch.exp(torch.stack(s))
                for i in range(keys.shape[1]):
                    o[b, :, row, column] += weights[i] / weights.sum() * values[:, i]
    torch.testing.assert_close(layer(x), x + 0.7 * layer.out(o), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("pool", [True, False])
def test_fused_equals_explicit_forward_and_backward(pool):
    x, results = torch.randn(2, 32, 8, 8), []
    for fused in (False, True):
        layer, inputs = block(pool, fused), x.clone().requires_grad_()
        y = layer(inputs)
        y.square().sum().backward()
        results.append((y.detach(), inputs.grad, layer.key.weight.grad))
    for explicit, fused in zip(*results, strict=True):
        torch.testing.assert_close(fused, explicit, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(results[0][0], results[1][0], atol=1e-6, rtol=1e-6)


def test_fused_bf16_is_near():
    x = torch.randn(2, 32, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        low = block(fused=True)(x)
    exact = block(fused=True)(x)
    assert ((low.float() - exact).norm() / exact.norm()).item() < 1e-2


def test_the_product_is_not_scaled():
    layer, x = block(), torch.randn(1, 32, 8, 8)
    q, k = layer.query(x).flatten(2), F.max_pool2d(layer.key(x), 2).flatten(2)
    scaled = torch.softmax(q.transpose(1, 2) @ k / 2, -1)  # 1/sqrt(d), d = 32/8
    assert (layer.attention_map(x) - scaled).abs().max() > 1e-3


@pytest.mark.parametrize(("pool", "keys"), [(True, 16), (False, 64)])
def test_rows_of_the_map_sum_to_one(pool, keys):
    beta = block(pool).attention_map(torch.randn(2, 32, 8, 8))
    assert beta.shape == (2, 64, keys)
    torch.testing.assert_close(beta.sum(-1), torch.ones(2, 64), atol=1e-6, rtol=0)


def test_without_pooling_positions_have_no_order():
    layer, x, order = block(pool=False), torch.randn(2, 32, 8, 8), torch.randperm(64)
    shuffled = layer(x.flatten(2)[:, :, order].view_as(x))
    expected = layer(x).flatten(2)[:, :, order].view_as(x)
    torch.testing.assert_close(shuffled, expected, atol=1e-6, rtol=1e-5)


def test_reaches_any_distance_and_its_control_does_not():
    for make, reaches in ((SelfAttention2d, True), (LocalResidual2d, False)):
        layer = make(32).eval()
        torch.nn.init.ones_(layer.gamma)
        x = torch.randn(1, 32, 16, 16, requires_grad=True)
        layer(x)[0, :, 0, 0].sum().backward()
        assert bool((x.grad[0, :, 8:, 8:] != 0).any()) is reaches


@pytest.mark.parametrize("channels", [32, 64, 256, 512])
def test_control_has_as_many_parameters(channels):
    counts = [
        sum(p.numel() for p in make(channels).parameters())
        for make in (SelfAttention2d, LocalResidual2d)
    ]
    assert counts[0] == 1.25 * channels**2 + 1
    assert abs(counts[1] / counts[0] - 1) < 0.03


def test_attention_maps_finds_every_block():
    net = torch.nn.Sequential(block(sn=True), torch.nn.AvgPool2d(2), block(sn=True)).eval()
    x = torch.randn(1, 32, 16, 16)
    maps = attention_maps(net, x)
    assert {size: tuple(m.shape) for size, m in maps.items()} == {
        16: (1, 256, 64),
        8: (1, 64, 16),
    }
    torch.testing.assert_close(maps[16], net[0].attention_map(x))


def test_too_few_channels_are_refused():
    with pytest.raises(CourseError, match="at least 8 channels"):
        SelfAttention2d(4)
