"""Where a learnable filter has its weights, and the spectrum of such a filter.

A filter is a sum of points with free weights, as in the paper: `psi = sum_p w_p delta_p`. A point
of S2 is a rotation with `gamma = 0` (it carries the north pole there).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.wigner import wigner_D


@dataclass(frozen=True)
class Support:
    """Points of a filter: Euler angles `(alpha, beta, gamma)` in radians, ZYZ."""

    points: tuple[tuple[float, float, float], ...]

    @property
    def size(self) -> int:
        """Number of points, that is, of weights per pair of channels."""
        return len(self.points)

    @property
    def euler(self) -> np.ndarray:
        """The points as an array `(size, 3)`."""
        return np.array(self.points)

    @property
    def on_sphere(self) -> bool:
        """Whether these are points of the sphere, not turned in place."""
        return all(gamma == 0 for _, _, gamma in self.points)


def _support(alpha: np.ndarray, beta: np.ndarray, gamma: np.ndarray, twist: bool) -> Support:
    if min(len(alpha), len(beta), len(gamma)) < 1:
        raise CourseError("a filter needs at least one point along each angle")
    b, a, g = np.meshgrid(beta, alpha, gamma, indexing="ij")
    angles = np.stack([a, b, g - a if twist else g], axis=-1).reshape(-1, 3)
    return Support(tuple(tuple(float(v) for v in row) for row in angles))


def _circle(n: int) -> np.ndarray:
    return 2 * np.pi * np.arange(n) / n


def s2_near_identity(max_beta: float = np.pi / 8, n_alpha: int = 8, n_beta: int = 3) -> Support:
    """Rings around the north pole at `beta = max_beta k / n_beta`, without the pole itself."""
    return _support(_circle(n_alpha), _rings(max_beta, n_beta), np.zeros(1), twist=False)


def so3_near_identity(
    max_beta: float = np.pi / 8,
    max_gamma: float = np.pi / 8,
    n_alpha: int = 8,
    n_beta: int = 3,
    n_gamma: int = 3,
) -> Support:
    """Rotations near the identity: rings of directions, each turned in place too.

    The third Euler angle is `gamma - alpha`, so that `gamma` is the turn left over when
    `beta` goes to 0. From `max_gamma = pi` on the turns fill the circle evenly (no point
    twice). The defaults are the paper's 72 points.
    """
    turns = _circle(n_gamma) if max_gamma >= np.pi else np.linspace(-max_gamma, max_gamma, n_gamma)
    return _support(_circle(n_alpha), _rings(max_beta, n_beta), turns, twist=True)


def s2_equatorial(max_beta: float = 0.0, n_alpha: int = 32, n_beta: int = 1) -> Support:
    """Rings `max_beta` around the equator: long filters, as the paper uses for 3-D shapes."""
    return _support(_circle(n_alpha), _belts(max_beta, n_beta), np.zeros(1), twist=False)


def so3_equatorial(
    max_beta: float = 0.0,
    max_gamma: float = np.pi / 8,
    n_alpha: int = 32,
    n_beta: int = 1,
    n_gamma: int = 2,
) -> Support:
    """The equatorial rings, each direction with `n_gamma` turns within `max_gamma`."""
    turns = np.linspace(-max_gamma, max_gamma, n_gamma)
    return _support(_circle(n_alpha), _belts(max_beta, n_beta), turns, twist=False)


def _rings(max_beta: float, n: int) -> np.ndarray:
    return max_beta * np.arange(1, n + 1) / n


def _belts(max_beta: float, n: int) -> np.ndarray:
    return np.pi / 2 + (np.linspace(-max_beta, max_beta, n) if n > 1 else np.zeros(n))


@cache
def _harmonics(support: Support, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    matrices = wigner_D(L, support.euler)
    columns = [D[:, :, l] * np.sqrt(2 * l + 1) for l, D in enumerate(matrices)]  # n = 0
    return torch.as_tensor(np.concatenate(columns, axis=1).T).to(device, dtype)


@cache
def _matrices(support: Support, L: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    blocks = [D.reshape(len(D), -1) * np.sqrt(D.shape[-1]) for D in wigner_D(L, support.euler)]
    return torch.as_tensor(np.concatenate(blocks, axis=1).T).to(device, dtype)


def s2_spectrum(w: Tensor, support: Support, L: int) -> Tensor:
    """Weights `(O, I, P)` on S2 points to packed coefficients `(L**2, I, O)` (Sec. 5.2)."""
    K = _harmonics(support, L, w.dtype, w.device)
    return (K @ w.permute(2, 1, 0).flatten(1)).unflatten(1, (w.shape[1], w.shape[0]))


def so3_spectrum(w: Tensor, support: Support, L: int) -> Tensor:
    """Weights `(O, I, P)` on SO(3) points to packed coefficients `(so3_size(L), I, O)`."""
    K = _matrices(support, L, w.dtype, w.device)
    return (K @ w.permute(2, 1, 0).flatten(1)).unflatten(1, (w.shape[1], w.shape[0]))
