"""What the engines multiply with: constants of a grid, one copy per dtype and device.

They are no buffers, so that no checkpoint carries them. Turning about y leaves the mirror image
y -> -y alone, so the real Wigner matrix of a colatitude has two blocks only: `p` (cosine to cosine)
and `q` (sine to sine). Complex numbers would store each coefficient of a real signal twice.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from cvlib.spherical.grids import Grid
from cvlib.spherical.spectrum import so3_size
from cvlib.spherical.wigner import wigner_d


@cache
def waves(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Waves `(2L, n_alpha)`: cosines of order 0..L-1, then sines (order 0: a row of zeros)."""
    angle = np.outer(np.arange(L), grid.alpha)
    both = np.concatenate([np.cos(angle), np.sin(angle)])
    return torch.as_tensor(both).to(device, dtype)


@cache
def beta_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights `(n_beta, 1)` that turn a sum over the S2 grid into a mean over the sphere."""
    return torch.as_tensor(grid.weights / 2 / grid.n_alpha)[:, None].to(device, dtype)


def mirror_blocks(L: int, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The blocks `p, q` `(L, |m|, |n|, n_beta)` of the real Wigner matrix, times sqrt(2l+1)."""
    d = wigner_d(L, beta) * np.sqrt(2 * np.arange(L) + 1)[:, None, None, None]
    m = np.arange(L)
    same_sign = ((-1.0) ** (m[:, None] + m))[..., None] * d[:, L - 1 :, L - 1 :]
    other_sign = ((-1.0) ** m)[:, None, None] * d[:, L - 1 :, L - 1 :: -1]

    # order 0 has a cosine only: half of the pair in a row, half in a column
    one_zero = np.where((m == 0)[:, None] ^ (m == 0), np.sqrt(0.5), 1.0)
    both_zero = np.where((m == 0)[:, None] & (m == 0), 0.5, 1.0)
    norm = (one_zero * both_zero)[..., None]
    p = (same_sign + other_sign) * norm
    q = (same_sign - other_sign) * norm
    q[:, 0] = 0
    q[:, :, 0] = 0
    return p, q


@cache
def so3_maps(
    grid: Grid, L: int, dtype: torch.dtype, device: torch.device
) -> tuple[tuple[Tensor, Tensor], ...]:
    """For each order `|m|` the two maps from colatitudes to degrees `l >= |m|`.

    Shapes `(2L, 2 (L - m), n_beta)`: 2L = (mixed, |n|), rows = (sign of m, l). The first map takes
    the cosine wave of alpha, the second the sine wave. Unmixed, the wave of gamma has the same
    parity as that of alpha; mixed, the other one. `map_rows` names what each row computes.
    """
    p, q = mirror_blocks(L, grid.beta)
    maps = []
    for m in range(L):
        pm = np.moveaxis(p[m:, m], 0, 1)  # (|n|, l, beta)
        qm = np.moveaxis(q[m:, m], 0, 1)
        cosine = [np.concatenate([pm, qm], 1), np.concatenate([-pm, qm], 1)]
        sine = [np.concatenate([-qm, -pm], 1), np.concatenate([-qm, pm], 1)]
        pair = (np.concatenate(cosine), np.concatenate(sine))
        maps.append(tuple(torch.as_tensor(v).to(device, dtype) for v in pair))
    return tuple(maps)


def map_rows(L: int) -> Iterator[tuple[int, int, int] | None]:
    """The coefficient `(l, m, n)` that each row of `so3_maps` computes, None where there is none.

    Order: |m|, mixed, |n|, sign of m, l. With L = 2 the first rows are (0, 0, 0), (1, 0, 0), then
    two without meaning (m = -0), None and (1, 0, 1), and so on.
    """
    for order, mixed, column, sign, l in product(
        range(L), (False, True), range(L), (1, -1), range(L)
    ):
        if l < order:
            continue
        gamma_sign = -sign if mixed else sign
        no_sine = (sign < 0 and order == 0) or (gamma_sign < 0 and column == 0)
        yield None if l < column or no_sine else (l, sign * order, gamma_sign * column)


@cache
def so3_rows(L: int, device: torch.device) -> Tensor:
    """Where each packed SO(3) coefficient `(so3_size(L),)` lies among the rows of the maps."""
    index = torch.empty(so3_size(L), dtype=torch.long)
    for row, coefficient in enumerate(map_rows(L)):
        if coefficient is not None:
            l, m, n = coefficient
            index[so3_size(l) + (m + l) * (2 * l + 1) + n + l] = row
    return index.to(device)


def so3_row_count(L: int) -> int:
    """Number of rows that the maps produce, useful or not."""
    return 2 * L * L * (L + 1)


@cache
def s2_maps(grid: Grid, L: int, weighted: bool, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Maps `(|m|, l, n_beta)` between colatitudes and degrees: the harmonics' factors in beta.

    `weighted` by the share of the sphere that each grid point stands for (the way to the degrees),
    or plain (the way back).
    """
    d = wigner_d(L, grid.beta, columns=(0,))[:, L - 1 :, 0]  # (l, |m|, beta)
    m = np.arange(L)
    sign = np.where(m == 0, 1.0, np.sqrt(2)) * (-1.0) ** m
    norm = np.sqrt(2 * np.arange(L) + 1)[:, None] * sign
    factors = np.moveaxis(d * norm[..., None], 0, 1)
    if weighted:
        factors = factors * (grid.weights / 2 / grid.n_alpha)
    return torch.as_tensor(np.ascontiguousarray(factors)).to(device, dtype)


@cache
def s2_rows(L: int, device: torch.device) -> Tensor:
    """Where each packed S2 coefficient `(L**2,)` lies in an array `(|m|, l, sine)`."""
    index = [(abs(m) * L + l) * 2 + (m < 0) for l in range(L) for m in range(-l, l + 1)]
    return torch.tensor(index, device=device)
