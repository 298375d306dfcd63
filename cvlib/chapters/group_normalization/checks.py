"""The checks of chapter 04: each names the first property that an answer lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.group_normalization import solutions
from cvlib.course.page import answers
from cvlib.course.page.answers import Wrong, close

TINY = 1e-12  # an epsilon that leaves no trace
LARGE = 0.5  # an epsilon whose place in the formula shows


def noise(*shape: int) -> Tensor:
    """Standard normal float64 values of this shape."""
    return torch.randn(*shape, dtype=torch.float64)


def bumped(x: Tensor, *index: int) -> Tensor:
    """A copy of x with 3 added to x[index]."""
    other = x.clone()
    other[index] += 3
    return other


def must_flow(function: Callable[..., Any], inputs: tuple[Tensor, ...], right: Callable) -> None:
    """The output's gradients with respect to `inputs`, if it has any, must be those of `right`."""
    gradients = []
    for norm in (function, right):
        leaves = [t.clone().requires_grad_() for t in inputs]
        y = norm(*leaves)
        if not isinstance(y, Tensor) or not y.requires_grad:
            return  # lists and numpy arrays carry no gradient, and are right all the same
        upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
        gradients.append(torch.autograd.grad(y, leaves, upstream, materialize_grads=True))
    if not all(map(close, *gradients)):
        raise Wrong("the output is right and its gradient is not: mean and variance depend on x")


# 04.1 ---------------------------------------------------------------------------------------------


def check_channel_norm(answer: Any) -> None:
    """Who shares a mean, then scale, affine part, stability, and the gradient."""
    function = answers.function(answer, "channel_norm(x, weight, bias, eps)")

    def norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = TINY) -> Tensor:
        return answers.tensor(function(x, weight, bias, eps), x.shape)

    x, ones = noise(2, 4, 3, 5), torch.ones(4, dtype=torch.float64)
    y = norm(x, ones, 0 * ones)
    if not close(norm(bumped(x, 1), ones, 0 * ones)[0], y[0]):
        raise Wrong("image 1 changes the output of image 0: a layer norm sees one image alone")
    if not close(norm(bumped(x, 0, 0, 2), ones, 0 * ones)[0, :, 0], y[0, :, 0]):
        raise Wrong("one position changes the output at another: here every position has a mean "
                    "of its own, over its channels")  # fmt: skip
    if close(norm(bumped(x, 0, 3), ones, 0 * ones)[0, 0], y[0, 0]):
        raise Wrong("channel 3 should change the output of channel 0: they share a mean")
    _check_scale(y.transpose(0, 1).reshape(4, -1).T, "the channels of each position")
    for shape, eps in (
        ((2, 4, 3, 5), LARGE),
        ((3, 7), 0.1),
        ((2, 5, 6), 0.1),
        ((1, 3, 2, 2, 2), 0.1),
    ):
        x, weight, bias = noise(*shape), noise(shape[1]), noise(shape[1])
        if not close(norm(x, weight, bias, eps), _channel_norm(x, weight, bias, eps)):
            raise Wrong(f"for x of shape {shape}, random gamma and beta per channel and "
                        f"eps = {eps} your output is another one: eps is added to the variance, "
                        "inside the root; beta comes after gamma")  # fmt: skip
    _check_stable(lambda x: norm(x, ones.to(x), 0 * ones.to(x), 1e-5), noise(2, 4, 3, 5))
    inputs = noise(2, 4, 3), noise(4), noise(4)
    must_flow(lambda *a: function(*a, LARGE), inputs, lambda *a: _channel_norm(*a, LARGE))


def _channel_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    last = x.movedim(1, -1)
    return F.layer_norm(last, last.shape[-1:], weight, bias, eps).movedim(-1, 1)


def _check_scale(sets: Tensor, which: str) -> None:
    """Mean 0 and mean square 1 in every row of `sets` (sets, m)."""
    if not close(sets.mean(1), torch.zeros(len(sets))):
        raise Wrong(f"with gamma 1 and beta 0 the mean over {which} should be 0")
    m = sets.shape[1]
    square = sets.double().square().mean(1)
    if close(square, torch.full_like(square, (m - 1) / m)):
        raise Wrong(f"variance: the mean square of m = {m} normalised values should be 1, yours "
                    f"is {m - 1}/{m}; look at what the variance divides by")  # fmt: skip
    if not close(square, torch.ones_like(square)):
        raise Wrong("with gamma 1 and a tiny eps the mean square should be 1, yours is "
                    f"{square[0]:.3g}: divide by the standard deviation")  # fmt: skip


def _check_stable(norm: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """In float32 a large mean must not drown the variance: a look at E[x^2] - E[x]^2."""
    try:
        far = norm((x + 3000).float())
    except Wrong as wrong:
        raise Wrong(f"for float32 values around 3000 {wrong}: E[x^2] - E[x]^2 is the difference "
                    "of two large numbers; subtract the mean first") from None  # fmt: skip
    if not close(far, norm(x), 1e-2):
        raise Wrong("adding 3000 to x changes your output in float32: E[x^2] - E[x]^2 is the "
                    "difference of two large numbers; subtract the mean first")  # fmt: skip


# 04.2 ---------------------------------------------------------------------------------------------


def check_masked_group_norm(answer: Any) -> None:
    """Padding must not matter; without padding it is group norm, for any number of groups."""
    function = answers.function(answer, "masked_group_norm(x, mask, groups, weight, bias, eps)")

    def norm(
        x: Tensor, mask: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float
    ) -> Tensor:
        y = answers.tensor(function(x, mask, groups, weight, bias, eps), x.shape)
        return torch.where(mask[:, None], y, 0)  # what comes out of padding does not matter

    x, weight, bias = noise(3, 6, 8), noise(6), noise(6)
    mask = torch.arange(8) < torch.tensor([[8], [5], [3]])
    y = norm(x, mask, 2, weight, bias, TINY)
    for groups in (1, 2, 3):
        whole = torch.ones_like(mask)
        right = F.group_norm(x, groups, weight, bias, LARGE)
        if not close(norm(x, whole, groups, weight, bias, LARGE), right):
            raise Wrong(f"with nothing masked and {groups} group{'s'[: groups > 1]} your output is "
                        "not the group norm")  # fmt: skip
    if not close(norm(torch.where(mask[:, None], x, 100.0), mask, 2, weight, bias, TINY), y):
        raise Wrong("what stands in the padding changes your output: leave it out of both mean "
                    "and variance")  # fmt: skip
    for i, length in ((1, 5), (2, 3)):
        right = F.group_norm(x[i : i + 1, :, :length], 2, weight, bias, TINY)[0]
        if not close(y[i, :, :length], right):
            raise Wrong(f"sequence {i} has {length} of 8 positions, and your output is not that "
                        "of the cut sequence: m counts the valid values only")  # fmt: skip
    ones = torch.ones_like(weight)
    _check_stable(lambda x: norm(x, mask, 2, ones.to(x), 0 * ones.to(x), 1e-5), x)
    inputs = x, weight, bias
    must_flow(_kept(function, mask), inputs, _kept(solutions.masked_group_norm, mask))


def _kept(function: Callable[..., Any], mask: Tensor) -> Callable[..., Any]:
    """The function of (x, gamma, beta) whose output is 0 in the padding."""

    def outside_padding(x: Tensor, weight: Tensor, bias: Tensor) -> Any:
        y = function(x, mask, 2, weight, bias, LARGE)
        return torch.where(mask[:, None], y, 0) if isinstance(y, Tensor) else y

    return outside_padding


# 04.3 ---------------------------------------------------------------------------------------------

Gradients = tuple[Tensor, Tensor, Tensor]


def check_backward(answer: Any) -> None:
    """dbias, dweight, then dx: its symmetries one by one, and autograd in float64."""
    function = answers.function(answer, "batch_norm_backward(dy, x, weight, eps)")
    x, dy, ones = noise(4, 3, 2, 5), noise(4, 3, 2, 5), torch.ones(3, dtype=torch.float64)
    dx, dweight, dbias = _by_hand(function, dy, x, ones)
    right = _autograd(dy, x, ones)
    _check_parameters(dweight, right[1], "dweight", "dy times what gamma multiplies", x)
    _check_parameters(dbias, right[2], "dbias", "dy", x)
    if close(_by_hand(function, bumped(dy, 1), x, ones)[0][0], dx[0]):
        raise Wrong("dx of image 0 should change with dy of image 1: the images share a mean")
    if not close(dx.sum((0, 2, 3)), torch.zeros(3)):
        raise Wrong("dx should sum to 0 in every channel, since a constant added to a channel "
                    "changes nothing: check the path through the mean")  # fmt: skip
    normal = F.batch_norm(x, None, None, training=True, eps=TINY)
    if not close((dx * normal).sum((0, 2, 3)), torch.zeros(3)):
        raise Wrong("dx should be orthogonal to the normalised x, since a channel's scale changes "
                    "nothing: check the path through the variance")  # fmt: skip
    if not close(_by_hand(function, dy, 2 * x, ones)[0], dx / 2):
        raise Wrong("for x twice as large dx should be half as large: count the factors 1/sigma")
    if not close(dx, right[0]):
        raise Wrong("with gamma 1 and a tiny eps your dx is not the one that autograd finds")
    for shape, eps in (((4, 3, 2, 5), TINY), ((2, 4, 3, 3), LARGE), ((5, 2, 1, 1), 0.1)):
        x, dy, weight = noise(*shape), noise(*shape), noise(shape[1])
        got, right = _by_hand(function, dy, x, weight, eps), _autograd(dy, x, weight, eps)
        if not all(map(close, got, right)):
            raise Wrong(f"for x of shape {shape}, random gamma and eps = {eps} autograd finds "
                        "other gradients")  # fmt: skip


def _by_hand(
    function: Callable[..., Any], dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY
) -> Gradients:
    with torch.no_grad(), answers.by_hand("dx, dweight and dbias"):
        got = function(dy, x, weight, eps)
    three = answers.several(got, 3, "dx, dweight and dbias")
    shapes = {"dx": x.shape, "dweight": weight.shape, "dbias": weight.shape}
    named = zip(three, shapes.items(), strict=True)
    return tuple(answers.tensor(g, shape, name) for g, (name, shape) in named)


def _autograd(dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY) -> Gradients:
    leaves = [t.clone().requires_grad_() for t in (x, weight, torch.zeros_like(weight))]
    y = F.batch_norm(leaves[0], None, None, *leaves[1:], training=True, eps=eps)
    return torch.autograd.grad(y, leaves, dy)


def _check_parameters(got: Tensor, right: Tensor, name: str, summand: str, x: Tensor) -> None:
    values = x.numel() // x.shape[1]
    if any(close(got * count, right) for count in (len(x), values // len(x), values)):
        raise Wrong(f"{name} is a sum over images and positions, yours is a mean")
    if not close(got, right):
        raise Wrong(f"{name} should be, for each channel, the sum of {summand}")


# 04.4 and 04.5 ------------------------------------------------------------------------------------


def check_epsilon(answer: Any) -> None:
    """Run batch norm with it."""
    eps = answers.number(answer)
    if not 0 < eps < 1e6:
        raise Wrong("expected a positive number, and not a huge one")
    pair = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    high = F.batch_norm(pair, None, None, training=True, eps=eps)[1].item()
    if abs(high - 0.5) > 1e-4:
        got, wanted = answers.apart(high, 0.5)
        raise Wrong(f"with eps = {eps:.6g} batch norm turns the two values 0 and 1 into "
                    f"-{got} and +{got}, not into -{wanted} and +{wanted}")  # fmt: skip


STAGES = ("the stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x")


def check_stage_sizes(answer: Any) -> None:
    """Whole numbers, then the usual slips by name, then the first wrong stage."""
    listed = answers.sequence(answer, "a list of five numbers, one for each stage")
    if len(listed) != len(STAGES):
        raise Wrong(f"expected five numbers, one for each stage, got {len(listed)}")
    got = [answers.whole(m, f"m of {s}") for m, s in zip(listed, STAGES, strict=True)]
    right = solutions.STAGE_SIZES
    sides = [int((m / 2) ** 0.5) for m in right]
    if got == [m // 2 for m in right]:
        raise Wrong("you count one image: the mean runs over the images of the worker too")
    if got in (sides, [2 * s for s in sides]):
        raise Wrong("the mean runs over height and width, not over one side of the map")
    if got[1:] == right[:-1]:
        raise Wrong("your list is one halving late: how many layers of stride 2 come before the "
                    "first block?")  # fmt: skip
    if got[:-1] == right[1:]:
        raise Wrong("your list is one halving early: the stem's norm comes before the max pool")
    for stage, mine, m in zip(STAGES, got, right, strict=True):
        if mine != m:
            raise Wrong(f"m of {stage} is another number: images of the worker times height times "
                        "width of its map, for one channel")  # fmt: skip


# 04.6 ---------------------------------------------------------------------------------------------


def check_running_statistics(answer: Any) -> None:
    """Mean, variance, momentum, and who the workers are."""
    signature = "running_statistics(x, images_per_worker, running_mean, running_var, momentum)"
    function = answers.function(answer, signature)

    def stored(x: Tensor, n: int, mean: Tensor, var: Tensor, momentum: float) -> list[Tensor]:
        got = answers.several(function(x, n, mean, var, momentum), 2, "the new mean and variance")
        names = ("your mean", "your variance")
        return [answers.tensor(g, mean.shape, name) for g, name in zip(got, names, strict=True)]

    x, before = 3 + noise(8, 3, 2, 5), (noise(3), 1 + noise(3).square())
    right = solutions.running_statistics(x, 2, *before, 0.1)
    mean, var = stored(x, 2, *before, 0.0)
    if not (close(mean, before[0]) and close(var, before[1])):
        raise Wrong("with momentum 0 the running statistics should stay as they are: momentum is "
                    "the weight of the new batch")  # fmt: skip
    mean, var = stored(x, 2, *before, 1.0)
    whole, biased = x.var((0, 2, 3)), x.reshape(4, 2, 3, 2, 5).var((1, 3, 4), correction=0).mean(0)
    if close(var, whole) or close(var, x.var((0, 2, 3), correction=0)):
        raise Wrong("your variance is that of all 8 images: every worker has its own, and the "
                    "mean over workers is stored")  # fmt: skip
    if close(var, biased):
        raise Wrong("batch norm normalises with the variance 1/m and stores the unbiased one, "
                    "1/(m - 1)")  # fmt: skip
    mean, var = stored(x, 2, *before, 0.1)
    if not close(mean, right[0]):
        raise Wrong("your running mean is not 0.9 times the old one and 0.1 times the mean over "
                    "workers of the batch's")  # fmt: skip
    if not close(var, right[1]):
        raise Wrong("your running variance is not 0.9 times the old one and 0.1 times the mean "
                    "over workers: images 0 and 1 are the first worker's")  # fmt: skip
    for shape, n, momentum in (
        ((12, 5, 2, 1), 4, 0.3),
        ((6, 4, 1, 1), 2, 0.1),
        ((4, 2, 3, 3), 4, 1.0),
    ):
        x, before = noise(*shape), (noise(shape[1]), noise(shape[1]).square())
        if not all(
            map(
                close,
                stored(x, n, *before, momentum),
                solutions.running_statistics(x, n, *before, momentum),
            )
        ):
            raise Wrong(f"for x of shape {shape}, {n} images per worker and momentum {momentum} "
                        "your statistics are others")  # fmt: skip


# 04.7 ---------------------------------------------------------------------------------------------


def check_merged(answer: Any) -> None:
    """The first of the three planted bugs that is still there, then any new one."""
    function = answers.function(answer, "merged(kernel, offset, gamma, beta, mean, var, eps)")
    kernel, offset = noise(4, 4, 3, 3), noise(4)
    norm = (noise(4), noise(4), noise(4), 0.1 + noise(4).square())
    x = noise(2, 4, 6, 6)

    def off(offset: Tensor, norm: tuple[Tensor, ...], eps: float) -> Tensor:
        """The merged convolution's output minus that of the two layers."""
        pair = answers.several(function(kernel, offset, *norm, eps), 2, "kernel and offset")
        mine = [answers.tensor(p, q.shape, name).double() for p, q, name in zip(
            pair, (kernel, offset), ("your kernel", "your offset"), strict=True)]  # fmt: skip
        gamma, beta, mean, var = norm
        two = F.batch_norm(F.conv2d(x, kernel, offset), mean, var, gamma, beta, eps=eps)
        return F.conv2d(x, *mine) - two

    zero, one = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    if not close(off(zero, (norm[0], zero, zero, one), TINY), torch.zeros(2, 4, 4, 4)):
        raise Wrong("gamma: the norm scales what comes out of the convolution, one number for "
                    "each output channel; which axis of the kernel is that?")  # fmt: skip
    if not close(off(zero, norm, LARGE), torch.zeros(2, 4, 4, 4)):
        raise Wrong(f"with eps = {LARGE} the merged convolution is not the two layers: what is "
                    "eps added to, and what is subtracted before the scale?")  # fmt: skip
    if not close(off(offset, norm, LARGE), torch.zeros(2, 4, 4, 4)):
        raise Wrong("a convolution with an offset of its own comes out wrong: the norm sees the "
                    "offset too")  # fmt: skip
