"""One way to solve each exercise of chapter 01; every function stands alone, since it is shown."""

import math

import numpy as np
import torch
from torch import Tensor


def weights(b: int) -> np.ndarray:
    """Quadrature weights (2b,) of the colatitudes pi (2j + 1) / 4b; their sum is 2."""
    beta = np.pi * (2 * np.arange(2 * b) + 1) / (4 * b)
    odd = 2 * np.arange(b) + 1
    return 2 / b * np.sin(beta) * (np.sin(np.outer(beta, odd)) / odd).sum(1)


def turn(f: Tensor, angle: float) -> Tensor:
    """Real coefficients f (L*L,) of a signal after a turn of the sphere by angle about z."""
    turned, L = f.clone(), math.isqrt(len(f))
    for l in range(L):
        middle = l * l + l  # where m = 0 lies
        for m in range(1, l + 1):
            cos, sin = f[middle + m], f[middle - m]
            turned[middle + m] = math.cos(m * angle) * cos - math.sin(m * angle) * sin
            turned[middle - m] = math.sin(m * angle) * cos + math.cos(m * angle) * sin
    return turned


def correlate(f: Tensor, psi: Tensor) -> list[Tensor]:
    """The spectrum of the correlation of f with psi, both (L*L,): L matrices (2l+1, 2l+1)."""
    L = math.isqrt(len(f))
    degrees = [slice(l * l, (l + 1) ** 2) for l in range(L)]
    return [torch.outer(f[d], psi[d]) / math.sqrt(2 * l + 1) for l, d in enumerate(degrees)]


def integrate(x: Tensor) -> Tensor:
    """The mean over all rotations of signals x (B, C, beta, alpha, gamma): (B, C)."""
    b = x.shape[2] // 2
    beta = torch.pi * (2 * torch.arange(2 * b, dtype=x.dtype) + 1) / (4 * b)
    odd = 2 * torch.arange(b, dtype=x.dtype) + 1
    w = 2 / b * beta.sin() * ((beta[:, None] * odd).sin() / odd).sum(1)
    return x.mean((3, 4)) @ w / 2


def count(n_alpha: int, n_beta: int, n_gamma: int) -> int:
    """Parameters of the paper's digit network with filters of this many points per angle."""
    sphere = 1 * 20 * n_alpha * n_beta + 20
    rotations = 20 * 40 * n_alpha * n_beta * n_gamma + 40
    return sphere + rotations + (40 * 10 + 10)


BANDWIDTH = 10  # at 9 the error is still above 2 %
