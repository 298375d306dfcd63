"""One way to solve each exercise of chapter 01; every function stands alone, since it is shown."""

import math

import numpy as np
import torch
from torch import Tensor


def weights(b: int) -> np.ndarray:
    """Quadrature weights (2b,) of the colatitudes pi (2j + 1) / 4b; their sum is 2."""
    beta = np.pi * (2 * np.arange(2 * b) + 1) / (4 * b)
    # one equation for each Legendre polynomial: only degree 0 has an integral, which is 2
    polynomials = np.polynomial.legendre.legvander(np.cos(beta), 2 * b - 1).T
    integrals = np.zeros(2 * b)
    integrals[0] = 2
    return np.linalg.solve(polynomials, integrals)


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
    """Spectrum of the correlation of signals f and filters psi (C, L*L), summed over channels."""
    L = math.isqrt(f.shape[1])
    degrees = [slice(l * l, (l + 1) ** 2) for l in range(L)]
    return [f[:, d].T @ psi[:, d] / math.sqrt(2 * l + 1) for l, d in enumerate(degrees)]


def integrate(x: Tensor) -> Tensor:
    """The mean over all rotations of signals x (B, C, beta, alpha, gamma): (B, C)."""
    b = x.shape[2] // 2
    beta = torch.pi * (2 * torch.arange(2 * b, dtype=x.dtype) + 1) / (4 * b)
    odd = 2 * torch.arange(b, dtype=x.dtype) + 1
    w = 2 / b * beta.sin() * ((beta[:, None] * odd).sin() / odd).sum(1)
    return x.mean((3, 4)) @ w / 2


def gammas(parameters: int) -> int:
    """Angles gamma of the SO(3) filter in the paper's network with so many parameters.

    58,550 means 3 (the paper); 154,550 means 8 (the authors' code of today).
    """
    rest = 20 * 24 + 20 + 40 + (40 * 10 + 10)  # filter of the first layer, biases, last layer
    return (parameters - rest) // (20 * 40 * 24)


BANDWIDTH = 10  # at 9 the error is still above 3 %
