"""Every solution passes; every plausible mistake is refused for its own reason."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cvlib.chapters.group_normalization import solutions
from cvlib.chapters.group_normalization.exercises import EXERCISES, buggy_merge
from cvlib.course.page.exercises import judge
from cvlib.normalization.functional import group_norm
from cvlib.normalization.layers import GhostBatchNorm2d
from cvlib.normalization.resnet import resnet50
from cvlib.normalization.traffic import norm_traffic
from tests.course.exercise_tests import assert_exercise


def column(p, x):
    return p.reshape(1, -1, *(1,) * (x.ndim - 2))


# 04.1


def ln(dims=(1,), correction=0, inside=True, eps_used=True, power=0.5, stats=lambda t: t):
    """Layer norm over the channels with one thing done otherwise."""

    def answer(x, weight, bias, eps):
        var, mean = torch.var_mean(x, dims, correction=correction, keepdim=True)
        var, mean = stats(var), stats(mean)
        eps = eps if eps_used else 0
        y = (x - mean) / ((var + eps) ** power if inside else var.sqrt() + eps)
        return y * column(weight, x) + column(bias, x)

    return answer


def all_axes(x, weight, bias, eps):
    return F.group_norm(x, 1, weight, bias, eps)


def naive(x, weight, bias, eps):
    mean = x.mean(1, keepdim=True)
    var = (x * x).mean(1, keepdim=True) - mean * mean
    return (x - mean) / (var + eps).sqrt() * column(weight, x) + column(bias, x)


def naive_clamped(x, weight, bias, eps):
    mean = x.mean(1, keepdim=True)
    var = ((x * x).mean(1, keepdim=True) - mean * mean).clamp(min=0)
    return (x - mean) / (var + eps).sqrt() * column(weight, x) + column(bias, x)


CHANNEL_WRONG = {
    "the page's layer norm": (all_axes, "positions mix"),
    "batch norm": (
        lambda x, w, b, e: F.batch_norm(x, None, None, w, b, True, eps=e),
        "image 1 changes the output of image 0",
    ),
    "instance norm": (
        lambda x, w, b, e: F.group_norm(x, x.shape[1], w, b, e), "positions mix"
    ),
    "over the batch too": (ln(dims=(0, 1)), "image 1 changes the output"),
    "unbiased variance": (ln(correction=1), "is 3/4"),
    "eps outside the root": (ln(inside=False), "inside the root"),
    "no eps": (ln(eps_used=False), "eps is inside the root"),
    "divides by the variance": (ln(power=1), "divide by the root"),
    "naive variance": (naive, "E[x^2] - E[x]^2 is the difference"),
    "naive variance, clamped": (naive_clamped, "E[x^2] - E[x]^2 is the difference"),
    "no gamma": (lambda x, w, b, e: ln()(x, torch.ones_like(w), b, e), "random gamma and beta"),
    "beta before gamma": (
        lambda x, w, b, e: ln()(x, w, b, e) - column(b, x) + column(b * w, x), "beta after gamma"
    ),
    "statistics detached": (ln(stats=torch.Tensor.detach), "its gradient is not"),
    "in place": (lambda x, w, b, e: x.copy_(ln()(x, w, b, e)), "changes its input in place"),
    "maps only": (
        lambda x, w, b, e: F.layer_norm(x.permute(0, 2, 3, 1), w.shape, w, b, e).movedim(3, 1),
        "your answer raised RuntimeError",
    ),
}  # fmt: skip

# 04.2


def masked(zeroed=True, counted=True, correction=0, fixed_groups=None, stats=lambda t: t):
    """Masked group norm with one thing done otherwise."""

    def answer(x, mask, groups, weight, bias, eps):
        groups = fixed_groups or groups
        n, c, t = x.shape
        grouped = x.reshape(n, groups, c // groups, t)
        valid = mask[:, None, None].to(x.dtype)
        m = (valid.sum((2, 3), keepdim=True) if counted else t) * (c // groups)
        mean = (grouped * valid).sum((2, 3), keepdim=True) / m
        centred = (grouped - mean) * (valid if zeroed else 1)
        var = centred.square().sum((2, 3), keepdim=True) / (m - correction)
        y = (grouped - stats(mean)) / (stats(var) + eps).sqrt()
        return y.reshape(x.shape) * column(weight, x) + column(bias, x)

    return answer


def naive_mask(x, mask, groups, weight, bias, eps):
    n, c, t = x.shape
    grouped = x.reshape(n, groups, c // groups, t)
    valid = mask[:, None, None].to(x.dtype)
    m = valid.sum((2, 3), keepdim=True) * (c // groups)
    mean = (grouped * valid).sum((2, 3), keepdim=True) / m
    var = (grouped.square() * valid).sum((2, 3), keepdim=True) / m - mean.square()
    y = (grouped - mean) / (var.clamp(min=0) + eps).sqrt()
    return y.reshape(x.shape) * column(weight, x) + column(bias, x)


MASKED_WRONG = {
    "the page's group norm": (
        lambda x, mask, g, w, b, e: F.group_norm(x, g, w, b, e), "what stands in the padding"
    ),
    "the padding set to zero": (
        lambda x, mask, g, w, b, e: F.group_norm(x * mask[:, None], g, w, b, e),
        "m counts valid values",
    ),
    "always two groups": (masked(fixed_groups=2), "G = 1 your output"),
    "differences of the padding": (masked(zeroed=False), "what stands in the padding"),
    "m of the whole length": (masked(counted=False), "m counts valid values"),
    "unbiased variance": (masked(correction=1), "is not the group norm"),
    "naive variance": (naive_mask, "E[x^2] - E[x]^2"),
    "statistics detached": (masked(stats=torch.Tensor.detach), "its gradient is not"),
    "one mask for all": (
        lambda x, mask, *a: masked()(x, mask[:1].expand_as(mask), *a), "what stands in the padding"
    ),
    "in place": (
        lambda x, *a: x.copy_(masked()(x, *a)), "changes its input in place"
    ),
}  # fmt: skip

# 04.3


def backward(mean=True, along=True, r=True, gamma=True, reduce=torch.sum, dims=(0, 2, 3)):
    """Batch norm's gradient with one thing done otherwise."""

    def answer(dy, x, weight, eps):
        var, mu = torch.var_mean(x, dims, correction=0, keepdim=True)
        root = (var + eps).rsqrt()
        normal = (x - mu) * root
        g = dy * column(weight, x) if gamma else dy
        dx = g
        if mean:
            dx = dx - g.mean(dims, keepdim=True)
        if along:
            dx = dx - normal * (g * normal).mean(dims, keepdim=True)
        dx = dx * root if r else dx
        return dx, reduce(dy * normal, (0, 2, 3)), reduce(dy, (0, 2, 3))

    return answer


def by_autograd(dy, x, weight, eps):
    with torch.enable_grad():
        leaves = [t.detach().requires_grad_() for t in (x, weight, torch.zeros_like(weight))]
        y = F.batch_norm(leaves[0], None, None, leaves[1], leaves[2], True, eps=eps)
        return torch.autograd.grad(y, leaves, dy)


def by_vjp(dy, x, weight, eps):
    f = lambda *a: F.batch_norm(a[0], None, None, a[1], a[2], True, eps=eps)  # noqa: E731
    return torch.func.vjp(f, x, weight, torch.zeros_like(weight))[1](dy)


def by_kernel(dy, x, weight, eps):
    var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    return torch.ops.aten.native_batch_norm_backward(
        dy, x, weight, None, None, mean, (var + eps).rsqrt(), True, eps, [True] * 3
    )


BACKWARD_WRONG = {
    "the page's, of group norm": (backward(dims=(1, 2, 3)), "dweight should be"),
    "of instance norm": (backward(dims=(2, 3)), "dweight should be"),
    "no mean": (backward(mean=False), "dx should sum to 0"),
    "no variance": (backward(along=False), "orthogonal to the normalised x"),
    "no 1/sigma": (backward(r=False), "half as large"),
    "no gamma": (backward(gamma=False), "random gamma"),
    "means": (backward(reduce=torch.mean), "dweight is a sum"),
    "evaluation": (backward(mean=False, along=False), "should change with dy of image 1"),
    "two tensors": (lambda *a: backward()(*a)[:2], "expected 3 things"),
    "dy zeroed in place": (
        lambda dy, *a: (backward()(dy, *a), dy.zero_())[0], "changes its input in place"
    ),
    "autograd": (by_autograd, "autograd computes dx"),
    "vjp": (by_vjp, "autograd computes dx"),
    "the library's kernel": (by_kernel, "autograd computes dx"),
}  # fmt: skip

# 04.4

EPSILON_WRONG = {
    "the square root": (0.75**0.5, "turns the two values 0 and 1 into"),
    "of d, not d/2": (3.0, "turns the two values"),
    "nearly": (0.7505, "-0.4999 and +0.4999, not into -0.5 and +0.5"),
    "zero": (0, "expected a positive number"),
    "negative": (-0.75, "expected a positive number"),
    "a text": ("0.75", "expected a number"),
    "two numbers": ([0.75, 0.75], "expected one number"),
}

# 04.5

STAGES_WRONG = {
    "one image": ([12544, 3136, 784, 196, 49], "you count one image"),
    "sides": ([112, 56, 28, 14, 7], "not over one side"),
    "late": ([100352, 25088, 6272, 1568, 392], "one halving late"),
    "early": ([6272, 1568, 392, 98, 18], "one halving early"),
    "with channels": ([25088 * 64, 6272, 1568, 392, 98], "m of the stem is another number"),
    "four": ([25088, 6272, 1568, 392], "expected five numbers"),
    "half": ([25088, 6272, 1568, 392, 97.5], "m of conv5_x: expected a whole number"),
    "a number": (98, "expected a list of five numbers"),
}

# 04.6


def remember(dims=(1, 3, 4), correction=1, swapped=False, first=False, strided=False):
    """Running statistics with one thing done otherwise."""

    def answer(x, n, running_mean, running_var, momentum):
        shape = (n, -1) if strided else (-1, n)
        workers = x.reshape(*shape, *x.shape[1:])
        workers = workers.transpose(0, 1) if strided else workers
        mean, var = workers.mean(dims), workers.var(dims, correction=correction)
        pick = (lambda t: t[0]) if first else (lambda t: t.mean(0))
        new = momentum if not swapped else 1 - momentum
        return (
            (1 - new) * running_mean + new * pick(mean),
            (1 - new) * running_var + new * pick(var),
        )

    return answer


def whole_batch(x, n, running_mean, running_var, momentum):
    return remember()(x, len(x), running_mean, running_var, momentum)


REMEMBER_WRONG = {
    "momentum of the old": (remember(swapped=True), "with momentum 0"),
    "all images at once": (whole_batch, "every worker has its own"),
    "biased": (remember(correction=0), "stores 1/(m - 1)"),
    "worker 0 alone": (remember(first=True), "no mean over workers"),
    "strided workers": (remember(strided=True), "images 0 to 1 are the first worker's"),
    "one tensor": (lambda *a: remember()(*a)[0], "expected 2 things"),
    "in place": (
        lambda x, n, m, v, a: (m.lerp_(m + 1, a), v), "changes its input in place"
    ),
}  # fmt: skip

# 04.7


def merge(inside=True, axis=0, offset_scaled=True, beta_scaled=False, mean_scaled=True):
    """A merged norm with one thing done otherwise."""

    def answer(kernel, offset, gamma, beta, mean, var, eps):
        scale = gamma / ((var + eps).sqrt() if inside else var.sqrt() + eps)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        shift = beta * scale if beta_scaled else beta
        shift = shift - mean * (scale if mean_scaled else 1)
        return kernel * scale.reshape(shape), shift + offset * (scale if offset_scaled else 1)

    return answer


MERGE_WRONG = {
    "nothing mended": (buggy_merge, "which axis of the kernel"),
    "the axis mended": (merge(inside=False, offset_scaled=False), "what is eps added to"),
    "axis and eps mended": (merge(offset_scaled=False), "the norm sees the offset too"),
    "axis and offset mended": (merge(inside=False), "what is eps added to"),
    "eps and offset mended": (merge(axis=1), "which axis of the kernel"),
    "a new bug in beta": (merge(beta_scaled=True), "what is subtracted before the scale"),
    "a new bug in the mean": (merge(mean_scaled=False), "what is subtracted before the scale"),
    "the page's group norm": (group_norm, "your answer raised TypeError"),
}

WRONG = {
    "04.1": CHANNEL_WRONG,
    "04.2": MASKED_WRONG,
    "04.3": BACKWARD_WRONG,
    "04.4": EPSILON_WRONG,
    "04.5": STAGES_WRONG,
    "04.6": REMEMBER_WRONG,
    "04.7": MERGE_WRONG,
}


@pytest.mark.parametrize("id", EXERCISES)
def test_exercise(id):
    assert_exercise(EXERCISES[id], WRONG[id])


MORE_GARBAGE = (
    torch.nn.Identity(), torch.zeros(2, 6, 3, 5), float("inf"), 10**5000, 1j, [None] * 5, {}, b"x",
    print, lambda *a: (None,) * 3, lambda *a: a, lambda *a: a[0], lambda *a: torch.tensor("x"),
    lambda x, *a: x.resize_(0), lambda x, *a: x.to(torch.complex64), lambda *a: (2.0, 3.0),
)  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize("answer", MORE_GARBAGE, ids=range(len(MORE_GARBAGE)))
def test_nonsense_is_wrong_and_raises_nothing(id, answer):
    assert judge(EXERCISES[id], answer).status == "wrong"


def last_axis(x, weight, bias, eps):
    moved = x.movedim(1, -1)
    return F.layer_norm(moved, weight.shape, weight, bias, eps).movedim(-1, 1)


def cut_apart(x, mask, groups, weight, bias, eps):
    rows = []
    for row, valid in zip(x, mask, strict=True):
        y = torch.zeros_like(row)
        y[:, valid] = F.group_norm(row[None][:, :, valid], groups, weight, bias, eps)[0]
        rows.append(y)
    return torch.stack(rows)


def from_the_layer(x, n, running_mean, running_var, momentum):
    layer = GhostBatchNorm2d(x.shape[1], n, momentum=momentum).to(x.dtype)
    layer.running_mean.copy_(running_mean)
    layer.running_var.copy_(running_var)
    layer(x)
    return layer.running_mean, layer.running_var


OTHER_RIGHT = {
    "04.1": (last_axis, ln(), lambda *a: ln()(*a).tolist()),
    "04.2": (cut_apart, masked()),
    "04.3": (backward(), lambda *a: list(backward()(*a))),
    "04.4": (np.float32(0.75), np.array(0.75), torch.tensor([0.75]), 0.750001),
    "04.5": (
        tuple(solutions.STAGE_SIZES), np.array(solutions.STAGE_SIZES),
        torch.tensor(solutions.STAGE_SIZES), [2 * (224 / 2**i) ** 2 for i in range(1, 6)],
        [torch.tensor(m) for m in solutions.STAGE_SIZES],
    ),
    "04.6": (remember(), from_the_layer),
    "04.7": (merge(),),
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_solutions_agree_with_the_library():
    sizes = {}
    model = resnet50(torch.nn.BatchNorm2d).to("meta")
    for layer in norm_traffic(model, (2, 3, 224, 224)):
        sizes[".".join(layer.name.split(".")[:2])] = layer.m  # the last layer of each stage
    assert list(sizes.values()) == solutions.STAGE_SIZES


def test_hints_and_messages_do_not_give_the_answer_away():
    for id, text in (("04.4", "0.75 "), ("04.5", "98"), ("04.5", "6272")):
        answers = [answer for answer, _ in WRONG[id].values()]
        said = [*EXERCISES[id].hints, *(judge(EXERCISES[id], a).message for a in answers)]
        assert not any(text in line for line in said), id


def test_the_exercises_are_numbered_in_order():
    assert [e.id for e in EXERCISES.values()] == [f"04.{i}" for i in range(1, 8)]
