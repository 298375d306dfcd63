"""Real spherical harmonics at arbitrary points."""

import numpy as np

from cvlib.spherical.wigner import wigner_d


def spherical_harmonics(L: int, xyz: np.ndarray) -> np.ndarray:
    """All real harmonics of degree ``l < L`` at unit vectors ``(..., 3)``: ``(..., L**2)``.

    Order: degree by degree, ``m = -l..l``, sines before the cosines. Orthonormal for the mean over
    the sphere: the constant is 1 (multiply by ``1 / sqrt(4 pi)`` for the physicists' measure).
    """
    xyz = np.asarray(xyz, dtype=np.float64)
    beta, alpha = np.arccos(np.clip(xyz[..., 2], -1, 1)), np.arctan2(xyz[..., 1], xyz[..., 0])
    d = wigner_d(L, beta.ravel(), columns=(0,))[:, :, 0]
    columns = []
    for l in range(L):
        for m in range(-l, l + 1):
            wave = np.cos(m * alpha) if m >= 0 else np.sin(-m * alpha)
            norm = np.sqrt(2 * l + 1) * (np.sqrt(2) * (-1) ** m if m else 1)
            columns.append(norm * d[l, L - 1 + abs(m)].reshape(beta.shape) * wave)
    return np.stack(columns, axis=-1)
