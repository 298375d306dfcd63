"""Exact population statistics in place of the running average (Wu & Johnson 2021)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cvlib.course.errors import CourseError
from cvlib.normalization.layers import GhostBatchNorm2d


@torch.no_grad()
def precise_bn(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the running statistics of all batch norms to those of `batches`, each (B, C, H, W).

    The model sees them in training mode, as in training; inputs of every batch norm are
    accumulated in float64: mean, and E[x^2] - mean^2. Nothing else changes; the mode is put back.
    Raises `CourseError` when there is no image in `batches`; the statistics are then untouched.
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm | GhostBatchNorm2d)]
    sums = {m: torch.zeros(3, 1, dtype=torch.float64) for m in layers}
    before = {m: (m.running_mean.clone(), m.running_var.clone()) for m in layers}

    def add(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double().transpose(0, 1).flatten(1)
        count = torch.full_like(x[:, 0], x.shape[1])
        new = torch.stack([count, x.sum(1), x.square().sum(1)])
        sums[layer] = sums[layer].to(new.device) + new

    hooks = [m.register_forward_pre_hook(add) for m in layers]
    mode = model.training
    model.train()
    try:
        for batch in batches:
            model(batch)
    finally:
        model.train(mode)
        for hook in hooks:
            hook.remove()
        for m in layers:
            m.running_mean.copy_(before[m][0])
            m.running_var.copy_(before[m][1])
    if not all(s[0].any() for s in sums.values()):
        raise CourseError(
            "no image reached the batch norms: give precise_bn one full batch at least"
        )
    for m in layers:
        count, total, squares = sums[m]
        mean = total / count
        m.running_mean.copy_(mean)
        m.running_var.copy_(squares / count - mean.square())
