"""Rotations: drawing them evenly, and turning signals exactly (spectrum) or roughly (samples).

A signal turned by R is ``(L_R f)(x) = f(R^-1 x)``. In the real basis a turn about z is a plane
rotation of the pair (m, -m), and a turn about y is a turn about z seen from another side:
``Ry(b) = Q^-1 Rz(b) Q`` with the fixed ``Q = Rx(90 degrees)``. So one constant matrix per degree
turns whole batches, one rotation per signal.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import s2_grid, so3_grid
from cvlib.spherical.spectrum import s2_block, s2_degrees, so3_block, so3_degrees
from cvlib.spherical.wigner import wigner_D


def random_rotations(n: int, generator: torch.Generator | None = None) -> Tensor:
    """``n`` rotations ``(n, 3, 3)``, float64, uniform over SO(3): random unit quaternions."""
    q = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    w, x, y, z = (q / q.norm(dim=1, keepdim=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def rotation_matrix(euler: Tensor) -> Tensor:
    """Angles ``(..., 3)`` (alpha, beta, gamma; radians) to ``Rz(alpha) Ry(beta) Rz(gamma)``."""
    (ca, cb, cg), (sa, sb, sg) = euler.cos().unbind(-1), euler.sin().unbind(-1)
    rows = [
        [ca * cb * cg - sa * sg, -ca * cb * sg - sa * cg, ca * sb],
        [sa * cb * cg + ca * sg, -sa * cb * sg + ca * cg, sa * sb],
        [-sb * cg, sb * sg, cb],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def euler_zyz(R: Tensor) -> Tensor:
    """Rotation matrices ``(..., 3, 3)`` to angles ``(..., 3)``; at the poles gamma is 0.

    Raises CourseError for a matrix that is no rotation.
    """
    R = R.to(torch.float64)
    eye = torch.eye(3, dtype=R.dtype, device=R.device)
    if R.shape[-2:] != (3, 3) or (R @ R.mT - eye).abs().max() > 1e-5 or (R.det() < 0).any():
        raise CourseError(
            "These are no rotations: give matrices (..., 3, 3) with R R^T = 1 and det 1."
        )
    sin = torch.hypot(R[..., 0, 2], R[..., 1, 2])
    pole = sin < 1e-12
    alpha = torch.atan2(R[..., 1, 2], R[..., 0, 2])
    gamma = torch.atan2(R[..., 2, 1], -R[..., 2, 0])
    turn = torch.atan2(-R[..., 0, 1], R[..., 1, 1])
    alpha, gamma = torch.where(pole, turn, alpha), torch.where(pole, 0.0, gamma)
    return torch.stack([alpha, torch.atan2(sin, R[..., 2, 2]), gamma], -1)


@cache
def _side_view(L: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    Q = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return tuple(torch.as_tensor(D[0]).to(device, dtype) for D in wigner_D(L, euler_zyz(Q)))


def _turn_z(f: Tensor, angle: Tensor) -> Tensor:
    l = f.shape[-1] // 2
    phase = torch.arange(-l, l + 1, device=f.device) * angle[:, None, None]
    return phase.cos() * f - phase.sin() * f.flip(-1)


def _turn_degree(f: Tensor, euler: Tensor, K: Tensor) -> Tensor:
    """Turn coefficients ``(n, k, 2l+1)`` of one degree, one rotation ``(n, 3)`` per row."""
    alpha, beta, gamma = euler.unbind(-1)
    return _turn_z(_turn_z(_turn_z(f, gamma) @ K.mT, beta) @ K, alpha)


def _angles(R: Tensor, f: Tensor) -> Tensor:
    """Euler angles ``(n, 3)`` of one rotation for all of a batch ``(n, ...)``, or one for each."""
    euler = euler_zyz(R).to(f.device, f.dtype)
    return euler.expand(len(f), 3)


def rotate_s2_spectrum(f: Tensor, R: Tensor) -> Tensor:
    """Coefficients ``(n, ..., L**2)`` of signals turned by ``R`` ``(3, 3)`` or ``(n, 3, 3)``."""
    L, euler, flat = s2_degrees(f), _angles(R, f), f.reshape(len(f), -1, f.shape[-1])
    sides = _side_view(L, f.dtype, f.device)
    turned = [_turn_degree(flat[..., s2_block(l)], euler, sides[l]) for l in range(L)]
    return torch.cat(turned, -1).reshape(f.shape)


def rotate_so3_spectrum(F: Tensor, R: Tensor) -> Tensor:
    """As :func:`rotate_s2_spectrum` for signals on SO(3): rows turn, columns look on."""
    L, euler, turned = so3_degrees(F), _angles(R, F), []
    for l, K in enumerate(_side_view(L, F.dtype, F.device)):
        block = F[..., so3_block(l)].reshape(len(F), -1, 2 * l + 1, 2 * l + 1).mT
        shape = block.shape
        rows = _turn_degree(block.reshape(len(F), -1, 2 * l + 1), euler, K).reshape(shape)
        turned.append(rows.mT.reshape(*F.shape[:-1], -1))
    return torch.cat(turned, -1)


def rotate_signal(x: Tensor, R: Tensor, manifold: str = "s2") -> Tensor:
    """Turn band-limited samples ``(n, ..., beta, alpha[, gamma])`` through their spectrum. Exact.

    Args:
        x: signals on a grid of bandwidth b that hold no degree above ``b - 1``.
        R: ``(3, 3)``, or one rotation per signal ``(n, 3, 3)``.
        manifold: ``s2`` or ``so3``.
    """
    if manifold == "s2":
        transform, turn = S2Transform(s2_grid(x), s2_grid(x).b), rotate_s2_spectrum
    else:
        transform, turn = SO3Transform(so3_grid(x), so3_grid(x).b), rotate_so3_spectrum
    return transform.inverse(turn(transform(x), R))


def sample_signal(x: Tensor, points: Tensor) -> Tensor:
    """Values ``(n, C, H, W)`` of signals ``(n, C, beta, alpha)`` at unit vectors ``(n, H, W, 3)``.

    Bilinear between the points of the SOFT grid; CourseError for another grid.
    """
    grid = s2_grid(x)
    if grid.kind != "soft":
        raise CourseError("Interpolation needs evenly spaced colatitudes: use the SOFT grid.")
    beta = torch.acos(points[..., 2].clamp(-1, 1))
    alpha = torch.atan2(points[..., 1], points[..., 0]).remainder(2 * torch.pi)
    column = alpha * grid.n_alpha / (2 * torch.pi) + 1.5  # one more column on each side
    place = torch.stack([2 * column / (grid.n_alpha + 2) - 1, 2 * beta / torch.pi - 1], -1)
    wrapped = F.pad(x, (1, 1, 0, 0), mode="circular")
    return F.grid_sample(wrapped, place.to(x), padding_mode="border", align_corners=False)


def resample_signal(x: Tensor, R: Tensor) -> Tensor:
    """Turn samples ``(n, C, beta, alpha)`` by bilinear interpolation at ``R^-1 x`` (SOFT grid).

    Works for any picture, band-limited or not, but blurs: that error is not a network's error.
    """
    points = torch.as_tensor(s2_grid(x).points).to(x.device)
    source = torch.einsum("hwi,...ij->...hwj", points, R.to(points))
    return sample_signal(x, source.expand(len(x), -1, -1, -1))
