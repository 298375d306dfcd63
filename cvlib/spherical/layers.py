"""The two correlations of the paper as layers, the integral over SO(3), the oversampled ReLU."""

import math
from functools import cache

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.spherical import textbook
from cvlib.spherical.engines import engine_for, s2_analysis, so3_analysis, so3_synthesis
from cvlib.spherical.fourier import SO3Transform
from cvlib.spherical.grids import Grid, require_finite, s2_grid, so3_grid
from cvlib.spherical.kernels import Support, s2_spectrum, so3_spectrum
from cvlib.spherical.spectrum import s2_block, s2_to_complex, so3_block, so3_to_complex


def s2_correlate(f: Tensor, psi: Tensor, L: int) -> Tensor:
    """Fourier theorem on S2: ``F^l = f^l (psi^l)^T / sqrt(2l+1)``, an outer product per degree.

    ``f`` ``(L**2, B, I)``, ``psi`` ``(L**2, I, O)``; returns ``(so3_size(L), B, O)``.
    """
    blocks = []
    for l in range(L):
        n, fl, pl = 2 * l + 1, f[s2_block(l)], psi[s2_block(l)]
        right = pl.transpose(0, 1).flatten(1) / math.sqrt(n)  # (I, n O)
        block = (fl.flatten(0, 1) @ right).view(n, f.shape[1], n, -1)
        blocks.append(block.transpose(1, 2).flatten(0, 1))
    return torch.cat(blocks)


def so3_correlate(f: Tensor, psi: Tensor, L: int) -> Tensor:
    """Fourier theorem on SO(3): ``F^l = f^l (psi^l)^T / sqrt(2l+1)``, a matrix product per degree.

    ``f`` ``(so3_size(L), B, I)``, ``psi`` ``(so3_size(L), I, O)``; returns ``(.., B, O)``.
    """
    B, I, O = f.shape[1], f.shape[2], psi.shape[2]
    blocks = []
    for l in range(L):
        n, scale = 2 * l + 1, 1 / math.sqrt(2 * l + 1)
        left = f[so3_block(l)].view(n, n, B, I).transpose(1, 2).reshape(n * B, n * I)
        right = psi[so3_block(l)].view(n, n, I, O).permute(1, 2, 0, 3).reshape(n * I, n * O)
        block = (left @ (right * scale)).view(n, B, n, O)
        blocks.append(block.transpose(1, 2).reshape(n * n, B, O))
    return torch.cat(blocks)


def _check_bandwidths(b_in: int, b_out: int, degrees: int) -> None:
    if b_out > b_in:
        raise CourseError(
            f"b_out = {b_out} exceeds b_in = {b_in}: a correlation adds no detail; "
            "choose b_out <= b_in."
        )
    if not 1 <= degrees <= b_out:
        raise CourseError(f"degrees = {degrees} must lie between 1 and b_out = {b_out}.")


class _Convolution(nn.Module):
    """Weights on the points of a support, He-initialised for orthonormal spectra, and a bias.

    With i.i.d. weights of variance ``2 / (P C_in)`` every degree keeps its power, because Wigner's
    matrices are unitary. The scale is a factor of the forward pass, the parameters have unit
    variance (as in the authors' code), so that one learning rate suits all layers.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        b_in: int,
        b_out: int,
        support: Support,
        degrees: int | None = None,
        grid: str = "soft",
        engine: str = "auto",
    ):
        super().__init__()
        self.degrees = min(b_in, b_out) if degrees is None else degrees
        _check_bandwidths(b_in, b_out, self.degrees)
        self.b_in, self.grid, self.support = b_in, Grid(b_out, grid), support
        self.engine = engine
        engine_for(self.grid, engine)
        self.weight = nn.Parameter(torch.randn(c_out, c_in, support.size))
        self.bias = nn.Parameter(torch.zeros(c_out))
        self.scale = math.sqrt(2 / (c_in * support.size))

    def extra_repr(self) -> str:
        c_out, c_in, points = self.weight.shape
        return (
            f"{c_in}, {c_out}, b_in={self.b_in}, b_out={self.grid.b}, points={points}, "
            f"degrees={self.degrees}"
        )

    def _check(self, x: Tensor, grid: Grid) -> None:
        if grid.b != self.b_in:
            raise CourseError(
                f"The layer expects bandwidth {self.b_in}, the signal has {grid.b} "
                f"(shape {tuple(x.shape)})."
            )
        if x.shape[1] != self.weight.shape[1]:
            raise CourseError(
                f"The layer expects {self.weight.shape[1]} channels, the signal has {x.shape[1]}."
            )

    def _out(self, F: Tensor) -> Tensor:
        """Spectrum ``(so3_size, B, O)`` to the output grid, plus the bias (a degree-0 signal)."""
        F = torch.cat([F[:1] + self.bias, F[1:]])
        return so3_synthesis(F, self.grid, self.degrees, engine_for(self.grid, self.engine))


class S2Convolution(_Convolution):
    """Correlation of signals on the sphere with rotated filters; the output lives on SO(3).

    ``psi * f (R) = mean over x of sum_k psi_k(R^-1 x) f_k(x)`` (Sec. 3). Turning the input by Q
    turns the output by Q, exactly.

    Args:
        c_in, c_out: channels.
        b_in, b_out: bandwidths of the grids, ``b_out <= b_in``.
        support: points of the filter, :func:`~cvlib.spherical.kernels.s2_near_identity` for one.
        degrees: degrees ``l < degrees`` that pass, default ``b_out``. Fewer than ``b_out`` leaves
            room on the grid for what a following ReLU creates.
        grid: kind of the output grid, ``soft`` or ``gauss``.
        engine: ``auto``, ``real``, ``dense`` or ``fft`` (the textbook form).
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, beta, alpha)``, or coefficients ``(B, C, degrees**2)``, to ``(B, O, SO(3))``."""
        require_finite(x, "The spherical signal")
        w = self.weight * self.scale
        with torch.autocast(x.device.type, enabled=False):
            f = self._spectrum(x).to(w.dtype)
            psi = s2_spectrum(w, self.support, self.degrees)
            if self.engine == "fft":
                pair = s2_to_complex(f), s2_to_complex(psi.permute(2, 1, 0))
                F = textbook.s2_correlate(*pair)
                return textbook.so3_ifft(F, self.grid) + self.bias[:, None, None, None]
            return self._out(s2_correlate(f.permute(2, 0, 1), psi, self.degrees))

    def _spectrum(self, x: Tensor) -> Tensor:
        if x.dim() != 3:
            return self.coefficients(x)
        if x.shape[1:] != (self.weight.shape[1], self.degrees**2):
            raise CourseError(
                f"Coefficients for this layer are (B, {self.weight.shape[1]}, {self.degrees**2}), "
                f"not {tuple(x.shape)}."
            )
        return x

    def coefficients(self, x: Tensor) -> Tensor:
        """What the layer sees of a signal: ``(B, C, beta, alpha)`` to ``(B, C, degrees**2)``."""
        grid = s2_grid(x)
        self._check(x, grid)
        x = x.to(self.weight.dtype)
        return s2_analysis(x.flatten(0, 1), grid, self.degrees).mT.reshape(*x.shape[:2], -1)


class SO3Convolution(_Convolution):
    """Correlation of signals on SO(3) with filters on SO(3); arguments as S2Convolution.

    ``psi * f (R) = mean over Q of sum_k psi_k(R^-1 Q) f_k(Q)`` (Sec. 3).
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, beta, alpha, gamma)`` to ``(B, O, beta, alpha, gamma)`` on the output grid."""
        grid, L, w = so3_grid(x), self.degrees, self.weight * self.scale
        self._check(x, grid)
        with torch.autocast(x.device.type, enabled=False):
            x, psi = x.to(w.dtype), so3_spectrum(w, self.support, L)
            if self.engine == "fft":
                kernel = so3_to_complex(psi.permute(2, 1, 0))
                F = textbook.so3_correlate(textbook.so3_fft(x, L), kernel)
                return textbook.so3_ifft(F, self.grid) + self.bias[:, None, None, None]
            f = so3_analysis(x, grid, L, engine_for(grid, self.engine))
            return self._out(so3_correlate(f, psi, L))


@cache
def _haar_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights ``(alpha, gamma, beta)`` of the mean over SO(3)."""
    n = grid.n_alpha
    w = torch.as_tensor(grid.weights / 2 / n**2).expand(n, n, -1)
    return w.to(device, dtype).contiguous()


def so3_integrate(x: Tensor) -> Tensor:
    """Mean over the rotation group: ``(..., beta, alpha, gamma)`` to ``(...)``, rotation-invariant.

    Raises CourseError for a signal that lies on no grid of SO(3).
    """
    w = _haar_weights(so3_grid(x), x.dtype, x.device)
    return torch.tensordot(x, w, dims=([-2, -1, -3], [0, 1, 2]))


class SpectralReLU(nn.Module):
    """ReLU of a band-limited signal on SO(3), evaluated on a grid finer than the signal needs.

    A ReLU creates degrees without end. Those that the grid cannot hold fold back onto low degrees
    and break equivariance; a grid of bandwidth ``b > L_in`` lets most of them be cut off instead.
    """

    def __init__(self, L_in: int, b: int, L_out: int, grid: str = "soft"):
        super().__init__()
        self.expand = SO3Transform(Grid(b, grid), L_in)
        self.reduce = SO3Transform(Grid(b, grid), L_out)

    def forward(self, F: Tensor) -> Tensor:
        """Coefficients ``(..., so3_size(L_in))`` to ``(..., so3_size(L_out))``."""
        return self.reduce(torch.relu(self.expand.inverse(F)))
