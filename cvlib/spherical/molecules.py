"""Molecules onto spheres: the charges that each atom sees around itself (Sec. 5.4)."""

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid, require_finite

ELEMENTS = (1, 6, 7, 8, 16)  # nuclear charges of H, C, N, O, S: what QM7 is made of


def minimal_radius(positions: Tensor, charges: Tensor) -> float:
    """Half the smallest distance between two atoms of a set ``(N, A, 3)``: spheres do not meet."""
    distance = _distances(positions)
    real = charges > 0
    pair = real[:, :, None] & real[:, None]
    pair &= ~torch.eye(positions.shape[1], dtype=torch.bool, device=positions.device)
    return float(distance[pair].min()) / 2


def _distances(positions: Tensor) -> Tensor:
    return (positions[:, :, None] - positions[:, None]).norm(dim=-1)


def check_molecules(positions: Tensor, charges: Tensor) -> None:
    """CourseError for unknown elements, positions that are not finite, or shapes that disagree."""
    if positions.shape != (*charges.shape, 3):
        raise CourseError(
            f"Positions must be (N, A, 3) and charges (N, A), not {tuple(positions.shape)} and "
            f"{tuple(charges.shape)}."
        )
    known = torch.tensor((0, *ELEMENTS), device=charges.device)
    strange = charges[~torch.isin(charges, known)].unique().tolist()
    if strange:
        raise CourseError(
            f"Unknown elements with nuclear charge {strange}: the network knows {list(ELEMENTS)} "
            "(H, C, N, O, S); 0 marks an empty place."
        )
    require_finite(positions, "The atoms' positions")


def molecule_to_spheres(positions: Tensor, charges: Tensor, radius: float, b: int) -> Tensor:
    """One sphere per atom with one Coulomb potential per element (Sec. 5.4).

    ``U_z(x) = sum over atoms j of element z, j not the centre, of z_i z / |x - p_j|``.

    Args:
        positions: ``(N, A, 3)``; any unit of length, the same as ``radius``.
        charges: nuclear charges ``(N, A)``, 0 for an empty place.
        radius: of all spheres; small enough that no two intersect.
        b: bandwidth of the SOFT grid.

    Returns:
        ``(N, A, len(ELEMENTS), 2b, 2b)``; zero for empty places.

    Raises:
        CourseError: unknown element, positions that are not finite, or shapes that disagree.
    """
    check_molecules(positions, charges)
    points = torch.as_tensor(Grid(b).points).to(positions) * radius
    offset = positions[:, :, None] - positions[:, None]  # centre i minus atom j
    distance = (offset[:, :, :, None, None] + points).norm(dim=-1)
    near = charges.to(positions)[:, :, None] * charges.to(positions)[:, None]
    near = near * (1 - torch.eye(charges.shape[1], device=near.device, dtype=near.dtype))
    potential = near[..., None, None] / distance.clamp_min(1e-6)
    kinds = torch.stack([(charges == z) for z in ELEMENTS], -1).to(positions)
    return torch.einsum("nijhw,njt->nithw", potential, kinds)
