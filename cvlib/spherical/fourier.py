"""The Fourier transforms of signals on S2 and on SO(3) as objects without parameters."""

from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical import textbook
from cvlib.spherical.engines import engine_for, so3_analysis, so3_synthesis
from cvlib.spherical.grids import Grid, require_degrees, require_floats, s2_grid, so3_grid
from cvlib.spherical.s2_engine import s2_analysis, s2_synthesis
from cvlib.spherical.spectrum import (
    s2_degrees,
    s2_to_complex,
    s2_to_real,
    so3_degrees,
    so3_to_complex,
    so3_to_real,
)


class S2Transform:
    """Fourier transform of signals on the sphere with degrees `l < L` (no parameters, Sec. 4).

    `engine` is `real` or `fft` (the textbook form); both return the same real coefficients.
    """

    def __init__(self, grid: Grid, L: int, engine: str = "real"):
        require_degrees(grid, L)
        if engine not in ("real", "fft"):
            raise CourseError(f"unknown engine {engine!r} on the sphere: choose real or fft")
        self.grid = grid
        self.L = L
        self.engine = engine

    def forward(self, x: Tensor) -> Tensor:
        """Signal `(..., beta, alpha)` to coefficients `(..., L**2)`."""
        _require_grid(s2_grid(x), self.grid)
        if self.engine == "fft":
            return s2_to_real(textbook.s2_fft(x, self.L))
        f = s2_analysis(x.reshape(-1, *x.shape[-2:]), self.grid, self.L)  # (L**2, N)
        return f.mT.reshape(*x.shape[:-2], -1)

    __call__ = forward

    def inverse(self, f: Tensor) -> Tensor:
        """Coefficients `(..., L**2)` to the signal `(..., beta, alpha)`."""
        require_floats(f, "a spectrum")
        _require_count(s2_degrees(f), self.L)
        if self.engine == "fft":
            return textbook.s2_ifft(s2_to_complex(f), self.grid)
        x = s2_synthesis(f.reshape(-1, f.shape[-1]).mT, self.grid)  # (N, beta, alpha)
        return x.reshape(*f.shape[:-1], *x.shape[1:])


class SO3Transform:
    """Fourier transform of signals on SO(3) with degrees `l < L` (no parameters, Sec. 4).

    `engine` is `auto`, `real`, `dense` or `fft`; all return the same real coefficients.
    """

    def __init__(self, grid: Grid, L: int, engine: str = "auto"):
        require_degrees(grid, L)
        self.grid = grid
        self.L = L
        self.engine = engine_for(grid, engine)

    def forward(self, x: Tensor) -> Tensor:
        """Signal `(..., beta, alpha, gamma)` to coefficients `(..., so3_size(L))`."""
        _require_grid(so3_grid(x), self.grid)
        if self.engine == "fft":
            return so3_to_real(textbook.so3_fft(x, self.L))
        one_channel = x.reshape(-1, 1, *x.shape[-3:])
        F = so3_analysis(one_channel, self.grid, self.L, self.engine)  # (so3_size, N, 1)
        return F[..., 0].mT.reshape(*x.shape[:-3], -1)

    __call__ = forward

    def inverse(self, F: Tensor) -> Tensor:
        """Coefficients `(..., so3_size(L))` to the signal `(..., beta, alpha, gamma)`."""
        require_floats(F, "a spectrum")
        _require_count(so3_degrees(F), self.L)
        if self.engine == "fft":
            return textbook.so3_ifft(so3_to_complex(F), self.grid)
        one_channel = F.reshape(-1, F.shape[-1]).mT[:, :, None]  # (so3_size, N, 1)
        x = so3_synthesis(one_channel, self.grid, self.L, self.engine)
        return x.reshape(*F.shape[:-1], *x.shape[2:])


def _require_grid(grid: Grid, expected: Grid) -> None:
    if grid != expected:
        raise CourseError(f"the signal lies on {grid}, the transform expects {expected}")


def _require_count(degrees: int, expected: int) -> None:
    if degrees != expected:
        raise CourseError(f"these coefficients have {degrees} degrees, the transform {expected}")
