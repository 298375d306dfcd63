"""Group norm with its own backward pass: equal to torch, and what only group norm can do."""

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.normalization.functional import group_norm
from cvlib.normalization.reference import normalize

GROUPS = (1, 2, 3, 6)


def draw(*shape, dtype=torch.double, seed=0):
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("groups", GROUPS)
def test_gradcheck(groups):
    x, w, b = (t.requires_grad_() for t in (draw(2, 6, 3, 5), draw(6), draw(6, seed=1)))
    assert torch.autograd.gradcheck(lambda *a: group_norm(a[0], groups, a[1], a[2]), (x, w, b))


SHAPES = ((2, 6, 3, 5), (3, 6), (2, 6, 7), (1, 6, 2, 3, 2))
CASES = [(s, g) for s in SHAPES for g in GROUPS if (s, g) != ((3, 6), 6)]  # m = 1 is refused


@pytest.mark.parametrize(("shape", "groups"), CASES)
def test_parity_with_torch(shape, groups):
    results = []
    for norm in (group_norm, F.group_norm):
        x, w, b = (t.requires_grad_() for t in (draw(*shape), draw(6), draw(6, seed=1)))
        y = norm(x, groups, w, b, 1e-5)
        y.backward(draw(*shape, seed=2))
        results.append((y.detach(), x.grad, w.grad, b.grad))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


def test_it_is_the_reference():
    x = draw(2, 6, 3, 5)
    torch.testing.assert_close(
        group_norm(x, 3), normalize(x, "gn", groups=3), rtol=0, atol=1e-13
    )  # fmt: skip


def test_one_group_is_layer_norm_and_c_groups_are_instance_norm():
    x = draw(2, 6, 3, 5)
    torch.testing.assert_close(group_norm(x, 1), F.layer_norm(x, x.shape[1:]), rtol=0, atol=1e-12)
    torch.testing.assert_close(group_norm(x, 6), F.instance_norm(x), rtol=0, atol=1e-12)


def test_closed_forms():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)
    assert group_norm(x, 2, eps=0).flatten().tolist() == [-1, 1, -1, 1]
    expected = torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5
    torch.testing.assert_close(group_norm(x, 1, eps=0).flatten(), expected, rtol=0, atol=2e-7)


@pytest.mark.parametrize("value", [0.0, 3.0, -0.5, 1000.0])
def test_constant_input_gives_beta_exactly(value):
    beta = draw(6, dtype=torch.float)
    y = group_norm(torch.full((2, 6, 7, 7), value), 2, torch.full((6,), 5.0), beta)
    assert torch.equal(y, beta.reshape(1, 6, 1, 1).expand_as(y))


def test_a_constant_that_sums_inexactly_gives_beta_but_for_the_rounding_of_its_mean():
    x = torch.full((2, 6, 7, 7), -7.3)
    ulp = 2.0**-21  # of floats in 4..8; eps = 1e-5 magnifies it by 1 / sqrt(eps)
    assert group_norm(x, 2).abs().max() <= 2 * ulp / 1e-5**0.5


def test_scale_and_shift_of_every_sample_and_group_cancel():
    # scales of 1 and more: eps / variance is what remains
    x, scale, shift = draw(3, 6, 4, 4), 1 + draw(3, 2, 1).abs(), 5 * draw(3, 2, 1, seed=1)
    changed = (x.reshape(3, 2, -1) * scale + shift).reshape(x.shape)
    torch.testing.assert_close(
        group_norm(changed, 2, eps=1e-12), group_norm(x, 2, eps=1e-12), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("groups", GROUPS)
def test_an_image_does_not_see_its_batch_bit_by_bit(groups):
    x = draw(4, 6, 5, 7, dtype=torch.float)
    assert torch.equal(group_norm(x, groups)[1:2], group_norm(x[1:2], groups))


@pytest.mark.parametrize("groups", GROUPS)
def test_dx_is_orthogonal_to_what_the_layer_cannot_see(groups):
    x, w = draw(2, 6, 3, 5).requires_grad_(), draw(6)
    group_norm(x, groups, w, draw(6, seed=1), 1e-12).backward(draw(2, 6, 3, 5, seed=2))
    dx = x.grad.reshape(2, groups, -1)
    normal = normalize(x.detach(), "gn", groups=groups, eps=1e-12).reshape(dx.shape)
    assert dx.sum(-1).abs().max() < 1e-9
    assert (dx * normal).sum(-1).abs().max() < 1e-9


def test_eps_lets_a_little_through():
    # mean(dx x_hat) = r mean(g x_hat) eps r^2, with g = dy
    x, dy, eps = draw(1, 4, 3, 3).requires_grad_(), draw(1, 4, 3, 3, seed=1), 0.1
    y = group_norm(x, 1, eps=eps)
    y.backward(dy)
    r = (x.detach().var(correction=0) + eps).rsqrt()
    expected = r**3 * eps * (dy * y.detach()).mean()
    torch.testing.assert_close((x.grad * y.detach()).mean(), expected, rtol=1e-10, atol=0)


def error_at(offset, norm):
    x = offset + draw(4, 32, 16, 16, dtype=torch.float)
    return (norm(x).double() - F.group_norm(x.double(), 8)).abs().max().item()


def naive(x):
    grouped = x.reshape(4, 8, -1)
    mean = grouped.mean(-1, keepdim=True)
    variance = grouped.square().mean(-1, keepdim=True) - mean.square()  # cancels
    return ((grouped - mean) / (variance + 1e-5).sqrt()).reshape(x.shape)


@pytest.mark.parametrize(
    ("offset", "allowed", "naive_exceeds"),
    [(0, 2e-6, 0), (1e2, 3e-5, 1e-3), (1e3, 3e-4, 1e-2), (1e4, 4e-3, 1e-1)],
)
def test_two_passes_are_stable_where_the_naive_variance_is_not(offset, allowed, naive_exceeds):
    assert error_at(offset, lambda x: group_norm(x, 8)) < allowed
    assert not error_at(offset, naive) <= naive_exceeds  # NaN, too, is not


def test_halves_above_256_do_not_overflow():
    x = (300 + 10 * draw(2, 4, 8, 8, dtype=torch.float)).half().requires_grad_()
    y = group_norm(x, 2, torch.ones(4, dtype=torch.half), torch.zeros(4, dtype=torch.half))
    y.backward(torch.ones_like(y))
    assert y.dtype == x.grad.dtype == torch.half
    expected = F.group_norm(x.detach().float(), 2)
    torch.testing.assert_close(y.float(), expected, rtol=1e-3, atol=1e-3)
    assert x.grad.isfinite().all()


def test_a_half_input_with_float_parameters_keeps_both_dtypes():
    w, b = torch.ones(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    x = draw(2, 4, 3, 3, dtype=torch.float).bfloat16().requires_grad_()
    group_norm(x, 2, w, b).sum().backward()
    assert (x.grad.dtype, w.grad.dtype, b.grad.dtype) == (torch.bfloat16, torch.float, torch.float)


def test_one_value_per_group_is_refused():
    with pytest.raises(CourseError, match="4 groups leave one value"):
        group_norm(draw(3, 4, 1, 1), 4)


@pytest.mark.parametrize("shape", [(0, 6, 3, 5), (0, 6)])
def test_no_images_give_no_output(shape):
    x = draw(*shape).requires_grad_()
    y = group_norm(x, 3)
    y.sum().backward()
    assert y.shape == x.grad.shape == shape


def test_the_gradient_can_be_differentiated():
    x, w, b = (t.requires_grad_() for t in (draw(2, 4, 3), draw(4), draw(4, seed=1)))
    assert torch.autograd.gradgradcheck(lambda *a: group_norm(a[0], 2, a[1], a[2]), (x, w, b))


def test_channels_last_input_gives_the_same_values():
    x = draw(2, 6, 3, 5)
    last = x.contiguous(memory_format=torch.channels_last)
    assert torch.equal(group_norm(last, 3), group_norm(x, 3))


def test_groups_are_contiguous_blocks_of_channels():
    x = draw(1, 6, 2, 2)
    changed = x.clone()
    changed[:, 2:4] += draw(1, 2, 2, 2, seed=1)
    differs = (group_norm(changed, 3) != group_norm(x, 3)).any((0, 2, 3))
    assert differs.tolist() == [False, False, True, True, False, False]


def test_a_c_that_does_not_divide_is_refused():
    with pytest.raises(CourseError, match="72 channels do not divide into 32 groups"):
        group_norm(draw(1, 72, 1, 1), 32)
