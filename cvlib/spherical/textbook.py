"""The Fourier transforms and correlations as the paper writes them: FFTs and complex matrices.

The clearest of the three engines, and the reference for the other two. Coefficients are padded
arrays, `(..., L, 2L-1)` on S2 and `(..., L, 2L-1, 2L-1)` on SO(3). A real signal makes half of
them redundant, which is what `cvlib.spherical.fourier` saves.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from cvlib.spherical.grids import Grid, s2_grid, so3_grid
from cvlib.spherical.wigner import wigner_d


@cache
def _legendre(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    d = wigner_d(L, grid.beta, columns=(0,))[:, :, 0]
    return torch.as_tensor(d * np.sqrt(2 * np.arange(L) + 1)[:, None, None]).to(device, dtype)


@cache
def _wigner(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    d = wigner_d(L, grid.beta) * np.sqrt(2 * np.arange(L) + 1)[:, None, None, None]
    return torch.as_tensor(d).to(device, dtype)


@cache
def _mean_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.as_tensor(grid.weights / 2).to(device, dtype)


def _complex(x: Tensor) -> torch.dtype:
    return torch.complex128 if x.dtype in (torch.float64, torch.complex128) else torch.complex64


def s2_fft(x: Tensor, L: int) -> Tensor:
    """Signal `(..., beta, alpha)` to coefficients `(..., L, 2L-1)` (Sec. 4)."""
    grid = s2_grid(x)
    dtype = _complex(x)
    orders = torch.arange(1 - L, L, device=x.device) % grid.n_alpha
    waves = torch.fft.fft(x, dim=-1)[..., orders] / grid.n_alpha  # (..., beta, m)
    d = _legendre(grid, L, dtype, x.device)
    w = _mean_weights(grid, dtype, x.device)
    return torch.einsum("...bm,lmb->...lm", waves, d * w)


def s2_ifft(c: Tensor, grid: Grid) -> Tensor:
    """Coefficients `(..., L, 2L-1)` to the real signal `(..., beta, alpha)`."""
    L = c.shape[-2]
    n = grid.n_alpha
    waves = torch.einsum("...lm,lmb->...bm", c, _legendre(grid, L, c.dtype, c.device))
    orders = torch.arange(1 - L, L, device=c.device) % n
    full = waves.new_zeros(*waves.shape[:-1], n).index_copy(-1, orders, waves)
    return torch.fft.ifft(full, dim=-1).real * n


def so3_fft(x: Tensor, L: int) -> Tensor:
    """Signal `(..., beta, alpha, gamma)` to coefficients `(..., L, 2L-1, 2L-1)` (Sec. 4)."""
    grid = so3_grid(x)
    dtype = _complex(x)
    orders = torch.arange(1 - L, L, device=x.device) % grid.n_alpha
    waves = torch.fft.fft2(x)[..., orders, :][..., orders] / grid.n_alpha**2  # (..., beta, m, n)
    d = _wigner(grid, L, dtype, x.device)
    w = _mean_weights(grid, dtype, x.device)
    return torch.einsum("...bmn,lmnb->...lmn", waves, d * w)


def so3_ifft(c: Tensor, grid: Grid) -> Tensor:
    """Coefficients `(..., L, 2L-1, 2L-1)` to the real signal `(..., beta, alpha, gamma)`."""
    L = c.shape[-3]
    n = grid.n_alpha
    waves = torch.einsum("...lmn,lmnb->...bmn", c, _wigner(grid, L, c.dtype, c.device))
    orders = torch.arange(1 - L, L, device=c.device) % n
    rows = waves.new_zeros(*waves.shape[:-1], n).index_copy(-1, orders, waves)
    full = rows.new_zeros(*rows.shape[:-2], n, n).index_copy(-2, orders, rows)
    return torch.fft.ifft2(full).real * n**2


def _shrink(c: Tensor) -> Tensor:
    L = c.shape[2]
    l = torch.arange(L, dtype=torch.float64, device=c.device)
    return (1 / torch.sqrt(2 * l + 1)).to(c.dtype)


def s2_correlate(f: Tensor, psi: Tensor) -> Tensor:
    """Spectrum of the correlation on S2: the outer product of each degree (Sec. 4).

    `f` `(B, I, L, 2L-1)`, `psi` `(O, I, L, 2L-1)`; returns `(B, O, L, 2L-1, 2L-1)`.
    """
    return torch.einsum("bilm,oiln,l->bolmn", f, psi.conj(), _shrink(f))


def so3_correlate(f: Tensor, psi: Tensor) -> Tensor:
    """Spectrum of the correlation on SO(3): the matrix product of each degree.

    `f` `(B, I, L, 2L-1, 2L-1)`, `psi` `(O, I, ...)`; returns `(B, O, ...)`.
    """
    return torch.einsum("bilmn,oilkn,l->bolmk", f, psi.conj(), _shrink(f))
