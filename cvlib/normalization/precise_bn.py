"""Exact population statistics in place of the running average (Wu & Johnson 2021)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.normalization.modes import BATCH_NORMS, frozen_norms, kept_modes, train_unfrozen

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


@torch.no_grad()
def precise_bn(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the running statistics of all batch norms to those of `batches`, each (B, C, H, W).

    The model sees them in training mode, as in training; inputs of every batch norm are
    accumulated in float64: mean, and E[x^2] - mean^2. Nothing else changes: every part's mode and
    the counts of batches are put back, and layers that are frozen (in evaluation mode inside a
    model in training mode) or keep no statistics are left alone.
    Raises `CourseError` when there is no image in `batches`; the statistics are then untouched.
    """
    frozen = frozen_norms(model)
    every = [m for m in model.modules() if isinstance(m, BATCH_NORMS) and _tracks(m)]
    layers = [m for m in every if m not in frozen]
    sums = {m: torch.zeros(3, 1, dtype=torch.float64) for m in layers}
    before = {m: {name: getattr(m, name).clone() for name in BUFFERS} for m in layers}

    def add(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double().transpose(0, 1).flatten(1)  # (C, values)
        count = torch.full_like(x[:, 0], x.shape[1])
        new = torch.stack([count, x.sum(1), x.square().sum(1)])  # (3, C)
        sums[layer] = sums[layer].to(new.device) + new

    hooks = [m.register_forward_pre_hook(add) for m in layers]
    try:
        with kept_modes(model):
            train_unfrozen(model)
            for batch in batches:
                model(batch)
    finally:
        for hook in hooks:
            hook.remove()
        for m, buffers in before.items():
            for name, value in buffers.items():
                getattr(m, name).copy_(value)
    if not all(s[0].any() for s in sums.values()):
        raise CourseError(
            "no image reached the batch norms: give precise_bn one full batch at least"
        )
    for m, s in sums.items():
        _set(m, s)


def _tracks(layer: nn.Module) -> bool:
    return layer.running_mean is not None


def _set(layer: nn.Module, sums: Tensor) -> None:
    """The layer's statistics from (3, C): count, sum and sum of squares."""
    count, total, squares = sums
    mean = total / count
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(squares / count - mean.square())
