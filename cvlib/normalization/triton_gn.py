"""Group norm (+ ReLU) in one kernel each way: the layer at the speed of the memory.

Triton is an extra: import this module only where it is installed (`pip install triton`, or any
CUDA build of torch). With TRITON_INTERPRET=1, set before the import, it runs on a CPU, slowly.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from cvlib.course.errors import CourseError
from cvlib.normalization.reference import check_groups


@triton.jit
def _forward(X, W, B, Y, MEAN, R, P, D, G, eps, RELU: tl.constexpr, BLOCK: tl.constexpr):
    """One program per (image, group): D channels of P positions, m = D P values in a row."""
    row, m = tl.program_id(0).to(tl.int64), D * P
    lanes = tl.arange(0, BLOCK)
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, m, BLOCK):
        i = start + lanes
        total += tl.load(X + row * m + i, mask=i < m, other=0.0).to(tl.float32)
    mean = tl.sum(total, 0) / m
    squares = tl.zeros([BLOCK], tl.float32)
    for start in range(0, m, BLOCK):  # a second pass, since E[x^2] - E[x]^2 cancels
        i = start + lanes
        x = tl.load(X + row * m + i, mask=i < m, other=0.0).to(tl.float32)
        squares += tl.where(i < m, (x - mean) * (x - mean), 0.0)
    r = 1.0 / tl.sqrt(tl.sum(squares, 0) / m + eps)
    tl.store(MEAN + row, mean)
    tl.store(R + row, r)
    for start in range(0, m, BLOCK):
        i = start + lanes
        c = (row % G) * D + i // P
        x = tl.load(X + row * m + i, mask=i < m, other=0.0).to(tl.float32)
        gamma = tl.load(W + c, mask=i < m, other=0.0).to(tl.float32)
        y = (x - mean) * r * gamma + tl.load(B + c, mask=i < m, other=0.0).to(tl.float32)
        if RELU:
            y = tl.maximum(y, 0.0)
        tl.store(Y + row * m + i, y, mask=i < m)


@triton.jit
def _incoming(X, DY, place, inside, mean, r, gamma, beta, RELU: tl.constexpr):
    """x_hat and dy of one block of one channel; dy is 0 where the ReLU was."""
    x_hat = (tl.load(X + place, mask=inside, other=0.0).to(tl.float32) - mean) * r
    dy = tl.load(DY + place, mask=inside, other=0.0).to(tl.float32)
    if RELU:
        dy = tl.where(x_hat * gamma + beta > 0.0, dy, 0.0)
    return x_hat, dy


@triton.jit
def _backward(
    X, DY, W, B, MEAN, R, DX, DW, DB, P, D, G, RELU: tl.constexpr, BLOCK: tl.constexpr
):  # fmt: skip
    """One program per (image, group); DW and DB are (N, C) partial sums, summed outside."""
    row, m = tl.program_id(0).to(tl.int64), D * P
    lanes = tl.arange(0, BLOCK)
    mean, r = tl.load(MEAN + row), tl.load(R + row)
    mean_g, mean_gx = 0.0, 0.0
    for d in range(0, D):
        c = (row % G) * D + d
        gamma, beta = tl.load(W + c).to(tl.float32), tl.load(B + c).to(tl.float32)
        bias, weight = tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.float32)
        for start in range(0, P, BLOCK):
            i = start + lanes
            place = row * m + d * P + i
            x_hat, dy = _incoming(X, DY, place, i < P, mean, r, gamma, beta, RELU)
            bias += dy
            weight += dy * x_hat
        dbias, dweight = tl.sum(bias, 0), tl.sum(weight, 0)
        tl.store(DB + row * D + d, dbias)
        tl.store(DW + row * D + d, dweight)
        mean_g += gamma * dbias / m
        mean_gx += gamma * dweight / m
    for d in range(0, D):
        c = (row % G) * D + d
        gamma, beta = tl.load(W + c).to(tl.float32), tl.load(B + c).to(tl.float32)
        for start in range(0, P, BLOCK):
            i = start + lanes
            place = row * m + d * P + i
            x_hat, dy = _incoming(X, DY, place, i < P, mean, r, gamma, beta, RELU)
            dx = r * (gamma * dy - mean_g - x_hat * mean_gx)
            tl.store(DX + place, dx, mask=i < P)


class FusedGroupNorm(Function):
    """The two kernels as one differentiable function; keeps x, and mu and r of every group."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float, relu: bool
    ) -> Tensor:
        """x (N, C, *), weight and bias (C,) -> (N, C, *)."""
        x = x.contiguous()
        n, c = x.shape[:2]
        p = x[0, 0].numel()
        y = torch.empty_like(x)
        mean, r = torch.empty(2, n * groups, device=x.device)
        _forward[(n * groups,)](
            x, weight, bias, y, mean, r, p, c // groups, groups, eps, relu, _block(c // groups * p)
        )
        ctx.save_for_backward(x, weight, bias, mean, r)
        ctx.groups, ctx.relu = groups, relu
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """The formula of `functional.GroupNormFunction.backward`, with the ReLU's mask before."""
        x, weight, bias, mean, r = ctx.saved_tensors
        n, c = x.shape[:2]
        p = x[0, 0].numel()
        dx = torch.empty_like(x)
        dweight, dbias = torch.empty(2, n, c, device=x.device)
        _backward[(n * ctx.groups,)](
            x, dy.contiguous(), weight, bias, mean, r, dx, dweight, dbias,
            p, c // ctx.groups, ctx.groups, ctx.relu, _block(p),
        )  # fmt: skip
        dweight, dbias = dweight.sum(0).to(weight.dtype), dbias.sum(0).to(bias.dtype)
        return dx, None, dweight, dbias, None, None


def fused_group_norm(
    x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float = 1e-5, relu: bool = False
) -> Tensor:  # fmt: skip
    """Group norm of x (N, C, *) in float32 or half precision, followed by a ReLU if `relu`.

    Raises `CourseError` when `groups` does not divide C, and for float64, which it would round.
    """
    check_groups(x.shape[1], groups)
    if x.dtype == torch.float64:
        raise CourseError("fused_group_norm computes in float32: use functional.group_norm")
    return FusedGroupNorm.apply(x, groups, weight, bias, eps, relu)


def _block(values: int) -> int:
    """Lanes of a program: a power of two, 4096 at most."""
    return min(4096, triton.next_power_of_2(values))
