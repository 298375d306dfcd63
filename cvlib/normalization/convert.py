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
    made: dict[int, nn.Module] = {}
    replaced: list[str] = []
    return _convert(model, factory, "", made, replaced), replaced


def _convert(
    module: nn.Module, factory: Callable[[int], nn.Module], name: str,
    made: dict[int, nn.Module], replaced: list[str],
) -> nn.Module:  # fmt: skip
    if id(module) in made:
        return made[id(module)]
    made[id(module)] = module
    if isinstance(module, _BatchNorm | GhostBatchNorm2d):
        made[id(module)] = _replacement(module, factory)
        replaced.append(name)
    else:
        for child, part in list(module.named_children()):  # a list: the dict changes under us
            path = f"{name}.{child}" if name else child
            setattr(module, child, _convert(part, factory, path, made, replaced))
    return made[id(module)]


@torch.no_grad()
def _replacement(old: nn.Module, factory: Callable[[int], nn.Module]) -> nn.Module:
    anchor = old.weight if old.weight is not None else old.running_mean
    new = factory(len(anchor)).to(anchor.device, anchor.dtype).train(old.training)
    if old.weight is not None:
        new.weight.copy_(old.weight)
        new.bias.copy_(old.bias)
    return new
