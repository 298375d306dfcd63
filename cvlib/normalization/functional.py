"""Group normalisation with its own backward pass (Sec. 3; the gradient is derived in the page)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from cvlib.course.errors import CourseError
from cvlib.normalization.reference import check_groups


class GroupNormFunction(Function):
    """y = gamma * (x - mu) * r + beta with r = 1 / sqrt(var + eps), per group.

    Only x is kept for the backward pass; mu and r are computed anew there, so that the gradient
    can itself be differentiated. `torch.func` (vmap, jvp) is not supported: take torch's own
    `F.group_norm` there. The output is laid out channels first, whatever the input's format is.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float
    ) -> Tensor:
        """x (N, C, *), weight and bias (C,) -> (N, C, *)."""
        ctx.save_for_backward(x, weight)
        ctx.groups, ctx.eps = groups, eps
        normal, _ = _normalized(x, groups, eps)  # (N, G, m)
        normal = normal.reshape(x.shape)
        return (normal * _per_channel(weight, x) + _per_channel(bias, x)).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        """dx = r (g - mean(g) - x_hat mean(g x_hat)) with g = dy gamma, means over the group."""
        x, weight = ctx.saved_tensors
        normal, r = _normalized(x, ctx.groups, ctx.eps)  # (N, G, m), (N, G, 1)

        g = _grouped(dy * _per_channel(weight, x), ctx.groups)  # (N, G, m)
        along_constant = g.mean(-1, keepdim=True)  # (N, G, 1)
        along_normal = (g * normal).mean(-1, keepdim=True)  # (N, G, 1)
        dx = r * (g - along_constant - normal * along_normal)  # (N, G, m)

        all_but_channels = [d for d in range(x.ndim) if d != 1]
        wide = dy.to(normal.dtype)
        dweight = (wide * normal.reshape(x.shape)).sum(all_but_channels)  # (C,)
        dbias = wide.sum(all_but_channels)  # (C,)
        return (
            dx.reshape(x.shape).to(x.dtype),
            None,
            dweight.to(weight.dtype),
            dbias.to(weight.dtype),
            None,
        )


def group_norm(
    x: Tensor, groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Group normalisation of x (N, C, *) with gamma = weight (C,) and beta = bias (C,).

    groups=1 is layer normalisation over (C, *), groups=C instance normalisation.
    Raises `CourseError` when `groups` does not divide C, or leaves one value to a group.
    """
    check_groups(x.shape[1], groups)
    if x.shape[1:].numel() == groups:
        raise CourseError(
            f"{groups} groups leave one value of {tuple(x.shape)} to each, which is its own mean: "
            "take fewer groups"
        )
    if weight is None:
        weight = torch.ones(x.shape[1], dtype=x.dtype, device=x.device)
    if bias is None:
        bias = torch.zeros_like(weight)
    return GroupNormFunction.apply(x, groups, weight, bias, eps)


def _normalized(x: Tensor, groups: int, eps: float) -> tuple[Tensor, Tensor]:
    """The normalised groups (N, G, m) and r = 1 / sigma (N, G, 1)."""
    grouped = _grouped(x, groups)
    centred = grouped - grouped.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)  # two passes: no cancellation
    r = (variance + eps).rsqrt()
    return centred * r, r


def _grouped(x: Tensor, groups: int) -> Tensor:
    """(N, C, *) -> (N, G, m), in float32 at least: squares of halves overflow above 256."""
    wide = x.float() if x.dtype in (torch.half, torch.bfloat16) else x
    return wide.reshape(x.shape[0], groups, x.shape[1:].numel() // groups)


def _per_channel(p: Tensor, x: Tensor) -> Tensor:
    return p.reshape(1, -1, *(1,) * (x.ndim - 2))
