"""How coefficients are stored: packed by degree, in the real basis, orthonormal for the mean.

A signal on S2 with degrees `l < L` has `L**2` coefficients, degree by degree, `m = -l..l`.
A signal on SO(3) has `so3_size(L)`: one matrix `(2l+1, 2l+1)` per degree, row-major. Bases are
`sqrt(2l+1)` times the real matrix elements, so the mean of `f**2` is the sum of squares
(Plancherel without constants).
"""

import math

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.wigner import real_basis


def so3_size(L: int) -> int:
    """Number of coefficients of a signal on SO(3) with `L` degrees: `L (4 L^2 - 1) / 3`."""
    return L * (4 * L * L - 1) // 3


def s2_degrees(f: Tensor) -> int:
    """Number of degrees of packed S2 coefficients `(..., L**2)`."""
    L = math.isqrt(f.shape[-1])
    if f.shape[-1] != L * L:
        raise CourseError(
            f"{f.shape[-1]} coefficients are no full set of degrees on the sphere (L**2)"
        )
    return L


def so3_degrees(F: Tensor) -> int:
    """Number of degrees of packed SO(3) coefficients `(..., so3_size(L))`."""
    L = round((F.shape[-1] * 3 / 4) ** (1 / 3))
    if F.shape[-1] != so3_size(L):
        raise CourseError(
            f"{F.shape[-1]} coefficients are no full set of degrees on SO(3): see so3_size"
        )
    return L


def s2_block(l: int) -> slice:
    """Where degree `l` lies among packed S2 coefficients."""
    return slice(l * l, (l + 1) ** 2)


def so3_block(l: int) -> slice:
    """Where degree `l` lies among packed SO(3) coefficients."""
    return slice(so3_size(l), so3_size(l + 1))


def s2_power(f: Tensor) -> Tensor:
    """Power per degree `(..., L)` of packed S2 coefficients: no rotation changes it."""
    powers = [f[..., s2_block(l)].square().sum(-1) for l in range(s2_degrees(f))]
    return torch.stack(powers, -1)


def so3_power(F: Tensor) -> Tensor:
    """Power per degree `(..., L)` of packed SO(3) coefficients: no rotation changes it."""
    powers = [F[..., so3_block(l)].square().sum(-1) for l in range(so3_degrees(F))]
    return torch.stack(powers, -1)


def _basis(l: int, like: Tensor) -> Tensor:
    dtype = torch.complex128 if like.dtype in (torch.float64, torch.complex128) else torch.complex64
    return torch.as_tensor(real_basis(l), dtype=dtype, device=like.device)


def s2_to_complex(f: Tensor) -> Tensor:
    """Packed real coefficients `(..., L**2)` to Wigner's complex ones `(..., L, 2L-1)`."""
    L = s2_degrees(f)
    out = torch.zeros(*f.shape[:-1], L, 2 * L - 1, dtype=_basis(0, f).dtype, device=f.device)
    for l in range(L):
        C = _basis(l, f)
        out[..., l, L - 1 - l : L + l] = f[..., s2_block(l)].to(C.dtype) @ C
    return out


def s2_to_real(c: Tensor) -> Tensor:
    """Inverse of `s2_to_complex` (of a real signal)."""
    L = c.shape[-2]
    blocks = [(c[..., l, L - 1 - l : L + l] @ _basis(l, c).conj().mT).real for l in range(L)]
    return torch.cat(blocks, dim=-1)


def so3_to_complex(F: Tensor) -> Tensor:
    """Packed real coefficients to Wigner's complex ones `(..., L, 2L-1, 2L-1)`."""
    L = so3_degrees(F)
    M = 2 * L - 1
    out = torch.zeros(*F.shape[:-1], L, M, M, dtype=_basis(0, F).dtype, device=F.device)
    for l in range(L):
        C = _basis(l, F)
        inner = slice(L - 1 - l, L + l)
        block = F[..., so3_block(l)].unflatten(-1, (2 * l + 1, 2 * l + 1)).to(out.dtype)
        out[..., l, inner, inner] = C.mT @ block @ C.conj()
    return out


def so3_to_real(c: Tensor) -> Tensor:
    """Inverse of `so3_to_complex` (of a real signal)."""
    L = c.shape[-3]
    blocks = []
    for l in range(L):
        C = _basis(l, c)
        inner = slice(L - 1 - l, L + l)
        blocks.append((C.conj() @ c[..., l, inner, inner] @ C.mT).real.flatten(-2))
    return torch.cat(blocks, dim=-1)
