"""The Fourier transforms of signals on S2 and on SO(3) as objects without parameters."""

from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical import textbook
from cvlib.spherical.engines import (
    engine_for,
    s2_analysis,
    s2_synthesis,
    so3_analysis,
    so3_synthesis,
)
from cvlib.spherical.grids import Grid, require_degrees, s2_grid, so3_grid
from cvlib.spherical.spectrum import (
    s2_to_complex,
    s2_to_real,
    so3_degrees,
    so3_to_complex,
    so3_to_real,
)


def _require(grid: Grid, expected: Grid) -> None:
    if grid != expected:
        raise CourseError(f"The signal lies on {grid}, the transform expects {expected}.")


class S2Transform:
    """Fourier transform of signals on the sphere with degrees ``l < L`` (no parameters).

    ``engine`` is ``real`` or ``fft`` (the textbook form); both return the same real coefficients.
    """

    def __init__(self, grid: Grid, L: int, engine: str = "real"):
        require_degrees(grid, L)
        self.grid, self.L, self.engine = grid, L, engine

    def forward(self, x: Tensor) -> Tensor:
        """Signal ``(..., beta, alpha)`` to coefficients ``(..., L**2)``."""
        _require(s2_grid(x), self.grid)
        if self.engine == "fft":
            return s2_to_real(textbook.s2_fft(x, self.L))
        return s2_analysis(x.reshape(-1, *x.shape[-2:]), self.grid, self.L).mT.reshape(
            *x.shape[:-2], -1
        )

    __call__ = forward

    def inverse(self, f: Tensor) -> Tensor:
        """Coefficients ``(..., L**2)`` to the signal ``(..., beta, alpha)``."""
        if self.engine == "fft":
            return textbook.s2_ifft(s2_to_complex(f), self.grid)
        x = s2_synthesis(f.reshape(-1, f.shape[-1]).mT, self.grid)
        return x.reshape(*f.shape[:-1], *x.shape[1:])


class SO3Transform:
    """Fourier transform of signals on SO(3) with degrees ``l < L`` (no parameters).

    ``engine`` is ``auto``, ``real``, ``dense`` or ``fft``; all return the same real coefficients.
    """

    def __init__(self, grid: Grid, L: int, engine: str = "auto"):
        require_degrees(grid, L)
        self.grid, self.L, self.engine = grid, L, engine_for(grid, engine)

    def forward(self, x: Tensor) -> Tensor:
        """Signal ``(..., beta, alpha, gamma)`` to coefficients ``(..., so3_size(L))``."""
        _require(so3_grid(x), self.grid)
        if self.engine == "fft":
            return so3_to_real(textbook.so3_fft(x, self.L))
        F = so3_analysis(x.reshape(1, -1, *x.shape[-3:]), self.grid, self.L, self.engine)
        return F[:, 0].mT.reshape(*x.shape[:-3], -1)

    __call__ = forward

    def inverse(self, F: Tensor) -> Tensor:
        """Coefficients ``(..., so3_size(L))`` to the signal ``(..., beta, alpha, gamma)``."""
        if so3_degrees(F) != self.L:
            raise CourseError(f"These coefficients have {so3_degrees(F)} degrees, not {self.L}.")
        if self.engine == "fft":
            return textbook.so3_ifft(so3_to_complex(F), self.grid)
        x = so3_synthesis(F.reshape(-1, F.shape[-1]).mT[:, None], self.grid, self.L, self.engine)
        return x.reshape(*F.shape[:-1], *x.shape[2:])
