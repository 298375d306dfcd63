"""Group normalisation with its own backward pass (Sec. 3; the gradient is derived in the page)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from cvlib.normalization.reference import check_groups


class GroupNormFunction(Function):
    """y = gamma * (x - mu) * r + beta with r = 1 / sqrt(var + eps), per group.

    Only x and the two scalars mu, r of every group are kept for the backward pass.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float
    ) -> Tensor:
        """x (N, C, *), weight and bias (C,) -> (N, C, *)."""
        grouped = _grouped(x, groups)
        mean = grouped.mean(-1, keepdim=True)
        variance = (grouped - mean).square().mean(-1, keepdim=True)  # two passes: no cancellation
        r = (variance + eps).rsqrt()
        ctx.save_for_backward(x, weight, mean, r)
        ctx.groups = groups
        normal = ((grouped - mean) * r).reshape(x.shape)
        return (normal * _per_channel(weight, x) + _per_channel(bias, x)).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """dx = r (g - mean(g) - x_hat mean(g x_hat)) with g = dy gamma, means over the group."""
        x, weight, mean, r = ctx.saved_tensors
        normal = (_grouped(x, ctx.groups) - mean) * r
        g = _grouped(dy * _per_channel(weight, x), ctx.groups)
        dx = r * (g - g.mean(-1, keepdim=True) - normal * (g * normal).mean(-1, keepdim=True))
        others = [d for d in range(x.ndim) if d != 1]
        wide = dy.to(normal.dtype)
        dweight = (wide * normal.reshape(x.shape)).sum(others).to(weight.dtype)
        return (
            dx.reshape(x.shape).to(x.dtype),
            None,
            dweight,
            wide.sum(others).to(weight.dtype),
            None,
        )


def group_norm(
    x: Tensor, groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Group normalisation of x (N, C, *) with gamma = weight (C,) and beta = bias (C,).

    groups=1 is layer normalisation over (C, *), groups=C instance normalisation.
    Raises `CourseError` when `groups` does not divide C.
    """
    check_groups(x.shape[1], groups)
    if weight is None:
        weight = torch.ones(x.shape[1], dtype=x.dtype, device=x.device)
    if bias is None:
        bias = torch.zeros_like(weight)
    return GroupNormFunction.apply(x, groups, weight, bias, eps)


def _grouped(x: Tensor, groups: int) -> Tensor:
    """(N, C, *) -> (N, G, m), in float32 at least: squares of halves overflow above 256."""
    wide = x.float() if x.dtype in (torch.half, torch.bfloat16) else x
    return wide.reshape(x.shape[0], groups, -1)


def _per_channel(p: Tensor, x: Tensor) -> Tensor:
    return p.reshape(1, -1, *(1,) * (x.ndim - 2))
