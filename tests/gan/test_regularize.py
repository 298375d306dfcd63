"""Penalties against closed forms, autograd and finite differences."""

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.gan.attention import SelfAttention2d
from cvlib.gan.nets import ProjectionDiscriminator
from cvlib.gan.norm import spectral_norm, stored_weight
from cvlib.gan.regularize import (
    add_orthogonal_grad_,
    clamp_top_singular_,
    gradient_penalty,
    orthogonal_penalty,
    r1_penalty,
)
from cvlib.gan.sizes import TINY16


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def draw():
    return torch.Generator().manual_seed(0)


def test_r1_of_a_linear_critic_is_its_slope():
    a, x = torch.randn(12), torch.randn(5, 3, 2, 2)
    got = r1_penalty(lambda x: x.flatten(1) @ a, x, gamma=10)
    torch.testing.assert_close(got, 5 * a.square().sum())


def test_gradient_penalty_of_a_linear_critic():
    a, real, fake = torch.randn(12), torch.randn(5, 3, 2, 2), torch.randn(5, 3, 2, 2)
    got = gradient_penalty(lambda x: x.flatten(1) @ a, real, fake, draw())
    torch.testing.assert_close(got, (a.norm() - 1).square())


def test_patches_are_added_or_averaged():
    real, fake = torch.randn(2, 5, 1, 4, 4)
    patches = lambda x: 3 * x  # noqa: E731  16 patches, each of slope 3
    added = gradient_penalty(patches, real, fake, draw())
    averaged = gradient_penalty(patches, real, fake, draw(), reduce="mean")
    assert added.item() == pytest.approx((3 * 4 - 1) ** 2, rel=1e-5)
    assert averaged.item() == pytest.approx((3 / 4 - 1) ** 2, rel=1e-5)


def test_points_lie_between_real_and_fake():
    seen = []

    def critic(x):
        seen.append(x)
        return x.sum((1, 2, 3))

    gradient_penalty(critic, torch.zeros(100, 1, 2, 2), torch.ones(100, 1, 2, 2), draw())
    shares = seen[0].flatten(1)
    assert torch.equal(shares[:, :1].expand(-1, 4), shares)
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert 0.4 < shares.mean() < 0.6


def test_second_derivatives_pass_through_spectral_norm_and_attention():
    D, x = ProjectionDiscriminator(TINY16), torch.randn(4, 1, 16, 16)
    nn.init.ones_(D.mixers["8"].gamma)
    y = torch.arange(4)
    with torch.autocast("cpu", torch.bfloat16):  # has no effect inside
        loss = r1_penalty(lambda x: D(x, y), x, gamma=1)
    assert loss.dtype == torch.float32
    loss.backward()
    grads = [p.grad for p in D.mixers["8"].parameters()]
    assert all(g is not None and torch.isfinite(g).all() and g.any() for g in grads)


def test_the_penalty_moves_the_critic_as_finite_differences_say():
    layer = SelfAttention2d(16, sn=False)  # equal head sizes, channels last: a fused kernel's case
    layer.value = nn.Conv2d(16, 2, 1, bias=False)
    layer.out = nn.Conv2d(2, 16, 1, bias=False)
    nn.init.ones_(layer.gamma)
    layer = layer.to(memory_format=torch.channels_last)
    x = torch.randn(2, 16, 4, 4).contiguous(memory_format=torch.channels_last)

    def penalty():
        return r1_penalty(lambda x: layer(x).square().sum((1, 2, 3)), x, gamma=2)

    penalty().backward()
    weight, step = layer.query.weight, 1e-2
    with torch.no_grad():
        weight[0, 0] += step
    up = penalty().item()
    with torch.no_grad():
        weight[0, 0] -= 2 * step
    down = penalty().item()
    assert weight.grad[0, 0].item() == pytest.approx((up - down) / (2 * step), rel=2e-2)


def test_orthonormal_rows_cost_nothing_and_their_length_only_in_full():
    Q = torch.linalg.qr(torch.randn(64, 32))[0].T  # 32 orthonormal rows
    assert orthogonal_penalty(Q).item() == pytest.approx(0, abs=1e-8)
    assert orthogonal_penalty(3 * Q).item() == pytest.approx(0, abs=1e-6)
    assert orthogonal_penalty(3 * Q, "full").item() == pytest.approx(64 * 32, rel=1e-4)


def test_the_penalty_grows_with_the_fourth_power():
    W = torch.randn(6, 4, 3, 3)
    torch.testing.assert_close(orthogonal_penalty(2 * W), 16 * orthogonal_penalty(W))


def test_more_rows_than_columns_are_judged_by_columns():
    Q = torch.linalg.qr(torch.randn(256, 20))[0]
    assert orthogonal_penalty(Q).item() == pytest.approx(0, abs=1e-6)
    assert orthogonal_penalty(Q, side="rows").item() > 1


@pytest.mark.parametrize("side", ["auto", "rows"])
def test_the_gradient_is_autograds_and_tables_are_left_alone(side):
    net = nn.Sequential(
        spectral_norm(nn.Linear(5, 9)), nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 2, 3)
    )
    table = nn.Embedding(4, 3)
    both = nn.ModuleList([net, table])
    for p in both.parameters():
        p.grad = torch.zeros_like(p)
    net[1].bias.grad = None
    add_orthogonal_grad_(both, 1e-2, side)
    for module in net:
        leaf = stored_weight(module).detach().clone().requires_grad_()
        W = leaf.transpose(0, 1) if isinstance(module, nn.ConvTranspose2d) else leaf
        (1e-2 * orthogonal_penalty(W, side=side)).backward()
        torch.testing.assert_close(stored_weight(module).grad, leaf.grad, atol=1e-5, rtol=1e-4)
    assert not table.weight.grad.any()
    assert not net[0].bias.grad.any()


def test_weights_without_a_gradient_stay_without():
    layer = nn.Linear(3, 3)
    add_orthogonal_grad_(layer, 1.0)
    assert layer.weight.grad is None


def test_clamping_lowers_the_first_singular_value_only():
    W = torch.randn(12, 7)
    before = torch.linalg.svdvals(W)
    after = torch.linalg.svdvals(clamp_top_singular_(W, float(before[1]) + 0.1))
    torch.testing.assert_close(after[0], before[1] + 0.1)
    torch.testing.assert_close(after[1:], before[1:])
    torch.testing.assert_close(clamp_top_singular_(W.clone(), 1e3), W)
    with pytest.raises(CourseError, match="flatten"):
        clamp_top_singular_(torch.randn(2, 2, 2), 1)
