"""Training and evaluation mode of a network, put back part by part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cvlib.normalization.layers import GhostBatchNorm2d

BATCH_NORMS = (_BatchNorm, GhostBatchNorm2d)


@contextmanager
def kept_modes(model: nn.Module) -> Iterator[None]:
    """Whatever happens inside, every part of `model` has its own mode again afterwards.

    One flag for the whole tree would thaw what somebody froze.
    """
    before = {part: part.training for part in model.modules()}
    try:
        yield
    finally:
        for part, training in before.items():
            part.training = training


def frozen_norms(model: nn.Module) -> list[nn.Module]:
    """The batch norms in evaluation mode inside a model that is in training mode."""
    if not model.training:
        return []
    return [m for m in model.modules() if isinstance(m, BATCH_NORMS) and not m.training]


def train_unfrozen(model: nn.Module) -> nn.Module:
    """`model` in training mode, but for the batch norms that somebody froze."""
    frozen = frozen_norms(model)
    model.train()
    for layer in frozen:
        layer.eval()
    return model
