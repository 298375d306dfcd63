"""Sampling grids of the sphere and of the rotation group, with exact quadrature.

Conventions of the whole package: a point of S2 is `x(beta, alpha) = (sin b cos a, sin b sin a,
cos b)` with colatitude `beta`; a rotation is `R = Rz(alpha) Ry(beta) Rz(gamma)`. Signals are
arrays `(..., beta, alpha)` on S2 and `(..., beta, alpha, gamma)` on SO(3). Integrals are means
over the sphere or the group (total mass 1).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cvlib.course.errors import CourseError


def quadrature_weights(b: int) -> np.ndarray:
    """Weights `(2b,)` of the colatitudes `pi (2j + 1) / 4b`; their sum is 2.

    The sum over nodes equals the integral over `sin(beta) d beta` for every polynomial in
    `cos(beta)` of degree below `2b` (Driscoll & Healy 1994; Kostelec & Rockmore 2008).
    """
    beta, k = soft_beta(b), np.arange(b)
    waves = np.sin(np.outer(beta, 2 * k + 1)) / (2 * k + 1)
    return 2 / b * np.sin(beta) * waves.sum(1)


def soft_beta(b: int) -> np.ndarray:
    """Colatitudes `(2b,)` of the SOFT grid in radians; half a step away from both poles."""
    return np.pi * (2 * np.arange(2 * b) + 1) / (4 * b)


@dataclass(frozen=True)
class Grid:
    """A grid of bandwidth `b`: it holds the degrees `l < b` and integrates products of two.

    `soft` is the paper's grid, `2b` colatitudes and `2b` azimuths. `gauss` puts the
    colatitudes on Gauss-Legendre nodes: `b` of them and `2b - 1` azimuths are just as exact,
    with half the points.
    """

    b: int
    kind: str = "soft"

    def __post_init__(self) -> None:
        if self.b < 1 or self.kind not in ("soft", "gauss"):
            raise CourseError(
                f"a grid needs a bandwidth of at least 1 and the kind soft or gauss, not "
                f"{self.b} and {self.kind!r}"
            )

    @property
    def beta(self) -> np.ndarray:
        """Colatitudes in radians, ascending."""
        if self.kind == "soft":
            return soft_beta(self.b)
        return np.arccos(np.polynomial.legendre.leggauss(self.b)[0][::-1])

    @property
    def weights(self) -> np.ndarray:
        """Quadrature weights of the colatitudes; their sum is 2."""
        if self.kind == "soft":
            return quadrature_weights(self.b)
        return np.polynomial.legendre.leggauss(self.b)[1][::-1].copy()

    @property
    def n_beta(self) -> int:
        """Number of colatitudes."""
        return 2 * self.b if self.kind == "soft" else self.b

    @property
    def n_alpha(self) -> int:
        """Number of azimuths (and, on SO(3), of angles gamma)."""
        return 2 * self.b if self.kind == "soft" else 2 * self.b - 1

    @property
    def alpha(self) -> np.ndarray:
        """Azimuths in radians."""
        return 2 * np.pi * np.arange(self.n_alpha) / self.n_alpha

    @property
    def points(self) -> np.ndarray:
        """Unit vectors `(n_beta, n_alpha, 3)` of the S2 grid."""
        beta, alpha = np.meshgrid(self.beta, self.alpha, indexing="ij")
        return sphere_points(beta, alpha)


def sphere_points(beta: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Unit vectors `(..., 3)` of colatitude `beta` and azimuth `alpha`."""
    return np.stack(
        [np.sin(beta) * np.cos(alpha), np.sin(beta) * np.sin(alpha), np.cos(beta)], axis=-1
    )


def _grid_of(n_beta: int, n_alpha: int, shape: tuple[int, ...]) -> Grid:
    if n_beta == n_alpha and n_beta % 2 == 0 and n_beta > 0:
        return Grid(n_beta // 2, "soft")
    if n_alpha == 2 * n_beta - 1:
        return Grid(n_beta, "gauss")
    raise CourseError(
        f"a signal of shape {shape} is not on a grid: sample it at 2b colatitudes and 2b azimuths "
        "(SOFT), or at b and 2b - 1 (Gauss-Legendre)"
    )


def require_floats(x: Tensor, what: str) -> None:
    """CourseError unless `x` is a tensor of floating-point numbers with at least one of them."""
    if not isinstance(x, Tensor):
        raise CourseError(f"{what} must be a torch tensor, not {type(x).__name__}: as_tensor it")
    if not x.is_floating_point():
        raise CourseError(f"{what} must be real floating-point numbers, not {x.dtype}: convert it")
    if x.numel() == 0:
        raise CourseError(f"{what} is empty, of shape {tuple(x.shape)}: give at least one example")


def require_finite(x: Tensor, what: str) -> None:
    """CourseError when `x` holds a NaN or an infinity."""
    if not torch.isfinite(x).all():
        raise CourseError(f"{what} holds NaN or infinite values: clean the input first")


def s2_grid(x: Tensor) -> Grid:
    """The grid of a signal `(..., beta, alpha)`; CourseError when it lies on none."""
    require_floats(x, "a signal on the sphere")
    if x.dim() < 2:
        raise CourseError("a signal on the sphere needs the axes (..., beta, alpha)")
    return _grid_of(x.shape[-2], x.shape[-1], tuple(x.shape))


def so3_grid(x: Tensor) -> Grid:
    """The grid of a signal `(..., beta, alpha, gamma)`; CourseError when it lies on none."""
    require_floats(x, "a signal on SO(3)")
    if x.dim() < 3 or x.shape[-1] != x.shape[-2]:
        raise CourseError(
            f"a signal on SO(3) has axes (..., beta, alpha, gamma) with as many alpha as gamma, "
            f"not the shape {tuple(x.shape)}"
        )
    return _grid_of(x.shape[-3], x.shape[-1], tuple(x.shape))


def require_degrees(grid: Grid, L: int) -> None:
    """CourseError when a grid is too coarse for the degrees `l < L`."""
    if not 1 <= L <= grid.b:
        raise CourseError(
            f"a grid of bandwidth {grid.b} holds 1 to {grid.b} degrees, not {L}: "
            "ask for fewer degrees or sample more finely"
        )
