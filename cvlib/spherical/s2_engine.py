"""The Fourier sums of the sphere: a wave sum along alpha, one matrix product along beta.

Inside, a signal is `(|m|, beta, wave, N)` with the cosine and the sine wave of each order side by
side: both go through the same map of colatitudes, in one product.
"""

import torch
from torch import Tensor

from cvlib.spherical import tables
from cvlib.spherical.grids import Grid
from cvlib.spherical.spectrum import s2_degrees

# bandwidths from which an FFT along alpha beats a matrix product (cvlib bench 01)
ANALYSIS_FFT_FROM = 24
SYNTHESIS_FFT_FROM = 48


def s2_analysis(x: Tensor, grid: Grid, L: int) -> Tensor:
    """`(N, beta, alpha)` to packed coefficients `(L**2, N)` (Sec. 4)."""
    wave = _waves_of(x, grid, L).reshape(L, grid.n_beta, -1)  # (|m|, beta, 2 N)

    maps = tables.s2_maps(grid, L, True, x.dtype, x.device)
    rows = torch.bmm(maps, wave)  # (|m|, l, 2 N)
    return rows.view(2 * L * L, -1).index_select(0, tables.s2_rows(L, x.device))


def s2_synthesis(f: Tensor, grid: Grid) -> Tensor:
    """Packed coefficients `(L**2, N)` to `(N, beta, alpha)`."""
    L = s2_degrees(f.mT)
    index = tables.s2_rows(L, f.device)
    rows = f.new_zeros(2 * L * L, f.shape[1]).index_copy(0, index, f)

    maps = tables.s2_maps(grid, L, False, f.dtype, f.device)
    wave = torch.bmm(maps.mT, rows.view(L, L, -1))  # (|m|, beta, 2 N)
    return _signal_of(wave.view(L, grid.n_beta, 2, -1), grid)


def _waves_of(x: Tensor, grid: Grid, L: int) -> Tensor:
    """Cosine and sine sums along alpha: `(N, beta, alpha)` to `(|m|, beta, 2, N)`."""
    if grid.b >= ANALYSIS_FFT_FROM:
        half = torch.fft.ihfft(x, norm="forward")[..., :L]  # sums of exp(+i m alpha)
        return torch.view_as_real(half.resolve_conj()).permute(2, 1, 3, 0)
    table = tables.waves(grid, L, x.dtype, x.device)
    columns = x.flatten(1).T.contiguous()  # a plain transpose first: the fastest way to N last
    both = table @ columns.view(grid.n_beta, grid.n_alpha, -1)  # (beta, 2 |m|, N)
    return both.unflatten(1, (2, L)).permute(2, 0, 1, 3)


def _signal_of(wave: Tensor, grid: Grid) -> Tensor:
    """The sum of all waves: `(|m|, beta, 2, N)` to `(N, beta, alpha)`."""
    if grid.b >= SYNTHESIS_FFT_FROM:
        # a real wave is half of order m and half of -m, except the constant
        half = torch.cat([wave[:1], wave[1:] / 2]).permute(3, 1, 0, 2).contiguous()
        return torch.fft.hfft(torch.view_as_complex(half), n=grid.n_alpha)
    table = tables.waves(grid, len(wave), wave.dtype, wave.device)
    rows = wave.permute(1, 2, 0, 3).flatten(1, 2)  # (beta, 2 |m|, N)
    x = table.mT @ rows  # (beta, alpha, N)
    return x.flatten(0, 1).T.contiguous().view(-1, grid.n_beta, grid.n_alpha)
