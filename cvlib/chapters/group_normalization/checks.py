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
CANCELS = "E[x^2] - E[x]^2 is the difference of two large numbers; subtract the mean first"


def expect(holds: bool, otherwise: str) -> None:
    """Raise `Wrong` with the sentence unless the property holds."""
    if not holds:
        raise Wrong(otherwise)


def noise(*shape: int) -> Tensor:
    """Standard normal float64 values of this shape."""
    return torch.randn(*shape, dtype=torch.float64)


def bumped(x: Tensor, *index: int) -> Tensor:
    """A copy of x with 3 added to x[index]."""
    other = x.clone()
    other[index] += 3
    return other


def must_flow(
    function: Callable[..., Any], inputs: tuple[Tensor, ...], right: Callable[..., Tensor],
    where: Tensor,
) -> None:  # fmt: skip
    """Where it matters, the gradients of the output, if it has any, must be those of `right`."""
    gradients = []
    for norm in (function, right):
        leaves = [t.clone().requires_grad_() for t in inputs]
        y = norm(*leaves)
        if not isinstance(y, Tensor) or not y.requires_grad:
            return  # lists and numpy arrays carry no gradient, and are right all the same
        upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
        gradients.append(torch.autograd.grad(y, leaves, upstream * where, materialize_grads=True))
    flows = all(map(close, *gradients))
    expect(flows, "the output is right and its gradient is not: mean and variance depend on x")


def must_be_stable(norm: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """In float32 a large mean must not drown the variance."""
    try:
        far = norm((x + 3000).float())
    except Wrong as wrong:
        raise Wrong(f"for float32 values around 3000 {wrong}: {CANCELS}") from None
    expect(close(far, norm(x), 1e-2), f"adding 3000 to x changes your output in float32: {CANCELS}")


# 04.1 ---------------------------------------------------------------------------------------------


def check_channel_norm(answer: Any) -> None:
    """Who shares a mean, then scale, affine part, stability, and the gradient."""
    function = answers.function(answer, "channel_norm(x, weight, bias, eps)")

    def norm(x: Tensor, eps: float = TINY) -> Tensor:
        ones = torch.ones(x.shape[1], dtype=x.dtype)
        return answers.tensor(function(x, ones, 0 * ones, eps), x.shape)

    x = noise(2, 4, 3, 5)
    y = norm(x)
    alone = close(norm(bumped(x, 1))[0], y[0])
    expect(alone, "image 1 changes the output of image 0: a layer norm sees one image alone")
    apart = close(norm(bumped(x, 0, 0, 2))[0, :, 0], y[0, :, 0])
    expect(apart, "positions mix: every position has a mean of its own, over its channels")
    shared = not close(norm(bumped(x, 0, 3))[0, 0], y[0, 0])
    expect(shared, "channel 3 should change the output of channel 0: they share a mean")
    square = y.double().square().mean(1)
    unbiased = close(square, torch.full_like(square, 3 / 4))
    expect(
        not unbiased, "the mean square of m = 4 values is 3/4: what does the variance divide by?"
    )
    mean_square = f"with gamma 1 the mean square should be 1, yours is {square[0, 0, 0]:.3g}"
    expect(close(square, torch.ones_like(square)), f"{mean_square}: divide by the root of it")
    for shape in ((2, 4, 3, 5), (3, 7), (2, 5, 6), (1, 3, 2, 2, 2)):
        x, weight, bias = noise(*shape), noise(shape[1]), noise(shape[1])
        got = answers.tensor(function(x, weight, bias, LARGE), x.shape)
        same = close(got, solutions.channel_norm(x, weight, bias, LARGE))
        where = f"for x of shape {shape}, random gamma and beta and eps = {LARGE}"
        expect(same, f"{where} the output is wrong: eps is inside the root, beta after gamma")
    must_be_stable(lambda x: norm(x, 1e-5), noise(2, 4, 3, 5))
    right = lambda *a: solutions.channel_norm(*a, LARGE)  # noqa: E731
    inputs = noise(2, 4, 3), noise(4), noise(4)
    must_flow(lambda *a: function(*a, LARGE), inputs, right, torch.tensor(True))


# 04.2 ---------------------------------------------------------------------------------------------


def check_masked_group_norm(answer: Any) -> None:
    """Padding must not matter; without padding it is group norm, for any number of groups."""
    function = answers.function(answer, "masked_group_norm(x, mask, groups, weight, bias, eps)")
    mask = torch.arange(8) < torch.tensor([[8], [5], [3]])
    x, weight, bias = noise(3, 6, 8), noise(6), noise(6)

    def norm(x: Tensor, valid: Tensor = mask, groups: int = 2, eps: float = TINY) -> Tensor:
        got = function(x, valid, groups, weight.to(x), bias.to(x), eps)
        return torch.where(valid[:, None], answers.tensor(got, x.shape), 0)

    y = norm(x)
    for groups in (1, 2, 3):
        got = norm(x, torch.ones_like(mask), groups, LARGE)
        same = close(got, F.group_norm(x, groups, weight, bias, LARGE))
        expect(same, f"with nothing masked and G = {groups} your output is not the group norm")
    ignored = close(norm(torch.where(mask[:, None], x, 100.0)), y)
    expect(ignored, "what stands in the padding changes your mean or variance: leave it out")
    for i, length in ((1, 5), (2, 3)):
        cut = F.group_norm(x[i : i + 1, :, :length], 2, weight, bias, TINY)[0]
        same = close(y[i, :, :length], cut)
        expect(same, f"{length} of 8 positions are not like a cut sequence: m counts valid values")
    must_be_stable(lambda x: norm(x, eps=1e-5), x)
    must_flow(
        lambda *a: function(a[0], mask, 2, *a[1:], LARGE),
        (x, weight, bias),
        lambda *a: solutions.masked_group_norm(a[0], mask, 2, *a[1:], LARGE),
        mask[:, None],
    )


# 04.3 ---------------------------------------------------------------------------------------------

Gradients = tuple[Tensor, ...]


def check_backward(answer: Any) -> None:
    """dweight and dbias, then dx: its symmetries one by one, and autograd in float64."""
    function = answers.function(answer, "batch_norm_backward(dy, x, weight, eps)")
    x, dy, ones = noise(4, 3, 2, 5), noise(4, 3, 2, 5), torch.ones(3, dtype=torch.float64)
    got, right = _by_hand(function, dy, x, ones), _autograd(dy, x, ones)
    for i, name, summand in ((1, "dweight", "dy times what gamma multiplies"), (2, "dbias", "dy")):
        mean = any(close(got[i] * count, right[i]) for count in (4, 10, 40))
        expect(not mean, f"{name} is a sum over images and positions, yours is a mean")
        summed = close(got[i], right[i])
        expect(summed, f"{name} should be, for each channel, the sum of {summand}")
    dx = got[0]
    shared = not close(_by_hand(function, bumped(dy, 1), x, ones)[0][0], dx[0])
    expect(shared, "dx of image 0 should change with dy of image 1: the images share a mean")
    none = torch.zeros(3)
    total = dx.sum((0, 2, 3))
    expect(close(total, none), "dx should sum to 0 in every channel: check the path of the mean")
    along = (dx * F.batch_norm(x, None, None, training=True, eps=TINY)).sum((0, 2, 3))
    expect(close(along, none), "dx should be orthogonal to the normalised x: check the path of the "
           "variance")  # fmt: skip
    half = close(_by_hand(function, dy, 2 * x, ones)[0], dx / 2)
    expect(half, "for x twice as large dx should be half as large: count the factors 1/sigma")
    for shape, eps in (((4, 3, 2, 5), TINY), ((2, 4, 3, 3), LARGE), ((5, 2, 1, 1), 0.1)):
        x, dy, weight = noise(*shape), noise(*shape), noise(shape[1])
        got, right = _by_hand(function, dy, x, weight, eps), _autograd(dy, x, weight, eps)
        same = all(map(close, got, right))
        expect(same, f"for x of shape {shape}, random gamma and eps = {eps} autograd finds others")


def _by_hand(
    function: Callable[..., Any], dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY
) -> Gradients:
    with torch.no_grad(), answers.by_hand("dx, dweight and dbias"):
        got = function(dy, x, weight, eps)
    dx, dweight, dbias = answers.several(got, 3, "dx, dweight and dbias")
    dx = answers.tensor(dx, x.shape, "dx")
    dweight = answers.tensor(dweight, weight.shape, "dweight")
    return dx, dweight, answers.tensor(dbias, weight.shape, "dbias")


def _autograd(dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY) -> Gradients:
    leaves = [t.clone().requires_grad_() for t in (x, weight, torch.zeros_like(weight))]
    y = F.batch_norm(leaves[0], None, None, *leaves[1:], training=True, eps=eps)
    return torch.autograd.grad(y, leaves, dy)


# 04.4 and 04.5 ------------------------------------------------------------------------------------


def check_epsilon(answer: Any) -> None:
    """Run batch norm with it."""
    eps = answers.number(answer)
    expect(0 < eps < 1e6, "expected a positive number, and not a huge one")
    pair = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    high = F.batch_norm(pair, None, None, training=True, eps=eps)[1].item()
    got, half = answers.apart(high, 0.5)
    expect(abs(high - 0.5) < 1e-4, f"with eps = {eps:.6g} batch norm turns the two values 0 and 1 "
           f"into -{got} and +{got}, not into -{half} and +{half}")  # fmt: skip


STAGES = ("the stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x")


def check_stage_sizes(answer: Any) -> None:
    """Whole numbers, then the usual slips by name, then the first wrong stage."""
    listed = answers.sequence(answer, "a list of five numbers, one for each stage")
    expect(len(listed) == 5, f"expected five numbers, one for each stage, got {len(listed)}")
    got = [answers.whole(m, f"m of {s}") for m, s in zip(listed, STAGES, strict=True)]
    right = solutions.STAGE_SIZES
    sides = [int((m / 2) ** 0.5) for m in right]
    one_image = got == [m // 2 for m in right]
    expect(not one_image, "you count one image: the mean runs over the images of the worker too")
    one_side = got in (sides, [2 * s for s in sides])
    expect(not one_side, "the mean runs over height and width, not over one side of the map")
    expect(got[1:] != right[:-1], "your list is one halving late: count the layers of stride 2")
    expect(got[:-1] != right[1:], "your list is one halving early: the stem's norm comes first")
    for stage, mine, m in zip(STAGES, got, right, strict=True):
        expect(mine == m, f"m of {stage} is another number: images times height times width")


# 04.6 ---------------------------------------------------------------------------------------------

SHAPES = (((8, 3, 2, 5), 2, 0.1), ((12, 5, 2, 1), 4, 0.3), ((6, 4, 1, 1), 2, 1))


def check_running_statistics(answer: Any) -> None:
    """Momentum, whose variance and which, then who the workers are."""
    signature = "running_statistics(x, images_per_worker, running_mean, running_var, momentum)"
    function = answers.function(answer, signature)

    def stored(x: Tensor, n: int, before: tuple[Tensor, Tensor], momentum: float) -> list[Tensor]:
        got = answers.several(function(x, n, *before, momentum), 2, "the new mean and variance")
        return [answers.tensor(g, b.shape) for g, b in zip(got, before, strict=True)]

    x, before = 3 + noise(8, 3, 2, 5), (noise(3), 1 + noise(3).square())
    kept = all(map(close, stored(x, 2, before, 0.0), before))
    expect(kept, "with momentum 0 nothing should change: momentum is the weight of the new batch")
    _, var = stored(x, 2, before, 1.0)
    whole = any(close(var, x.var((0, 2, 3), correction=c)) for c in (0, 1))
    expect(not whole, "your variance is that of all 8 images: every worker has its own")
    biased = x.reshape(4, 2, 3, 2, 5).var((1, 3, 4), correction=0).mean(0)
    expect(not close(var, biased), "batch norm normalises with 1/m, and stores 1/(m - 1)")
    for shape, n, momentum in SHAPES:
        x, before = noise(*shape), (noise(shape[1]), noise(shape[1]).square())
        got = stored(x, n, before, momentum)
        right = solutions.running_statistics(x, n, *before, momentum)
        where = f"for x of shape {shape}, {n} images per worker and momentum {momentum}"
        expect(close(got[0], right[0]), f"{where} your running mean is no mean over workers")
        expect(close(got[1], right[1]), f"{where} your running variance is another one: images 0 "
               f"to {n - 1} are the first worker's")  # fmt: skip


# 04.7 ---------------------------------------------------------------------------------------------


def check_merged(answer: Any) -> None:
    """The first of the three planted bugs that is still there, then any new one."""
    function = answers.function(answer, "merged(kernel, offset, gamma, beta, mean, var, eps)")
    kernel, x = noise(4, 4, 3, 3), noise(2, 4, 6, 6)
    zero, one = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    norm = noise(4), noise(4), noise(4), 0.1 + noise(4).square()  # gamma, beta, mean, var

    def agrees(offset: Tensor, norm: tuple[Tensor, ...], eps: float) -> bool:
        pair = answers.several(function(kernel, offset, *norm, eps), 2, "kernel and offset")
        new_kernel = answers.tensor(pair[0], kernel.shape, "your kernel").double()
        new_offset = answers.tensor(pair[1], offset.shape, "your offset").double()
        gamma, beta, mean, var = norm
        two = F.batch_norm(F.conv2d(x, kernel, offset), mean, var, gamma, beta, eps=eps)
        return close(F.conv2d(x, new_kernel, new_offset), two)

    scaled = agrees(zero, (norm[0], zero, zero, one), TINY)
    expect(scaled, "gamma scales output channels: which axis of the kernel is that?")
    merged = agrees(zero, norm, LARGE)
    expect(merged, "what is eps added to, and what is subtracted before the scale?")
    shifted = agrees(noise(4), norm, LARGE)
    expect(shifted, "a convolution with an offset comes out wrong: the norm sees the offset too")
