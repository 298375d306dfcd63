"""Real spherical harmonics at arbitrary points."""

import numpy as np

from cvlib.course.errors import CourseError
from cvlib.spherical.wigner import wigner_d


def spherical_harmonics(L: int, xyz: np.ndarray) -> np.ndarray:
    """All real harmonics of degree `l < L` at unit vectors `(..., 3)`: `(..., L**2)`.

    Order: degree by degree, `m = -l..l`, sines before the cosines. Orthonormal for the mean over
    the sphere: the constant is 1 (multiply by `1 / sqrt(4 pi)` for the physicists' measure).
    CourseError for points that do not lie on the unit sphere.
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    if xyz.shape[-1:] != (3,) or not (abs(np.linalg.norm(xyz, axis=-1) - 1) < 1e-4).all():
        raise CourseError("harmonics need unit vectors (..., 3): divide the points by their length")
    beta = np.arccos(np.clip(xyz[..., 2], -1, 1))
    alpha = np.arctan2(xyz[..., 1], xyz[..., 0])

    d = wigner_d(L, beta.ravel(), columns=(0,))[:, :, 0]  # (l, m, points)
    columns = []
    for l in range(L):
        for m in range(-l, l + 1):
            wave = np.cos(m * alpha) if m >= 0 else np.sin(-m * alpha)
            norm = np.sqrt(2 * l + 1) * (np.sqrt(2) * (-1) ** m if m else 1)
            columns.append(norm * d[l, L - 1 + abs(m)].reshape(beta.shape) * wave)
    return np.stack(columns, axis=-1)
