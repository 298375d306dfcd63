"""Swap every batch norm of a network for another normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d, choose_groups


def to_group_norm(channels: int) -> nn.Module:
    """The default factory: group norm with as many groups as fit, up to 32."""
    return GroupNorm2d(channels, choose_groups(channels))


def convert_norm(
    model: nn.Module, factory: Callable[[int], nn.Module] = to_group_norm
) -> tuple[nn.Module, list[str]]:
    """Replace all batch norms (1d, 2d, 3d, sync, ghost) by `factory(channels)`, in place.

    Returns the model (another object only if it is itself a batch norm) and the names replaced.
    gamma and beta are copied, and train flag, device and dtype kept; a module that stands in two
    places is replaced by one module in both. A trained network needs fine-tuning afterwards.
    """
    made: dict[nn.Module, nn.Module] = {}
    replaced: list[str] = []
    # a list, as the tree changes under us; with duplicates, to reach every place of a tied module
    for name, old in list(model.named_modules(remove_duplicate=False)):
        if not isinstance(old, _BatchNorm | GhostBatchNorm2d):
            continue
        if old not in made:
            made[old] = _replacement(old, factory)
            replaced.append(name)
        parent, _, child = name.rpartition(".")
        if child:
            setattr(model.get_submodule(parent), child, made[old])
    return made.get(model, model), replaced


@torch.no_grad()
def _replacement(old: nn.Module, factory: Callable[[int], nn.Module]) -> nn.Module:
    tensors = [t for t in (old.weight, old.running_mean) if t is not None]
    new = factory(len(tensors[0]) if tensors else old.num_features).train(old.training)
    if tensors:
        new.to(tensors[0].device, tensors[0].dtype)
    if old.weight is not None:
        new.weight.copy_(old.weight)
        new.bias.copy_(old.bias)
    return new
