"""The fast engines: Fourier sums in real arithmetic, wide matrix products and nothing else.

Inside, the batch comes last: a signal on SO(3) is ``(alpha, gamma, beta, N)`` in memory, so each
of the three sums (over alpha, over gamma, over beta) is one product with a wide right-hand side.
Turning about y leaves the mirror image y -> -y alone, so the real Wigner matrix of a colatitude
has two blocks only: ``p`` (cosine to cosine) and ``q`` (sine to sine). Complex numbers would store
each coefficient of a real signal twice.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid
from cvlib.spherical.spectrum import s2_degrees, so3_size
from cvlib.spherical.wigner import wigner_d

ENGINES = ("fft", "real", "dense")
DENSE_LIMIT = 4  # largest bandwidth at which one dense matrix beats three sums (cvlib bench 01)


def engine_for(grid: Grid, engine: str = "auto") -> str:
    """The fastest engine for a grid of SO(3) (``auto``), or the one that was asked for."""
    if engine != "auto" and engine not in ENGINES:
        raise CourseError(f"Unknown engine {engine!r}: choose auto, {', '.join(ENGINES)}.")
    if engine == "auto":
        return "dense" if grid.b <= DENSE_LIMIT else "real"
    return engine


# ---- constants: one copy per (grid, degrees, dtype, device), outside every checkpoint ----


@cache
def _trig(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Waves ``(2L, n_alpha)``: cosines of order 0..L-1, then sines (order 0: a row of zeros)."""
    angle = np.outer(np.arange(L), grid.alpha)
    waves = np.concatenate([np.cos(angle), np.sin(angle)])
    return torch.as_tensor(waves).to(device, dtype)


def _mirror_blocks(L: int, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The blocks ``p, q`` ``(L, |m|, |n|, beta)`` of the real Wigner matrix, times sqrt(2l+1)."""
    d = wigner_d(L, beta) * np.sqrt(2 * np.arange(L) + 1)[:, None, None, None]
    m = np.arange(L)
    plus = ((-1.0) ** (m[:, None] + m))[..., None] * d[:, L - 1 :, L - 1 :]
    minus = ((-1.0) ** m)[:, None, None] * d[:, L - 1 :, L - 1 :: -1]
    zero = m == 0
    norm = np.where(zero[:, None] ^ zero, np.sqrt(0.5), 1.0) * np.where(
        zero[:, None] & zero, 0.5, 1
    )
    p, q = (plus + minus) * norm[..., None], (plus - minus) * norm[..., None]
    q[:, 0], q[:, :, 0] = 0, 0
    return p, q


@cache
def _beta_maps(
    grid: Grid, L: int, dtype: torch.dtype, device: torch.device
) -> tuple[tuple[Tensor, Tensor], ...]:
    """For each order ``|m|`` the two maps from colatitudes to degrees ``l >= |m|``.

    Shapes ``(2L, 2 (L - m), n_beta)``: 2L = (parity g, |n|), rows = (sign of m, l). The first map
    takes the cosine wave of alpha, the second the sine wave. With ``g = 0`` the wave of gamma has
    the same parity as that of alpha, with ``g = 1`` the other one.
    """
    p, q = _mirror_blocks(L, grid.beta)
    maps = []
    for m in range(L):
        pm, qm = (np.moveaxis(v[m:, m], 0, 1) for v in (p, q))  # (|n|, l, beta)
        even = [np.concatenate([pm, qm], 1), np.concatenate([-qm, -pm], 1)]
        odd = [np.concatenate([-pm, qm], 1), np.concatenate([-qm, pm], 1)]
        pair = [np.concatenate([e, o]) for e, o in zip(even, odd, strict=True)]
        maps.append(tuple(torch.as_tensor(v).to(device, dtype) for v in pair))
    return tuple(maps)


@cache
def _beta_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights ``(n_beta, 1)`` that turn a sum over the S2 grid into a mean over the sphere."""
    return torch.as_tensor(grid.weights / 2 / grid.n_alpha)[:, None].to(device, dtype)


@cache
def _rows(L: int, device: torch.device) -> Tensor:
    """Where each packed SO(3) coefficient lies among the rows that the beta maps produce."""
    index, start = torch.empty(so3_size(L), dtype=torch.long), 0
    for m in range(L):
        for g in (0, 1):
            for n in range(L):
                for sign in (0, 1):
                    for l in range(m, L):
                        M, N = (-m if sign else m), (-n if sign ^ g else n)
                        if l >= n and not (sign and m == 0) and not (sign ^ g and n == 0):
                            index[so3_size(l) + (M + l) * (2 * l + 1) + N + l] = start
                        start += 1
    return index.to(device)


def _row_count(L: int) -> int:
    return 2 * L * L * (L + 1)


# ---- the real engine ----


def _analyse(x: Tensor, grid: Grid, L: int) -> Tensor:
    """``(alpha, gamma, beta, N)`` to packed coefficients ``(so3_size(L), N)``."""
    n, N = grid.n_alpha, x.shape[-1]
    T = _trig(grid, L, x.dtype, x.device)
    w = _beta_weights(grid, x.dtype, x.device) / n
    y = (T @ x.reshape(n, -1)).view(2, L, n, -1)
    cos = torch.bmm(T.expand(L, -1, -1), y[0]).view(L, 2 * L, grid.n_beta, N) * w
    sin = torch.bmm(T.roll(L, 0).expand(L, -1, -1), y[1]).view(L, 2 * L, grid.n_beta, N) * w
    rows = [
        torch.baddbmm(torch.bmm(A, cos[m]), B, sin[m]).view(-1, N)
        for m, (A, B) in enumerate(_beta_maps(grid, L, x.dtype, x.device))
    ]
    return torch.cat(rows).index_select(0, _rows(L, x.device))


def _synthesise(F: Tensor, grid: Grid, L: int) -> Tensor:
    """Packed coefficients ``(so3_size(L), N)`` to ``(alpha, gamma, beta, N)``."""
    n, N = grid.n_alpha, F.shape[-1]
    T = _trig(grid, L, F.dtype, F.device)
    rows = F.new_zeros(_row_count(L), N).index_copy(0, _rows(L, F.device), F)
    waves, start = [], 0
    for A, B in _beta_maps(grid, L, F.dtype, F.device):
        block = rows[start : start + A.shape[0] * A.shape[1]].view(*A.shape[:2], N)
        waves.append((torch.bmm(A.mT, block), torch.bmm(B.mT, block)))
        start += A.shape[0] * A.shape[1]
    cos, sin = (torch.stack(v).view(L, 2 * L, -1) for v in zip(*waves, strict=True))
    y = torch.cat(
        [torch.bmm(T.mT.expand(L, -1, -1), cos), torch.bmm(T.roll(L, 0).mT.expand(L, -1, -1), sin)]
    )
    return (T.mT @ y.view(2 * L, -1)).view(n, n, grid.n_beta, N)


# ---- the dense engine: all three sums in one matrix ----


@cache
def _dense(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    basis = _synthesise(torch.eye(so3_size(L), dtype=torch.float64), grid, L)
    w = _beta_weights(grid, torch.float64, basis.device) / grid.n_alpha
    synthesis, analysis = basis.flatten(0, 2), (basis * w).flatten(0, 2).T.contiguous()
    return analysis.to(device, dtype), synthesis.to(device, dtype)


def so3_analysis(x: Tensor, grid: Grid, L: int, engine: str) -> Tensor:
    """``(B, C, beta, alpha, gamma)`` to packed coefficients ``(so3_size(L), B, C)``."""
    B, C = x.shape[:2]
    x = x.permute(3, 4, 2, 0, 1).reshape(grid.n_alpha, grid.n_alpha, grid.n_beta, B * C)
    if engine == "dense":
        return (_dense(grid, L, x.dtype, x.device)[0] @ x.flatten(0, 2)).view(-1, B, C)
    return _analyse(x, grid, L).view(-1, B, C)


def so3_synthesis(F: Tensor, grid: Grid, L: int, engine: str) -> Tensor:
    """Packed coefficients ``(so3_size(L), B, C)`` to ``(B, C, beta, alpha, gamma)`` (a view)."""
    B, C = F.shape[1:]
    F = F.reshape(-1, B * C)
    if engine == "dense":
        x = _dense(grid, L, F.dtype, F.device)[1] @ F
    else:
        x = _synthesise(F, grid, L)
    return x.view(grid.n_alpha, grid.n_alpha, grid.n_beta, B, C).permute(3, 4, 2, 0, 1)


# ---- the sphere ----


@cache
def _harmonic_maps(
    grid: Grid, L: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Maps ``(2L, L, n_beta)`` from colatitudes to degrees, and the place of each coefficient."""
    p = np.moveaxis(_mirror_blocks_sphere(L, grid.beta), 0, 1)  # (|m|, l, beta)
    index = [(abs(m) + L * (m < 0)) * L + l for l in range(L) for m in range(-l, l + 1)]
    maps = torch.as_tensor(np.concatenate([p, p])).to(device, dtype)
    return maps, torch.as_tensor(index, device=device)


def _mirror_blocks_sphere(L: int, beta: np.ndarray) -> np.ndarray:
    """The column n = 0 of ``p``: the harmonics' colatitude factors ``(L, |m|, beta)``."""
    d = wigner_d(L, beta, columns=(0,))[:, L - 1 :, 0]
    norm = np.sqrt(2 * np.arange(L) + 1)[:, None] * np.where(np.arange(L) == 0, 1, np.sqrt(2))
    return d * (norm * (-1.0) ** np.arange(L))[..., None]


def s2_analysis(x: Tensor, grid: Grid, L: int) -> Tensor:
    """``(N, beta, alpha)`` to packed coefficients ``(L**2, N)``."""
    maps, index = _harmonic_maps(grid, L, x.dtype, x.device)
    w = _beta_weights(grid, x.dtype, x.device)
    waves = (x @ _trig(grid, L, x.dtype, x.device).mT) * w
    return torch.bmm(maps, waves.permute(2, 1, 0)).view(-1, len(x)).index_select(0, index)


def s2_synthesis(f: Tensor, grid: Grid) -> Tensor:
    """Packed coefficients ``(L**2, N)`` to ``(N, beta, alpha)``."""
    L = s2_degrees(f.mT)
    maps, index = _harmonic_maps(grid, L, f.dtype, f.device)
    rows = f.new_zeros(2 * L * L, f.shape[1]).index_copy(0, index, f).view(2 * L, L, -1)
    return torch.bmm(maps.mT, rows).permute(2, 1, 0) @ _trig(grid, L, f.dtype, f.device)
