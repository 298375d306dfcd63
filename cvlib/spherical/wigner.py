"""Wigner's matrices: how the harmonics of one degree mix when the sphere is turned.

``d^l_mn(beta) = <l m| exp(-i beta Jy) |l n>`` in the Condon-Shortley convention, and
``D^l_mn(alpha, beta, gamma) = exp(-i m alpha) d^l_mn(beta) exp(-i n gamma)``.
"""

import math

import numpy as np
from scipy.special import gammaln, xlogy


def _seeds(m: np.ndarray, n: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """``d^l_mn`` at its first degree ``l = max(|m|, |n|)``: a closed form, in log space."""
    l = np.maximum(abs(m), abs(n))
    swap = abs(m) < abs(n)  # d_mn = d_{-n,-m} moves the extreme index to the row ...
    row, col = np.where(swap, -n, m), np.where(swap, -m, n)
    flip = row < 0  # ... and d_mn = (-1)^(m-n) d_{-m,-n} makes it positive
    sign = np.where(flip & ((row - col) % 2 == 1), -1.0, 1.0)
    col = np.where(flip, -col, col)
    sign = sign * np.where((l - col) % 2 == 1, -1.0, 1.0)
    log_root = 0.5 * (gammaln(2 * l + 1) - gammaln(l + col + 1) - gammaln(l - col + 1))
    log_cos = xlogy((l + col)[..., None], np.cos(beta / 2))
    log_sin = xlogy((l - col)[..., None], np.sin(beta / 2))
    return sign[..., None] * np.exp(log_root[..., None] + log_cos + log_sin)


def wigner_d(L: int, beta: np.ndarray, columns: tuple[int, ...] | None = None) -> np.ndarray:
    """``d^l_mn(beta)`` for all ``l < L``: ``(L, 2L-1, columns, n_beta)``, zero where undefined.

    Three-term recurrence in ``l``, stable in float64 to at least ``l = 128``. Row ``m + L - 1``
    holds ``m``. ``columns`` picks the ``n`` (default all): ``(0,)`` is what a sphere needs.
    """
    beta = np.atleast_1d(np.asarray(beta, dtype=np.float64))
    orders = np.arange(1 - L, L)
    m, n = np.meshgrid(orders, orders if columns is None else columns, indexing="ij")
    first, cos = np.maximum(abs(m), abs(n)), np.cos(beta)
    seed = _seeds(m, n, beta)
    d = np.zeros((L, *m.shape, len(beta)))
    for l in range(L):
        d[l] = np.where((first == l)[..., None], seed, 0.0)
        inside = first < l
        if inside.any():
            k, mi, ni = l - 1, m[inside].astype(float), n[inside].astype(float)
            a = np.sqrt((l**2 - mi**2) * (l**2 - ni**2))
            slope = (l * (2 * k + 1) / a)[:, None] * (cos - (mi * ni / (max(k, 1) * l))[:, None])
            d[l][inside] = slope * d[k][inside]
            if k:
                back = l * np.sqrt((k**2 - mi**2) * (k**2 - ni**2)) / (k * a)
                d[l][inside] -= back[:, None] * d[k - 1][inside]
    return d


def real_basis(l: int) -> np.ndarray:
    """Unitary ``C`` ``(2l+1, 2l+1)``, ``Y_real = C Y``: rows m < 0 are sines, m > 0 cosines."""
    C = np.zeros((2 * l + 1, 2 * l + 1), dtype=complex)
    C[l, l] = 1
    for m in range(1, l + 1):
        C[l + m, l + m], C[l + m, l - m] = (-1) ** m / math.sqrt(2), 1 / math.sqrt(2)
        C[l - m, l + m], C[l - m, l - m] = -1j * (-1) ** m / math.sqrt(2), 1j / math.sqrt(2)
    return C


def wigner_D(L: int, euler: np.ndarray, real: bool = True) -> list[np.ndarray]:
    """The matrices ``D^l`` of all degrees ``l < L`` for rotations ``euler`` ``(n, 3)`` (ZYZ, rad).

    Returns ``L`` arrays ``(n, 2l+1, 2l+1)``. A rotated signal has the coefficients ``D^l f^l``.
    With ``real`` they act on the real harmonics, and ``D^1`` is the rotation matrix itself in the
    order (y, z, x); otherwise they are Wigner's complex matrices.
    """
    alpha, beta, gamma = np.atleast_2d(np.asarray(euler, dtype=np.float64)).T
    d = wigner_d(L, beta)
    matrices = []
    for l in range(L):
        m, inner = np.arange(-l, l + 1), slice(L - 1 - l, L + l)
        left, right = np.exp(-1j * np.outer(alpha, m)), np.exp(-1j * np.outer(gamma, m))
        D = left[:, :, None] * np.moveaxis(d[l, inner, inner], -1, 0) * right[:, None, :]
        if real:
            C = real_basis(l)
            D = np.ascontiguousarray((C.conj() @ D @ C.T).real)
        matrices.append(D)
    return matrices
