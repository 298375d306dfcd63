"""Rotations: drawing them evenly, and turning signals exactly (spectrum) or roughly (samples).

A signal turned by R is `(L_R f)(x) = f(R^-1 x)`. In the real basis a turn about z is a plane
rotation of the pair (m, -m), and a turn about y is a turn about z seen from another side:
`Ry(b) = Q^-1 Rz(b) Q` with the fixed `Q = Rx(90 degrees)`. So one constant matrix per degree
turns whole batches, one rotation per signal.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import require_floats, s2_grid, so3_grid
from cvlib.spherical.spectrum import s2_block, s2_degrees, so3_block, so3_degrees
from cvlib.spherical.wigner import wigner_D


def random_rotations(n: int, generator: torch.Generator | None = None) -> Tensor:
    """`n` rotations `(n, 3, 3)`, float64, uniform over SO(3): random unit quaternions."""
    q = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    w, x, y, z = (q / q.norm(dim=1, keepdim=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def rotation_matrix(euler: Tensor) -> Tensor:
    """Angles `(..., 3)` (alpha, beta, gamma; radians) to `Rz(alpha) Ry(beta) Rz(gamma)`."""
    ca, cb, cg = euler.cos().unbind(-1)
    sa, sb, sg = euler.sin().unbind(-1)
    rows = [
        [ca * cb * cg - sa * sg, -ca * cb * sg - sa * cg, ca * sb],
        [sa * cb * cg + ca * sg, -sa * cb * sg + ca * cg, sa * sb],
        [-sb * cg, sb * sg, cb],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def euler_zyz(R: Tensor) -> Tensor:
    """Rotation matrices `(..., 3, 3)` to angles `(..., 3)`; at the poles gamma is 0.

    Raises CourseError for a matrix that is no rotation.
    """
    R = torch.as_tensor(R, dtype=torch.float64)
    if R.shape[-2:] != (3, 3) or not _orthogonal(R):
        raise CourseError(
            "these are no rotations: give matrices (..., 3, 3) with R R^T = 1 and det 1"
        )
    sin = torch.hypot(R[..., 0, 2], R[..., 1, 2])
    pole = sin < 1e-12
    alpha = torch.atan2(R[..., 1, 2], R[..., 0, 2])
    gamma = torch.atan2(R[..., 2, 1], -R[..., 2, 0])
    turn = torch.atan2(-R[..., 0, 1], R[..., 1, 1])
    alpha = torch.where(pole, turn, alpha)
    gamma = torch.where(pole, 0.0, gamma)
    return torch.stack([alpha, torch.atan2(sin, R[..., 2, 2]), gamma], -1)


def _orthogonal(R: Tensor) -> bool:
    """Whether all of `(..., 3, 3)` are proper rotations; a NaN is none."""
    eye = torch.eye(3, dtype=R.dtype, device=R.device)
    close = (R @ R.mT - eye).abs().amax((-1, -2)) < 1e-5
    return bool((close & (R.det() > 0)).all())


@cache
def _side_view(L: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    Q = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return tuple(torch.as_tensor(D[0]).to(device, dtype) for D in wigner_D(L, euler_zyz(Q)))


def _turn_z(f: Tensor, angle: Tensor) -> Tensor:
    l = f.shape[-1] // 2
    phase = torch.arange(-l, l + 1, device=f.device) * angle[:, None, None]
    return phase.cos() * f - phase.sin() * f.flip(-1)


def _turn_degree(f: Tensor, euler: Tensor, K: Tensor) -> Tensor:
    """Turn coefficients `(n, k, 2l+1)` of one degree, one rotation `(n, 3)` per row."""
    alpha, beta, gamma = euler.unbind(-1)
    return _turn_z(_turn_z(_turn_z(f, gamma) @ K.mT, beta) @ K, alpha)


def _angles(R: Tensor, f: Tensor) -> Tensor:
    """Euler angles `(n, 3)` of one rotation for all of a batch `(n, ...)`, or one for each."""
    require_one_or_each(R, len(f))
    euler = euler_zyz(R).to(f.device, f.dtype)
    return euler.expand(len(f), 3)


def require_one_or_each(R: Tensor, n: int) -> None:
    """CourseError unless `R` is one rotation `(3, 3)`, or one for each of `n` signals."""
    if R.shape not in ((3, 3), (1, 3, 3), (n, 3, 3)):
        raise CourseError(
            f"{n} signals need one rotation (3, 3) or one for each ({n}, 3, 3), not "
            f"{tuple(R.shape)}"
        )


def rotate_s2_spectrum(f: Tensor, R: Tensor) -> Tensor:
    """Coefficients `(n, ..., L**2)` of signals turned by `R` `(3, 3)` or `(n, 3, 3)`."""
    require_floats(f, "a spectrum")
    euler = _angles(R, f)
    flat = f.reshape(len(f), -1, f.shape[-1])
    turned = []
    for l, K in enumerate(_side_view(s2_degrees(f), f.dtype, f.device)):
        turned.append(_turn_degree(flat[..., s2_block(l)], euler, K))
    return torch.cat(turned, -1).reshape(f.shape)


def rotate_so3_spectrum(F: Tensor, R: Tensor) -> Tensor:
    """As `rotate_s2_spectrum` for signals on SO(3): rows turn, columns look on."""
    require_floats(F, "a spectrum")
    euler = _angles(R, F)
    turned = []
    for l, K in enumerate(_side_view(so3_degrees(F), F.dtype, F.device)):
        n = 2 * l + 1
        columns = F[..., so3_block(l)].reshape(len(F), -1, n, n).mT  # the columns as rows
        rows = _turn_degree(columns.reshape(len(F), -1, n), euler, K).reshape(columns.shape)
        turned.append(rows.mT.reshape(*F.shape[:-1], -1))
    return torch.cat(turned, -1)


def rotate_signal(x: Tensor, R: Tensor, manifold: str = "s2") -> Tensor:
    """Turn band-limited samples `(n, ..., beta, alpha[, gamma])` through their spectrum. Exact.

    `x` lies on a grid of bandwidth b and holds no degree above `b - 1`; `R` is `(3, 3)`, or one
    rotation per signal `(n, 3, 3)`; `manifold` is `s2` or `so3`.
    """
    if manifold == "s2":
        transform = S2Transform(s2_grid(x), s2_grid(x).b)
        return transform.inverse(rotate_s2_spectrum(transform(x), R))
    transform = SO3Transform(so3_grid(x), so3_grid(x).b)
    return transform.inverse(rotate_so3_spectrum(transform(x), R))


def sample_signal(x: Tensor, points: Tensor) -> Tensor:
    """Values `(n, C, H, W)` of signals `(n, C, beta, alpha)` at unit vectors `(n, H, W, 3)`.

    Bilinear between the points of the SOFT grid; CourseError for another grid.
    """
    grid = s2_grid(x)
    if grid.kind != "soft":
        raise CourseError("interpolation needs evenly spaced colatitudes: use the SOFT grid")
    beta = torch.acos(points[..., 2].clamp(-1, 1))
    alpha = torch.atan2(points[..., 1], points[..., 0]).remainder(2 * torch.pi)
    column = alpha * grid.n_alpha / (2 * torch.pi) + 1.5  # one more column on each side
    place = torch.stack([2 * column / (grid.n_alpha + 2) - 1, 2 * beta / torch.pi - 1], -1)
    wrapped = F.pad(x, (1, 1, 0, 0), mode="circular")
    return F.grid_sample(wrapped, place.to(x), padding_mode="border", align_corners=False)
