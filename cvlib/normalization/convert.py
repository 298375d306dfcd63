"""Swap every batch norm of a network for another normalisation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from cvlib.normalization.layers import GroupNorm2d, choose_groups
from cvlib.normalization.modes import BATCH_NORMS

LEAST = 4  # channels per group: a 1x1 map, as in a squeeze-and-excitation gate, has m = 4 then


def to_group_norm(channels: int) -> nn.Module:
    """Group norm with as many groups as fit, up to 32, of at least 4 channels each."""
    return GroupNorm2d(channels, choose_groups(channels, min(32, max(1, channels // LEAST))))


def convert_norm(
    model: nn.Module, factory: Callable[[int], nn.Module] = to_group_norm
) -> tuple[nn.Module, list[str]]:
    """Replace all batch norms (1d, 2d, 3d, sync, ghost) by `factory(channels)`, in place.

    Returns the model (another object only if it is itself a batch norm) and the names replaced.
    The new layer takes over whatever it has under the same name: gamma, beta (and whether they
    are trained), running statistics, eps; also train flag, device and dtype. A module that stands
    in two places is replaced by one module in both. A 1d batch norm has no map, so the default
    gives it one group. A trained network needs fine-tuning afterwards.
    """
    made: dict[nn.Module, nn.Module] = {}
    replaced: list[str] = []
    # a list, as the tree changes under us; with duplicates, to reach every place of a tied module
    for name, old in list(model.named_modules(remove_duplicate=False)):
        if not isinstance(old, BATCH_NORMS):
            continue
        if old not in made:
            made[old] = _replacement(old, factory)
            replaced.append(name)
        parent, _, child = name.rpartition(".")
        if child:
            setattr(model.get_submodule(parent), child, made[old])
    return made.get(model, model), replaced


def _replacement(old: nn.Module, factory: Callable[[int], nn.Module]) -> nn.Module:
    channels = len(old.weight) if isinstance(old.weight, nn.Parameter) else old.num_features
    if isinstance(old, nn.BatchNorm1d) and factory is to_group_norm:
        new: nn.Module = GroupNorm2d(channels, 1)
    else:
        new = factory(channels)
    if hasattr(new, "eps"):
        new.eps = old.eps
    _take_over(old, new)
    return new.train(old.training)


@torch.no_grad()
def _take_over(old: nn.Module, new: nn.Module) -> None:
    """Copy the tensors that both have; what the old layer has not learnt, the new one drops."""
    theirs = dict(old.named_parameters()) | dict(old.named_buffers())
    for name, tensor in {**dict(new.named_parameters()), **dict(new.named_buffers())}.items():
        if name in theirs:
            tensor.data = theirs[name].detach().clone()
    for name, parameter in list(new.named_parameters()):
        if name in theirs:
            parameter.requires_grad_(theirs[name].requires_grad)
        elif name in ("weight", "bias"):
            new.register_parameter(name, None)
            new.affine = False
