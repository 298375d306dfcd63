"""The fast engines of SO(3): Fourier sums in real arithmetic, wide matrix products, nothing else.

Inside, the batch comes last: a signal on SO(3) is `(alpha, gamma, beta, N)` in memory, so each of
the three sums (over alpha, over gamma, over beta) is one product with a wide right-hand side.
"""

from functools import cache

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical import tables
from cvlib.spherical.grids import Grid
from cvlib.spherical.spectrum import so3_size

ENGINES = ("fft", "real", "dense")
DENSE_LIMIT = 4  # largest bandwidth at which one dense matrix beats three sums (cvlib bench 01)


def engine_for(grid: Grid, engine: str = "auto") -> str:
    """The fastest engine for a grid of SO(3) (`auto`), or the one that was asked for."""
    if engine != "auto" and engine not in ENGINES:
        raise CourseError(f"unknown engine {engine!r}: choose auto, {', '.join(ENGINES)}")
    if engine == "auto":
        return "dense" if grid.b <= DENSE_LIMIT else "real"
    return engine


def so3_analysis(x: Tensor, grid: Grid, L: int, engine: str) -> Tensor:
    """`(B, C, beta, alpha, gamma)` to packed coefficients `(so3_size(L), B, C)` (Sec. 4)."""
    B, C = x.shape[:2]
    x = x.permute(3, 4, 2, 0, 1)
    x = x.reshape(grid.n_alpha, grid.n_alpha, grid.n_beta, B * C)

    if engine == "dense":
        analysis, _ = _dense(grid, L, x.dtype, x.device)
        return (analysis @ x.flatten(0, 2)).view(-1, B, C)
    return _analyse(x, grid, L).view(-1, B, C)


def so3_synthesis(F: Tensor, grid: Grid, L: int, engine: str) -> Tensor:
    """Packed coefficients `(so3_size(L), B, C)` to `(B, C, beta, alpha, gamma)` (a view)."""
    B, C = F.shape[1:]
    F = F.reshape(-1, B * C)

    if engine == "dense":
        _, synthesis = _dense(grid, L, F.dtype, F.device)
        x = synthesis @ F
    else:
        x = _synthesise(F, grid, L)
    return x.view(grid.n_alpha, grid.n_alpha, grid.n_beta, B, C).permute(3, 4, 2, 0, 1)


# ---- the real engine: three sums ----


def _analyse(x: Tensor, grid: Grid, L: int) -> Tensor:
    """`(alpha, gamma, beta, N)` to packed coefficients `(so3_size(L), N)`."""
    n, N = grid.n_alpha, x.shape[-1]
    waves = tables.waves(grid, L, x.dtype, x.device)  # (2L, n)
    weights = tables.beta_weights(grid, x.dtype, x.device) / n

    # over alpha: cosine and sine waves of order |m|
    cosine, sine = (waves @ x.reshape(n, -1)).view(2, L, n, -1)

    # over gamma: for a sine wave of alpha the sine waves of gamma come first (unmixed)
    cosine = torch.bmm(waves.expand(L, -1, -1), cosine).view(L, 2 * L, grid.n_beta, N)
    sine = torch.bmm(waves.roll(L, 0).expand(L, -1, -1), sine).view(L, 2 * L, grid.n_beta, N)
    cosine = cosine * weights
    sine = sine * weights

    # over beta: one pair of maps per order |m|
    rows = []
    for m, (from_cosine, from_sine) in enumerate(tables.so3_maps(grid, L, x.dtype, x.device)):
        degrees = torch.baddbmm(torch.bmm(from_cosine, cosine[m]), from_sine, sine[m])
        rows.append(degrees.view(-1, N))
    return torch.cat(rows).index_select(0, tables.so3_rows(L, x.device))


def _synthesise(F: Tensor, grid: Grid, L: int) -> Tensor:
    """Packed coefficients `(so3_size(L), N)` to `(alpha, gamma, beta, N)`: the steps reversed."""
    n, N = grid.n_alpha, F.shape[-1]
    waves = tables.waves(grid, L, F.dtype, F.device)
    rows = F.new_zeros(tables.so3_row_count(L), N)
    rows = rows.index_copy(0, tables.so3_rows(L, F.device), F)

    # over the degrees
    cosines, sines, start = [], [], 0
    for from_cosine, from_sine in tables.so3_maps(grid, L, F.dtype, F.device):
        columns, degrees = from_cosine.shape[:2]
        stop = start + columns * degrees
        block = rows[start:stop].view(columns, degrees, N)
        cosines.append(torch.bmm(from_cosine.mT, block))
        sines.append(torch.bmm(from_sine.mT, block))
        start = stop
    cosine = torch.stack(cosines).view(L, 2 * L, -1)
    sine = torch.stack(sines).view(L, 2 * L, -1)

    # over the waves of gamma, then of alpha
    cosine = torch.bmm(waves.mT.expand(L, -1, -1), cosine)
    sine = torch.bmm(waves.roll(L, 0).mT.expand(L, -1, -1), sine)
    both = torch.cat([cosine, sine]).view(2 * L, -1)
    return (waves.mT @ both).view(n, n, grid.n_beta, N)


# ---- the dense engine: all three sums in one matrix ----


@cache
def _dense(grid: Grid, L: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """The matrices `(so3_size, points)` of the analysis, `(points, so3_size)` of the synthesis."""
    basis = _synthesise(torch.eye(so3_size(L), dtype=torch.float64), grid, L)
    weights = tables.beta_weights(grid, torch.float64, basis.device) / grid.n_alpha
    synthesis = basis.flatten(0, 2)
    analysis = (basis * weights).flatten(0, 2).T.contiguous()
    return analysis.to(device, dtype), synthesis.to(device, dtype)
