"""The checks of chapter 04: each names the first property that an answer lacks."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from cvlib.chapters.group_normalization import solutions
from cvlib.chapters.group_normalization.answers import (
    as_function,
    as_tensor,
    bumped,
    close_to,
    described,
    noise,
)
from cvlib.course.page.exercises import Wrong
from cvlib.normalization.reference import NAMES

TINY = 1e-12  # an epsilon that leaves no trace
LARGE = 0.5  # an epsilon whose place in the formula shows
# For each axis: what is wrong when it is averaged over, and when it is not.
AXIS_FAULTS = (
    ("mixes images: its output changes with the batch",
     "sees one image alone: its output should change with the batch"),
    ("mixes groups: its output changes with channels of another group",
     "sees one group alone: its output should change with every channel of the image"),
    ("mixes channels: its output changes with the channel next to it",
     "sees one channel alone: its output should change with the channel next to it"),
    ("", "sees one position alone: its output should change with every position of the map"),
)  # fmt: skip


def check_axes(answer: Any) -> None:
    """Normalise with the answer's axes, change one value, and see which outputs notice."""
    axes = as_function(answer, "axes(kind)")
    x = noise(2, 2, 3, 5)  # N, G, C/G, P
    for kind, name in NAMES.items():
        chosen = _axes(axes(kind), kind)
        y = _normalized(x, chosen)[0, 0, 0, 0]
        for axis, (mixes, alone) in enumerate(AXIS_FAULTS):
            neighbour = [int(d == axis) for d in range(4)]
            changes = not close_to(_normalized(bumped(x, *neighbour), chosen)[0, 0, 0, 0], y)
            if changes != (axis in solutions.axes(kind)):
                raise Wrong(f"your {name} {mixes if changes else alone}")


def _axes(value: Any, kind: str) -> tuple[int, ...]:
    axes = (value,) if isinstance(value, int) else value
    whole = isinstance(axes, tuple | list) and all(type(a) is int for a in axes)
    if not whole or not axes:
        raise Wrong(f"axes({kind!r}): expected a tuple of one or more whole numbers, such as "
                    f"(0, 1), got {described(value)}")  # fmt: skip
    if not all(-4 <= a < 4 for a in axes):
        raise Wrong(f"axes({kind!r}): x is (N, G, C/G, P), so the axes are 0, 1, 2, 3")
    if len({a % 4 for a in axes}) < len(axes):
        raise Wrong(f"axes({kind!r}) names an axis twice")
    return tuple(axes)


def _normalized(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


# 04.2 and 04.7 ------------------------------------------------------------------------------------

Norm = Callable[..., Tensor]  # (x, eps=..., weight=..., bias=...) -> y, in two groups


def _norm(answer: Any, signature: str) -> Norm:
    """The learner's function with gamma 1, beta 0 and a tiny epsilon by default."""
    function = as_function(answer, signature)

    def norm(x: Tensor, weight: Any = None, bias: Any = None, eps: float = TINY) -> Tensor:
        ones = torch.ones(x.shape[1], dtype=x.dtype)
        weight, bias = ones if weight is None else weight, 0 * ones if bias is None else bias
        given = x.clone()
        y = as_tensor(function(given, 2, weight.clone(), bias.clone(), eps), x.shape)
        if not torch.equal(given, x):
            raise Wrong("your function changes its input x in place")
        return y.detach()

    return norm


def check_group_norm(answer: Any) -> None:
    """Index set, scale, affine part, other shapes, and float32 with a large mean."""
    norm = _norm(answer, "group_norm(x, groups, weight, bias, eps)")
    x = noise(3, 6, 2, 5)
    y = norm(x)
    if not close_to(norm(x[:1]), y[:1]):
        raise Wrong("your output for one image changes with the batch")
    _check_blocks(norm, x)
    _check_scale(norm, x)
    _check_gamma(norm, x)
    if not close_to(norm(x, bias=torch.arange(6.0).double()), y + _per_channel(torch.arange(6.0))):
        raise Wrong("beta is added after gamma, one number per channel")
    _check_the_rest(norm)
    if not close_to(norm(x.float() + 2000), y, 1e-2):
        raise Wrong("adding 2000 to x changes your output in float32: E[x^2] - E[x]^2 is the "
                    "difference of two large numbers; subtract the mean first")  # fmt: skip


def check_fixed_group_norm(answer: Any) -> None:
    """The first of the three planted bugs that is still there, then any new one."""
    norm = _norm(answer, "fixed_group_norm(x, groups, weight, bias, eps)")
    x = noise(3, 6, 2, 5)
    _check_blocks(norm, x)
    _check_scale(norm, x)
    _check_gamma(norm, x)
    _check_the_rest(norm)


def _per_channel(p: Tensor) -> Tensor:
    return p.reshape(-1, 1, 1)


def _check_blocks(norm: Norm, x: Tensor) -> None:
    """Channels 0, 1, 2 of x (N, 6, H, W) are one group, 3, 4, 5 the other."""
    y = norm(x)
    for channel in (3, 4, 5):
        if not close_to(norm(bumped(x, 0, channel))[:, :3], y[:, :3]):
            raise Wrong(f"groups: with 6 channels in 2 groups, channel {channel} changes the "
                        "output of channels 0 to 2; a group is a block of neighbouring channels, "
                        "with a mean and variance of its own")  # fmt: skip
    for channel in (1, 2):
        if close_to(norm(bumped(x, 0, channel))[0, 0], y[0, 0]):
            raise Wrong(f"with 6 channels in 2 groups, channel {channel} should change the output "
                        "of channel 0: a group shares its mean and variance")  # fmt: skip


def _check_scale(norm: Norm, x: Tensor) -> None:
    """Mean 0, mean square 1, and less with a large epsilon."""
    groups = norm(x).reshape(len(x), 2, -1)
    if not close_to(groups.mean(2), torch.zeros(len(x), 2)):
        raise Wrong("with gamma 1 and beta 0 the mean of each group should be 0")
    m = groups.shape[2]
    square = groups.square().mean(2)
    if close_to(square, torch.full_like(square, (m - 1) / m)):
        raise Wrong(f"variance: the mean square of a normalised group of m = {m} values should be "
                    f"1, yours is {m - 1}/{m}; look at what the variance divides by")  # fmt: skip
    if not close_to(square, torch.ones_like(square)):
        raise Wrong("with gamma 1 and a tiny eps the mean square of each group should be 1, yours "
                    f"is {square[0, 0]:.3g}: divide by the standard deviation")  # fmt: skip
    if not close_to(norm(x, eps=LARGE), F.group_norm(x, 2, eps=LARGE)):
        raise Wrong(f"your output is right for a tiny eps and wrong for eps = {LARGE}: what is "
                    "eps added to, and inside or outside of the root?")  # fmt: skip
    if not close_to(norm(torch.full_like(x, 7.0), eps=1e-5), torch.zeros_like(x)):
        raise Wrong("a constant image should come out as beta")


def _check_gamma(norm: Norm, x: Tensor) -> None:
    gamma = torch.tensor([1.0, 2.0, -3.0, 0.5, 0.0, 4.0], dtype=x.dtype)
    if not close_to(norm(x, weight=gamma), norm(x) * _per_channel(gamma)):
        raise Wrong("gamma: each channel should be scaled by its own number; weight has one entry "
                    "for each of the C channels")  # fmt: skip


def _check_the_rest(norm: Norm) -> None:
    """Other numbers of channels and of trailing dimensions, all arguments at once."""
    for shape in ((4, 6, 2, 5), (4, 8), (2, 4, 7), (2, 4, 3, 2, 2)):
        x, weight, bias = noise(*shape), noise(shape[1]), noise(shape[1])
        if not close_to(norm(x, weight, bias, 0.1), F.group_norm(x, 2, weight, bias, 0.1)):
            raise Wrong(f"for x of shape {shape}, 2 groups, random gamma and beta and eps = 0.1 "
                        "your output is not the group norm")  # fmt: skip


# 04.3 ---------------------------------------------------------------------------------------------

Gradients = tuple[Tensor, Tensor, Tensor]


def check_backward(answer: Any) -> None:
    """dbias, dweight, then dx: its symmetries one by one, and autograd in float64."""
    function = as_function(answer, "group_norm_backward(dy, x, groups, weight, eps)")
    x, dy, ones = noise(2, 6, 3, 5), noise(2, 6, 3, 5), torch.ones(6, dtype=torch.float64)
    dx, dweight, dbias = _by_hand(function, dy, x, ones)
    right = _autograd(dy, x, ones)
    _check_parameters(dweight, right[1], "dweight", "dy times what gamma multiplies", x)
    _check_parameters(dbias, right[2], "dbias", "dy", x)
    if not close_to(_by_hand(function, dy[:1], x[:1], ones)[0], dx[:1]):
        raise Wrong("dx of one image changes with the batch")
    if not close_to(dx.reshape(2, 2, -1).sum(2), torch.zeros(2, 2)):
        raise Wrong("dx should sum to 0 in every group, since a constant added to a group changes "
                    "nothing: check the path through the mean")  # fmt: skip
    along = (dx * F.group_norm(x, 2, eps=TINY)).reshape(2, 2, -1).sum(2)
    if not close_to(along, torch.zeros(2, 2)):
        raise Wrong("dx should be orthogonal to the normalised x, since a group's scale changes "
                    "nothing: check the path through the variance")  # fmt: skip
    if not close_to(_by_hand(function, dy, 2 * x, ones)[0], dx / 2):
        raise Wrong("for x twice as large dx should be half as large: count the factors 1/sigma")
    if not close_to(dx, right[0]):
        raise Wrong("with gamma 1 and a tiny eps your dx is not the one that autograd finds")
    weight = noise(6)
    if not close_to(_by_hand(function, dy, x, weight)[0], _autograd(dy, x, weight)[0]):
        raise Wrong("dx is right for gamma 1 and wrong for others: gamma differs from channel to "
                    "channel inside a group, so it cannot be left out or applied last")  # fmt: skip
    for shape, eps in (((2, 6, 3, 5), LARGE), ((3, 4), 0.1), ((2, 8, 2, 3, 2), 0.1)):
        x, dy, weight = noise(*shape), noise(*shape), noise(shape[1])
        got, right = _by_hand(function, dy, x, weight, eps), _autograd(dy, x, weight, eps)
        if not all(map(close_to, got, right)):
            raise Wrong(f"for x of shape {shape} and eps = {eps} autograd finds other gradients")


def _by_hand(
    function: Callable[..., Any], dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY
) -> Gradients:
    try:
        with torch.no_grad():
            got = function(dy.clone(), x.clone(), 2, weight.clone(), eps)
    except RuntimeError as error:
        if "does not require grad" in str(error):
            raise Wrong("you ask autograd; write dx, dweight and dbias by hand") from None
        raise
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Wrong(f"expected the three tensors (dx, dweight, dbias), got {described(got)}")
    shapes = {"dx": x.shape, "dweight": weight.shape, "dbias": weight.shape}
    return tuple(as_tensor(g, s, name) for g, (name, s) in zip(got, shapes.items(), strict=True))


def _autograd(dy: Tensor, x: Tensor, weight: Tensor, eps: float = TINY) -> Gradients:
    leaves = [t.clone().requires_grad_() for t in (x, weight, torch.zeros_like(weight))]
    with torch.enable_grad():
        return torch.autograd.grad(F.group_norm(leaves[0], 2, *leaves[1:], eps), leaves, dy)


def _check_parameters(got: Tensor, right: Tensor, name: str, summand: str, x: Tensor) -> None:
    values = x.numel() // x.shape[1]
    if any(close_to(got * count, right) for count in (len(x), values // len(x), values)):
        raise Wrong(f"{name} is a sum over images and positions, yours is a mean")
    if not close_to(got, right):
        raise Wrong(f"{name} should be, for each channel, the sum of {summand}")


# 04.4 and 04.5 ------------------------------------------------------------------------------------


def check_epsilon(answer: Any) -> None:
    """Run batch norm with it."""
    if isinstance(answer, Tensor) and answer.numel() == 1:
        answer = answer.item()
    if not isinstance(answer, Real) or isinstance(answer, bool):
        raise Wrong(f"expected a number, got {described(answer)}")
    eps = float(answer)
    if not 0 < eps < 1e6:
        raise Wrong("expected a positive number, and not a huge one")
    pair = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    high = F.batch_norm(pair, None, None, training=True, eps=eps)[1].item()
    if abs(high - 0.5) > 1e-4:
        raise Wrong(f"with eps = {eps:.4g} batch norm turns the two values 0 and 1 into "
                    f"-{high:.3f} and +{high:.3f}, not into -0.5 and +0.5")  # fmt: skip


STAGES = ("the stem", "conv2_x", "conv3_x", "conv4_x", "conv5_x")


def check_stage_sizes(answer: Any) -> None:
    """Whole numbers, then the usual slips by name, then the first wrong stage."""
    got = answer.tolist() if hasattr(answer, "tolist") else answer
    if not isinstance(got, tuple | list):
        raise Wrong(f"expected a list of five numbers, one for each stage, got {described(answer)}")
    if len(got) != len(STAGES):
        raise Wrong(f"expected five numbers, one for each stage, got {len(got)}")
    if not all(isinstance(m, Real) and m % 1 == 0 for m in got):
        raise Wrong("expected five whole numbers: m counts values")
    got = list(got)
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


class _Calls(TorchFunctionMode):
    """Counts calls of torch: a loop over workers makes more of them for more workers."""

    count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def check_ghost(answer: Any) -> None:
    """Who shares statistics, then values and gradients of K passes, then one pass only."""
    ghost = as_function(answer, "ghost_batch_norm(x, images_per_worker, weight, bias, eps)")
    x, ones = noise(8, 3, 2, 5), torch.ones(3, dtype=torch.float64)

    def two(x: Tensor) -> Tensor:
        return as_tensor(ghost(x.clone(), 2, ones.clone(), 0 * ones, TINY), x.shape).detach()

    y = two(x)
    for image in range(2, 8):
        if not close_to(two(bumped(x, image))[:2], y[:2]):
            raise Wrong(f"with 2 images per worker, image {image} changes the output of images 0 "
                        "and 1, which are another worker's")  # fmt: skip
    if close_to(two(bumped(x, 1))[0], y[0]):
        raise Wrong("image 1 should change the output of image 0: the 2 images of a worker share "
                    "mean and variance")  # fmt: skip
    if not close_to(two(bumped(x, 0, 1))[:, 0], y[:, 0]):
        raise Wrong("channel 1 changes the output of channel 0: batch norm keeps channels apart")
    if close_to(y * (20 / 19) ** 0.5, _passes(x, 2, ones, 0 * ones, TINY)):
        raise Wrong("the variance of m = 20 values divides by 20, yours by 19")
    for shape, n in (((8, 3, 2, 5), 2), ((8, 3, 2, 5), 8), ((12, 5, 2, 1), 4), ((6, 4, 1, 1), 2)):
        _check_passes(ghost, shape, n)
    if _calls(ghost, 16) > _calls(ghost, 2):
        raise Wrong("your output is right, but 16 workers take more calls of torch than 2: no loop "
                    "over the workers, they fit into one pass")  # fmt: skip


def _passes(x: Tensor, n: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return torch.cat([F.batch_norm(part, None, None, weight, bias, True, eps=eps)
                      for part in x.split(n)])  # fmt: skip


def _check_passes(ghost: Callable[..., Any], shape: tuple[int, ...], n: int) -> None:
    arguments = [noise(*shape), noise(shape[1]), noise(shape[1])]
    upstream, results = noise(*shape), []
    for function in (ghost, _passes):
        x, weight, bias = leaves = [a.clone().requires_grad_() for a in arguments]
        y = as_tensor(function(x * 1, n, weight * 1, bias * 1, LARGE), shape)
        if not y.requires_grad:
            raise Wrong("no gradient flows through your output: leave out detach and no_grad")
        grads = torch.autograd.grad(y, leaves, upstream, materialize_grads=True)
        results.append((y.detach(), grads))
    (y, grads), (right, right_grads) = results
    where = f"for x of shape {shape}, {n} images per worker and eps = {LARGE}"
    if not close_to(y, right):
        raise Wrong(f"{where} your output differs from that of {shape[0] // n} separate passes")
    if not all(map(close_to, grads, right_grads)):
        raise Wrong(f"{where} the output is right and its gradient is not: the statistics depend "
                    "on x")  # fmt: skip


def _calls(ghost: Callable[..., Any], workers: int) -> int:
    x, ones = noise(2 * workers, 3, 2, 2), torch.ones(3, dtype=torch.float64)
    with _Calls() as calls:
        ghost(x, 2, ones, 0 * ones, LARGE)
    return calls.count
