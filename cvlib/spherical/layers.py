"""The two correlations of the paper as layers, batch norm on SO(3), the integral over SO(3)."""

import math
from functools import cache

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.spherical import textbook
from cvlib.spherical.correlation import s2_correlate, so3_correlate
from cvlib.spherical.engines import engine_for, so3_analysis, so3_synthesis
from cvlib.spherical.grids import Grid, require_finite, require_floats, s2_grid, so3_grid
from cvlib.spherical.kernels import Support, s2_spectrum, so3_spectrum
from cvlib.spherical.s2_engine import s2_analysis
from cvlib.spherical.spectrum import s2_to_complex, so3_to_complex, so3_to_real


class _Convolution(nn.Module):
    """Weights on the points of a support, scaled for orthonormal spectra, and a bias.

    With i.i.d. weights of variance `2 / (P C_in)` every degree comes out with twice its power,
    because Wigner's matrices are unitary; a ReLU keeps half of the *total*, most of it in degree 0.
    The scale is a factor of the forward pass, the parameters have unit variance (as in the
    authors' code), so that one learning rate suits all layers.
    """

    needs_sphere = False

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
        if not 1 <= self.degrees <= min(b_in, b_out):
            raise CourseError(
                f"degrees = {self.degrees} must lie between 1 and the smaller of b_in = {b_in} and "
                f"b_out = {b_out}"
            )
        if self.needs_sphere and not support.on_sphere:
            raise CourseError(
                "a filter on the sphere has points with gamma = 0: take s2_near_identity or "
                "s2_equatorial"
            )
        self.b_in = b_in
        self.grid = Grid(b_out, grid)
        self.support = support
        self.engine = engine
        engine_for(self.grid, engine)  # refuses an unknown one
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
                f"the layer expects bandwidth {self.b_in}, the signal has {grid.b} "
                f"(shape {tuple(x.shape)})"
            )
        if x.shape[1] != self.weight.shape[1]:
            raise CourseError(
                f"the layer expects {self.weight.shape[1]} channels, the signal has {x.shape[1]}"
            )

    def spectrum(self, x: Tensor) -> Tensor:
        """The correlation's coefficients `(so3_size(degrees), B, O)`, the bias in degree 0."""
        require_floats(x, "the layer's input")
        with torch.autocast(x.device.type, enabled=False):
            F = self._correlate(x, self.weight * self.scale)
            return torch.cat([F[:1] + self.bias, F[1:]])

    def on_grid(self, F: Tensor) -> Tensor:
        """Coefficients `(so3_size(degrees), B, O)` as samples `(B, O, beta, alpha, gamma)`."""
        with torch.autocast(F.device.type, enabled=False):
            if self.engine == "fft":
                return textbook.so3_ifft(so3_to_complex(F.permute(1, 2, 0)), self.grid)
            engine = engine_for(self.grid, self.engine)
            return so3_synthesis(F, self.grid, self.degrees, engine)


class S2Convolution(_Convolution):
    """Correlation of signals on the sphere with rotated filters; the output lives on SO(3).

    `psi * f (R) = mean over x of sum_k psi_k(R^-1 x) f_k(x)` (Sec. 3). Turning the input by Q
    turns the output by Q, exactly.

    `c_in` and `c_out` are channels, `b_in` and `b_out` bandwidths of grids, `support` the points
    of the filter (`kernels.s2_near_identity` for one). The degrees `l < degrees` pass, by default
    all that both grids hold; a finer output grid has room for what a following ReLU creates.
    `grid` and `engine` name the kind of the output grid and how it is computed. CourseError for a
    support that turns in place: that is one for SO(3).
    """

    needs_sphere = True

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, beta, alpha)`, or coefficients `(B, C, degrees**2)`, to `(B, O, SO(3))`."""
        return self.on_grid(self.spectrum(x))

    def _correlate(self, x: Tensor, w: Tensor) -> Tensor:
        require_finite(x, "a signal on the sphere")
        f = self._coefficients_of(x).to(w.dtype)  # (B, C, degrees**2)
        psi = s2_spectrum(w, self.support, self.degrees)
        if self.engine == "fft":
            kernel = s2_to_complex(psi.permute(2, 1, 0))
            F = textbook.s2_correlate(s2_to_complex(f), kernel)
            return so3_to_real(F).permute(2, 0, 1)
        return s2_correlate(f.permute(2, 0, 1), psi, self.degrees)

    def _coefficients_of(self, x: Tensor) -> Tensor:
        if x.dim() != 3:
            return self.coefficients(x)
        if x.shape[1:] != (self.weight.shape[1], self.degrees**2):
            raise CourseError(
                f"coefficients for this layer are (B, {self.weight.shape[1]}, {self.degrees**2}), "
                f"not {tuple(x.shape)}"
            )
        return x

    def coefficients(self, x: Tensor) -> Tensor:
        """What the layer sees of a signal: `(B, C, beta, alpha)` to `(B, C, degrees**2)`."""
        grid = s2_grid(x)
        self._check(x, grid)
        x = x.to(self.weight.dtype)
        f = s2_analysis(x.flatten(0, 1), grid, self.degrees)  # (degrees**2, B C)
        return f.mT.reshape(*x.shape[:2], -1)


class SO3Convolution(_Convolution):
    """Correlation of signals on SO(3) with filters on SO(3); arguments as `S2Convolution`.

    `psi * f (R) = mean over Q of sum_k psi_k(R^-1 Q) f_k(Q)` (Sec. 3).
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, beta, alpha, gamma)` to `(B, O, beta, alpha, gamma)` on the output grid."""
        return self.on_grid(self.spectrum(x))

    def _correlate(self, x: Tensor, w: Tensor) -> Tensor:
        grid = so3_grid(x)
        self._check(x, grid)
        x = x.to(w.dtype)
        psi = so3_spectrum(w, self.support, self.degrees)
        if self.engine == "fft":
            kernel = so3_to_complex(psi.permute(2, 1, 0))
            F = textbook.so3_correlate(textbook.so3_fft(x, self.degrees), kernel)
            return so3_to_real(F).permute(2, 0, 1)
        f = so3_analysis(x, grid, self.degrees, engine_for(grid, self.engine))
        return so3_correlate(f, psi, self.degrees)


class BatchNormSO3(nn.BatchNorm1d):
    """Batch normalisation per channel over (batch, beta, alpha, gamma).

    It weighs grid points equally, not by area; one affine map per channel commutes with rotations
    all the same. Works on the layers' batch-last memory without a copy.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(B, C, beta, alpha, gamma)` to the same shape."""
        rows = x.permute(3, 4, 2, 0, 1)  # (alpha, gamma, beta, B, C)
        y = super().forward(rows.reshape(-1, x.shape[1]))
        return y.view(rows.shape).permute(3, 4, 2, 0, 1)


@cache
def _haar_weights(grid: Grid, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Weights `(alpha, gamma, beta)` of the mean over SO(3)."""
    n = grid.n_alpha
    w = torch.as_tensor(grid.weights / 2 / n**2).expand(n, n, -1)
    return w.to(device, dtype).contiguous()


def so3_integrate(x: Tensor) -> Tensor:
    """Mean over the rotation group: `(..., beta, alpha, gamma)` to `(...)`, rotation-invariant.

    Raises CourseError for a signal that lies on no grid of SO(3).
    """
    w = _haar_weights(so3_grid(x), x.dtype, x.device)
    with torch.autocast(x.device.type, enabled=False):  # quadrature weights span orders
        return torch.tensordot(x, w, dims=([-2, -1, -3], [0, 1, 2]))
