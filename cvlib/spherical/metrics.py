"""How far a network is from commuting with rotations (Sec. 5.1)."""

from collections.abc import Callable

import torch
from torch import Tensor

from cvlib.spherical.rotations import rotate_signal


@torch.no_grad()
def equivariance_error(net: Callable[[Tensor], Tensor], x: Tensor, R: Tensor) -> float:
    """The paper's Delta: mean over inputs of `std(L_R net(f) - net(L_R f)) / std(net(f))`.

    `net` maps signals `(n, C, beta, alpha)` to signals on SO(3); `x` are band-limited signals
    (others would be changed by the rotation itself), `R` one rotation `(3, 3)` or one per signal.
    """
    y = net(x)
    turned_after = rotate_signal(y, R, "so3")
    turned_before = net(rotate_signal(x, R))
    return _relative(turned_after - turned_before, y)


@torch.no_grad()
def invariance_error(net: Callable[[Tensor], Tensor], x: Tensor, R: Tensor) -> float:
    """The same measure for a network with outputs `(n, k)` that no rotation should change."""
    y = net(x)
    return _relative(net(rotate_signal(x, R)) - y, y)


def _relative(error: Tensor, y: Tensor) -> float:
    return float((error.flatten(1).std(1) / y.flatten(1).std(1)).mean())
