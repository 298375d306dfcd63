"""What normalisation layers cost: values, bytes, and the m behind each mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.normalization.modes import BATCH_NORMS, kept_modes

READS_FORWARD, READS_BACKWARD = 2, 4  # statistics, then normalise; x and dy twice
NORMS = (*BATCH_NORMS, nn.GroupNorm)


@dataclass(frozen=True)
class Traffic:
    """One normalisation layer for one input: `values` pass through it, `m` stand behind a mean."""

    name: str
    shape: tuple[int, ...]
    values: int
    m: int

    def bytes(self, itemsize: int = 2) -> int:
        """Bytes moved by forward and backward at least: reads and one write each."""
        return self.values * itemsize * (READS_FORWARD + 1 + READS_BACKWARD + 1)


@torch.no_grad()
def norm_traffic(model: nn.Module, size: tuple[int, int, int, int]) -> list[Traffic]:
    """The normalisation layers of `model` for an input of `size` (N, C, H, W), in order.

    N counts: m is N*H*W for a batch norm (or images_per_worker*H*W for a ghost batch norm), and
    (C/G)*H*W for a group norm. The model runs once, in evaluation mode; all modes are put back.
    """
    found: list[Traffic] = []
    names = {m: n for n, m in model.named_modules() if isinstance(m, NORMS)}

    def note(layer: nn.Module, inputs: tuple[Any, ...], _: Tensor) -> None:
        shape = tuple(inputs[0].shape)
        found.append(Traffic(names[layer], shape, inputs[0].numel(), _set_size(layer, shape)))

    hooks = [m.register_forward_hook(note) for m in names]
    device = next(model.parameters()).device
    try:
        with kept_modes(model):
            model.eval()(torch.zeros(size, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _set_size(layer: nn.Module, shape: tuple[int, ...]) -> int:
    n, c, *rest = shape
    pixels = torch.Size(rest).numel()
    if isinstance(layer, nn.GroupNorm):
        return c // layer.num_groups * pixels
    return getattr(layer, "images_per_worker", n) * pixels
