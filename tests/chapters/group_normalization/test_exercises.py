"""Every solution passes; every plausible mistake is refused for its own reason."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cvlib.chapters.group_normalization import solutions
from cvlib.chapters.group_normalization.exercises import EXERCISES, buggy_group_norm
from cvlib.course.page.exercises import judge
from cvlib.normalization.functional import group_norm
from cvlib.normalization.layers import GhostBatchNorm2d
from cvlib.normalization.reference import AXES
from cvlib.normalization.resnet import resnet50
from cvlib.normalization.traffic import norm_traffic
from tests.course.exercise_tests import assert_exercise


def column(p, x):
    return p.reshape(1, -1, *(1,) * (x.ndim - 2))


# 04.1


def axes_but(**changed):
    return lambda kind: changed.get(kind, solutions.axes(kind))


AXES_WRONG = {
    "group norm over the batch": (axes_but(gn=(0, 2, 3)), "your group norm mixes images"),
    "those of (N, C, H, W)": (
        lambda k: {"bn": (0, 2, 3), "ln": (1, 2, 3), "in": (2, 3), "gn": (1, 2, 3)}[k],
        "your batch norm mixes channels",
    ),
    "instance norm is group norm": (axes_but(**{"in": (2, 3)}), "your instance norm mixes channel"),
    "layer norm in the group": (axes_but(ln=(2, 3)), "your layer norm sees one group alone"),
    "group norm over groups": (axes_but(gn=(1, 2, 3)), "your group norm mixes groups"),
    "group norm across groups": (axes_but(gn=(1, 3)), "your group norm mixes groups"),
    "batch norm without the batch": (axes_but(bn=(3,)), "batch norm sees one image alone"),
    "no positions": (axes_but(gn=(2,)), "your group norm sees one position alone"),
    "no axis": (axes_but(gn=()), "axes('gn'): expected a tuple of one or more"),
    "one axis twice": (axes_but(gn=(2, 3, -1)), "twice"),
    "five axes": (axes_but(ln=(1, 2, 3, 4)), "the axes are 0, 1, 2, 3"),
    "names": (axes_but(bn="NP"), "got an object of type str"),
    "not a function": ({"bn": (0, 3)}, "expected the function axes(kind), got an object of type d"),
}

# 04.2


def gn(dims=(2, 3), correction=0, gamma=None, inside=True, view=None, eps_used=True, power=0.5):
    """Group norm with one thing done otherwise."""

    def answer(x, groups, weight, bias, eps):
        n, c = x.shape[:2]
        grouped = view(x, groups) if view else x.reshape(n, groups, c // groups, -1)
        var, mean = torch.var_mean(grouped, dims, correction=correction, keepdim=True)
        eps = eps if eps_used else 0
        y = (grouped - mean) / ((var + eps) ** power if inside else var.sqrt() + eps)
        y = y.transpose(1, 2) if view else y
        weight = gamma(weight, groups) if gamma else weight
        return y.reshape(x.shape) * column(weight, x) + column(bias, x)

    return answer


def interleaved(x, groups):
    return x.reshape(len(x), -1, groups, math.prod(x.shape[2:])).transpose(1, 2)


def mean_gamma(weight, groups):
    return weight.reshape(groups, -1).mean(1).repeat_interleave(len(weight) // groups)


def naive(x, groups, weight, bias, eps):
    grouped = x.reshape(len(x), groups, -1)
    mean = grouped.mean(2, keepdim=True)
    var = (grouped**2).mean(2, keepdim=True) - mean**2
    y = (grouped - mean) / (var.clamp(min=0) + eps).sqrt()
    return y.reshape(x.shape) * column(weight, x) + column(bias, x)


def no_mean(x, groups, weight, bias, eps):
    grouped = x.reshape(len(x), groups, -1)
    return (grouped / (grouped.var(2, keepdim=True) + eps).sqrt()).reshape(x.shape)


def in_place(x, groups, weight, bias, eps):
    y = solutions.group_norm(x, groups, weight, bias, eps)
    return x.copy_(y)


def beta_first(x, groups, weight, bias, eps):
    y = solutions.group_norm(x, groups, torch.ones_like(weight), bias, eps)
    return y * column(weight, x)


def maps_only(x, groups, weight, bias, eps):
    x = x.reshape(*x.shape, *(1,) * (4 - x.ndim))
    return solutions.group_norm(x, groups, weight, bias, eps)


GROUP_NORM_WRONG = {
    "unbiased variance": (gn(correction=1), "yours is 29/30"),
    "over the whole batch": (gn(dims=(0, 2, 3)), "changes with the batch"),
    "layer norm": (gn(dims=(1, 2, 3)), "groups: with 6 channels in 2 groups, channel 3"),
    "instance norm": (gn(dims=3), "channel 1 should change the output of channel 0"),
    "interleaved groups": (gn(view=interleaved), "groups: with 6 channels in 2 groups, channel 3"),
    "gamma per group": (gn(gamma=mean_gamma), "gamma: each channel"),
    "eps outside the root": (gn(inside=False), "inside or outside of the root"),
    "no eps": (gn(eps_used=False), "wrong for eps = 0.5"),
    "divides by the variance": (gn(power=1), "divide by the standard deviation"),
    "no mean": (no_mean, "mean of each group should be 0"),
    "beta before gamma": (beta_first, "for x of shape (4, 6, 2, 5)"),
    "gamma squared": (gn(gamma=lambda w, g: w * w), "gamma: each channel"),
    "no beta": (lambda x, g, w, b, e: gn()(x, g, w, 0 * b, e), "beta is added"),
    "E[x^2] - E[x]^2": (naive, "subtract the mean first"),
    "in place": (in_place, "changes its input x in place"),
    "only for maps": (maps_only, "of shape (4, 8), got a tensor of shape (4, 8, 1, 1)"),
    "leaves the groups": (
        lambda x, g, w, b, e: gn()(x, g, w, b, e).reshape(len(x), g, -1),
        "expected a tensor of shape (3, 6, 2, 5), got a tensor of shape (3, 2, 30)",
    ),
    "returns a tuple": (lambda x, *_: (x, x), "got an object of type tuple"),
    "returns nan": (lambda x, *_: x / 0 * 0, "nan or infinity"),
    "returns whole numbers": (lambda x, *_: x.long(), "expected floating-point numbers"),
}  # fmt: skip

# 04.3


def backward(mean=True, along=True, r_power=1, gamma="inside", dims=(2, 3), eps_used=True, dw=None):
    """The gradient with one thing done otherwise."""

    def answer(dy, x, groups, weight, eps):
        n, c = x.shape[:2]
        eps = eps if eps_used else 0
        shape = (n, groups, c // groups, -1)
        grouped, w = x.reshape(shape), column(weight, x)
        var, mu = torch.var_mean(grouped, (2, 3), correction=0, keepdim=True)
        r = (var + eps).rsqrt()
        x_hat = (grouped - mu) * r
        g = (dy * w if gamma == "inside" else dy).reshape(shape)
        dx = g - mean * g.mean(dims, keepdim=True)
        dx = dx - along * x_hat * (g * x_hat).mean(dims, keepdim=True)
        dx = (r**r_power * dx).reshape(x.shape) * (w if gamma == "last" else 1)
        others = [d for d in range(x.ndim) if d != 1]
        dweight = (dy * x_hat.reshape(x.shape)).sum(others)
        return dx, dw(dweight, dy, x) if dw else dweight, dy.sum(others)

    return answer


def with_autograd(dy, x, groups, weight, eps):
    x = x.requires_grad_()
    y = F.group_norm(x, groups, weight, None, eps)
    return torch.autograd.grad(y, x, dy)[0], weight, weight


def changed(change):
    return lambda *a: change(*solutions.group_norm_backward(*a))


BACKWARD_WRONG = {
    "forgets mean(g)": (backward(mean=False), "check the path through the mean"),
    "forgets the variance": (backward(along=False), "check the path through the variance"),
    "r times g": (backward(mean=False, along=False), "check the path through the mean"),
    "no 1/sigma": (backward(r_power=0), "count the factors 1/sigma"),
    "1/sigma twice": (backward(r_power=2), "count the factors 1/sigma"),
    "gamma last": (backward(gamma="last"), "right for gamma 1 and wrong for others"),
    "no gamma": (backward(gamma="none"), "right for gamma 1 and wrong for others"),
    "means over the batch": (backward(dims=(0, 2, 3)), "dx of one image changes with the batch"),
    "means over positions": (backward(dims=(3,)), "dx should sum to 0 in every group"),
    "wrong sign": (changed(lambda x, w, b: (-x, w, b)), "is not the one that autograd finds"),
    "dx over N": (
        lambda dy, *a: changed(lambda x, w, b: (x / len(dy), w, b))(dy, *a),
        "dx of one image changes with the batch",
    ),
    "no eps": (backward(eps_used=False), "eps = 0.5 autograd finds other gradients"),
    "dweight over N": (changed(lambda x, w, b: (x, w / 2, b)), "dweight is a sum"),
    "dbias is a mean": (changed(lambda x, w, b: (x, w, b / 30)), "dbias is a sum"),
    "dweight of x": (
        backward(dw=lambda w, dy, x: (dy * x).sum([0, *range(2, x.ndim)])),
        "the sum of dy times what gamma multiplies",
    ),
    "dbias with a minus": (changed(lambda x, w, b: (x, w, -b)), "the sum of dy"),
    "only dx": (changed(lambda x, w, b: x), "three tensors (dx, dweight, dbias), got a tensor"),
    "dweight per image": (
        changed(lambda x, w, b: (x, w.expand(2, 6), b)),
        "dweight: expected a tensor of shape (6,), got a tensor of shape (2, 6)",
    ),
    "autograd": (with_autograd, "you ask autograd"),
}  # fmt: skip

# 04.4, 04.5

EPSILON_WRONG = {
    "eps is the variance": (0.25, "-0.707 and +0.707"),
    "eps outside the root, or m - 1": (0.5, "-0.577 and +0.577"),
    "variance d^2": (3.0, "-0.277 and +0.277"),
    "the default": (1e-5, "-1.000 and +1.000"),
    "negative": (-0.75, "positive"),
    "nan": (math.nan, "positive"),
    "a text": ("0.75", "expected a number, got an object of type str"),
    "a function": (lambda: 0.75, "expected a number, got a function"),
    "true": (True, "expected a number"),
    "two numbers": (torch.tensor([0.75, 0.75]), "got a tensor of shape (2,)"),
}

STAGES_WRONG = {
    "one image": ([12544, 3136, 784, 196, 49], "the images of the worker too"),
    "sides": ([112, 56, 28, 14, 7], "not over one side"),
    "N times sides": ([224, 112, 56, 28, 14], "not over one side"),
    "starts at 224": ([100352, 25088, 6272, 1568, 392], "one halving late"),
    "no max pool": ([25088, 25088, 6272, 1568, 392], "one halving late"),
    "starts behind the pool": ([6272, 1568, 392, 98, 32], "one halving early"),
    "conv2_x halves": ([25088, 6272, 1568, 392, 90], "m of conv5_x is another number"),
    "times channels": ([m * 64 for m in (25088, 6272, 1568, 392, 98)], "for one channel"),
    "four stages": ([25088, 6272, 1568, 392], "expected five numbers, one for each stage, got 4"),
    "fractions": ([25088, 6272, 1568, 392, 24.5], "whole numbers"),
    "texts": (["25088", "6272", "1568", "392", "98"], "whole numbers"),
    "a dict": ({"stem": 25088}, "expected a list of five numbers"),
}

# 04.6


def ghost(dims=(1, 3, 4), correction=0, inside=True, stats=lambda t: t, order=None, affine=True):
    """Ghost batch norm with one thing done otherwise."""

    def answer(x, n, weight, bias, eps):
        if order == "strided":
            x = x.reshape(n, -1, *x.shape[1:]).transpose(0, 1).reshape(x.shape)
        if order == "workers of K":
            n = len(x) // n
        parts = x.reshape(-1, n, *x.shape[1:])
        var, mean = torch.var_mean(parts, dims, correction=correction, keepdim=True)
        var, mean = stats(var), stats(mean)
        y = (parts - mean) / ((var + eps).sqrt() if inside else var.sqrt() + eps)
        y = y.reshape(x.shape)
        if order == "strided":
            y = y.reshape(-1, n, *x.shape[1:]).transpose(0, 1).reshape(x.shape)
        return y * column(weight, x) + column(bias, x) if affine else y

    return answer


def loop(x, n, weight, bias, eps):
    passes = [F.batch_norm(p, None, None, weight, bias, True, eps=eps) for p in x.split(n)]
    return torch.cat(passes)


def ordinary(x, n, weight, bias, eps):
    return F.batch_norm(x, None, None, weight, bias, True, eps=eps)


GHOST_WRONG = {
    "batch norm": (ordinary, "image 2 changes the output of images 0 and 1"),
    "strided workers": (ghost(order="strided"), "changes the output of images 0 and 1"),
    "n and K swapped": (ghost(order="workers of K"), "image 2 changes the output of images 0"),
    "instance norm": (ghost(dims=(3, 4)), "image 1 should change the output of image 0"),
    "over channels": (ghost(dims=(1, 2, 3, 4)), "batch norm keeps channels apart"),
    "unbiased variance": (ghost(correction=1), "divides by 20, yours by 19"),
    "eps outside the root": (ghost(inside=False), "differs from that of 4 separate passes"),
    "no gamma, no beta": (ghost(affine=False), "differs from that of 4 separate passes"),
    "statistics detached": (ghost(stats=torch.Tensor.detach), "its gradient is not"),
    "output detached": (lambda *a: ghost()(*a).detach(), "no gradient flows"),
    "a loop": (loop, "no loop over the workers"),
    "keeps the workers": (
        lambda x, n, *a: ghost()(x, n, *a).reshape(-1, n, *x.shape[1:]),
        "expected a tensor of shape (8, 3, 2, 5), got a tensor of shape (4, 2, 3, 2, 5)",
    ),
}

# 04.7


def first_gamma(weight, groups):
    step = len(weight) // groups
    return weight[::step].repeat_interleave(step)


FIX_WRONG = {
    "nothing fixed": (buggy_group_norm, "groups: with 6 channels in 2 groups, channel 3"),
    "gamma and variance fixed": (gn(view=interleaved), "groups: with 6 channels in 2 groups"),
    "order fixed": (gn(correction=1, gamma=first_gamma), "variance:"),
    "order and gamma fixed": (gn(correction=1), "variance:"),
    "order and variance fixed": (gn(gamma=first_gamma), "gamma:"),
    "a new bug in beta": (lambda x, g, w, b, e: gn()(x, g, w, -b, e), "is not the group norm"),
    "a new bug in eps": (gn(inside=False), "what is eps added to"),
}

WRONG = {
    "04.1": AXES_WRONG,
    "04.2": GROUP_NORM_WRONG,
    "04.3": BACKWARD_WRONG,
    "04.4": EPSILON_WRONG,
    "04.5": STAGES_WRONG,
    "04.6": GHOST_WRONG,
    "04.7": FIX_WRONG,
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


def vectorised(x, n, weight, bias, eps):
    one = lambda part: F.batch_norm(part, None, None, weight, bias, True, eps=eps)  # noqa: E731
    return torch.vmap(one)(x.reshape(-1, n, *x.shape[1:])).reshape(x.shape)


def side_by_side(x, n, weight, bias, eps):
    layer = GhostBatchNorm2d(x.shape[1], n, eps=eps).to(x.dtype)
    return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))


OTHER_RIGHT = {
    "04.1": (lambda k: {"bn": [0, 3], "ln": [-1, -2, -3], "in": 3, "gn": (3, 2)}[k],),
    "04.2": (F.group_norm, group_norm, gn(), solutions.fixed_group_norm),
    "04.3": (backward(), lambda *a: list(backward()(*a))),
    "04.4": (Fraction(3, 4), np.float32(0.75), torch.tensor([0.75]), 0.750001),
    "04.5": (
        tuple(solutions.STAGE_SIZES), np.array(solutions.STAGE_SIZES),
        torch.tensor(solutions.STAGE_SIZES), [2 * (224 / 2**i) ** 2 for i in range(1, 6)],
    ),
    "04.6": (ghost(), vectorised, side_by_side),
    "04.7": (F.group_norm, gn(), naive),
}  # fmt: skip


@pytest.mark.parametrize("id", EXERCISES)
def test_other_right_answers_pass(id):
    for answer in OTHER_RIGHT[id]:
        verdict = judge(EXERCISES[id], answer)
        assert verdict.status == "right", verdict


def test_the_solutions_agree_with_the_library():
    assert {kind: solutions.axes(kind) for kind in AXES} == AXES
    sizes = {}
    model = resnet50(torch.nn.BatchNorm2d).to("meta")
    for layer in norm_traffic(model, (2, 3, 224, 224)):
        sizes[".".join(layer.name.split(".")[:2])] = layer.m  # the last layer of each stage
    assert list(sizes.values()) == solutions.STAGE_SIZES


def test_hints_and_messages_do_not_give_the_answer_away():
    for id, text in (("04.4", "0.75"), ("04.5", "98"), ("04.5", "6272")):
        answers = [answer for answer, _ in WRONG[id].values()]
        said = [*EXERCISES[id].hints, *(judge(EXERCISES[id], a).message for a in answers)]
        assert not any(text in line for line in said), id


def test_the_exercises_are_numbered_in_order():
    assert [e.id for e in EXERCISES.values()] == [f"04.{i}" for i in range(1, 8)]
