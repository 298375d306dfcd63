"""Wigner's matrices: how the harmonics of one degree mix when the sphere is turned.

`d^l_mn(beta) = <l m| exp(-i beta Jy) |l n>` in the Condon-Shortley convention, and
`D^l_mn(alpha, beta, gamma) = exp(-i m alpha) d^l_mn(beta) exp(-i n gamma)`.
"""

import math

import numpy as np
from scipy.special import gammaln, xlogy

from cvlib.course.errors import CourseError


def wigner_d(L: int, beta: np.ndarray, columns: tuple[int, ...] | None = None) -> np.ndarray:
    """`d^l_mn(beta)` for all `l < L`: `(L, 2L-1, columns, n_beta)`, zero where undefined.

    Three-term recurrence in `l`, stable in float64 to at least `l = 128`. Row `m + L - 1` holds
    `m`. `columns` picks the `n` (default all): `(0,)` is what a sphere needs. CourseError for
    angles outside of 0..pi.
    """
    beta = _colatitudes(beta)
    orders = np.arange(1 - L, L)
    m, n = np.meshgrid(orders, orders if columns is None else columns, indexing="ij")
    first = np.maximum(abs(m), abs(n))
    seed = _seeds(m, n, beta)
    d = np.zeros((L, *m.shape, len(beta)))
    for l in range(L):
        d[l] = np.where((first == l)[..., None], seed, 0.0)
        inside = first < l
        if inside.any():
            before = d[l - 2][inside] if l > 1 else np.zeros(1)
            d[l][inside] = _next_degree(l, m[inside], n[inside], beta, d[l - 1][inside], before)
    return d


def _colatitudes(beta: np.ndarray) -> np.ndarray:
    """The angles `(n,)` in float64, refused outside of 0..pi (but for rounding)."""
    beta = np.atleast_1d(np.asarray(beta, dtype=np.float64))
    if not ((beta > -1e-6) & (beta < np.pi + 1e-6)).all():
        raise CourseError(
            "beta is a colatitude between 0 and pi: a turn by -beta is one by beta with alpha and "
            "gamma half a turn further"
        )
    return beta.clip(0, np.pi)


def _seeds(m: np.ndarray, n: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """`d^l_mn` at its first degree `l = max(|m|, |n|)`: a closed form, in log space."""
    l = np.maximum(abs(m), abs(n))
    swap = abs(m) < abs(n)  # d_mn = d_{-n,-m} moves the extreme index to the row ...
    row = np.where(swap, -n, m)
    col = np.where(swap, -m, n)
    flip = row < 0  # ... and d_mn = (-1)^(m-n) d_{-m,-n} makes it positive
    sign = np.where(flip & ((row - col) % 2 == 1), -1.0, 1.0)
    col = np.where(flip, -col, col)
    sign = sign * np.where((l - col) % 2 == 1, -1.0, 1.0)

    log_root = 0.5 * (gammaln(2 * l + 1) - gammaln(l + col + 1) - gammaln(l - col + 1))
    log_cos = xlogy((l + col)[..., None], np.cos(beta / 2))
    log_sin = xlogy((l - col)[..., None], np.sin(beta / 2))
    return sign[..., None] * np.exp(log_root[..., None] + log_cos + log_sin)


def _next_degree(
    l: int, m: np.ndarray, n: np.ndarray, beta: np.ndarray, last: np.ndarray, before: np.ndarray
) -> np.ndarray:
    """`d^l` `(k, n_beta)` from `d^(l-1)` and `d^(l-2)`, for `k` pairs of orders below `l`."""
    k = l - 1
    m = m.astype(float)
    n = n.astype(float)
    a = np.sqrt((l**2 - m**2) * (l**2 - n**2))
    shift = m * n / (max(k, 1) * l)
    d = (l * (2 * k + 1) / a)[:, None] * (np.cos(beta) - shift[:, None]) * last
    if k > 0:
        back = l * np.sqrt((k**2 - m**2) * (k**2 - n**2)) / (k * a)
        d = d - back[:, None] * before
    return d


def real_basis(l: int) -> np.ndarray:
    """Unitary `C` `(2l+1, 2l+1)`, `Y_real = C Y`: rows m < 0 are sines, m > 0 cosines."""
    C = np.zeros((2 * l + 1, 2 * l + 1), dtype=complex)
    C[l, l] = 1
    half = 1 / math.sqrt(2)
    for m in range(1, l + 1):
        sign = (-1) ** m
        C[l + m, l + m] = sign * half
        C[l + m, l - m] = half
        C[l - m, l + m] = -1j * sign * half
        C[l - m, l - m] = 1j * half
    return C


def wigner_D(L: int, euler: np.ndarray, real: bool = True) -> list[np.ndarray]:
    """The matrices `D^l` of all degrees `l < L` for rotations `euler` `(n, 3)` (ZYZ, rad).

    Returns `L` arrays `(n, 2l+1, 2l+1)`. A rotated signal has the coefficients `D^l f^l`.
    With `real` they act on the real harmonics, and `D^1` is the rotation matrix itself in the
    order (y, z, x); otherwise they are Wigner's complex matrices.
    """
    alpha, beta, gamma = np.atleast_2d(np.asarray(euler, dtype=np.float64)).T
    d = wigner_d(L, beta)
    matrices = []
    for l in range(L):
        m = np.arange(-l, l + 1)
        inner = slice(L - 1 - l, L + l)
        left = np.exp(-1j * np.outer(alpha, m))
        right = np.exp(-1j * np.outer(gamma, m))
        D = left[:, :, None] * np.moveaxis(d[l, inner, inner], -1, 0) * right[:, None, :]
        if real:
            C = real_basis(l)
            D = np.ascontiguousarray((C.conj() @ D @ C.T).real)
        matrices.append(D)
    return matrices
