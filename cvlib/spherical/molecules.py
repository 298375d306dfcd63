"""Molecules onto spheres: the charges that each atom sees around itself (Sec. 5.4)."""

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid, require_finite, require_floats

ELEMENTS = (1, 6, 7, 8, 16)  # nuclear charges of H, C, N, O, S: what QM7 is made of
NEAREST = 1e-6  # no potential is larger than at this distance


def minimal_radius(positions: Tensor, charges: Tensor) -> float:
    """Half the smallest distance between two atoms of a set `(N, A, 3)`: spheres do not meet.

    CourseError for sets without two atoms in a molecule, and as `check_molecules`.
    """
    check_molecules(positions, charges)
    distance = (positions[:, :, None] - positions[:, None]).norm(dim=-1)  # (N, A, A)
    real = charges > 0
    pair = real[:, :, None] & real[:, None]
    pair &= ~torch.eye(positions.shape[1], dtype=torch.bool, device=positions.device)
    if not pair.any():
        raise CourseError("no molecule has two atoms: choose the radius yourself")
    return float(distance[pair].min()) / 2


def check_molecules(positions: Tensor, charges: Tensor) -> None:
    """CourseError for unknown elements, positions that are not finite, or shapes that disagree."""
    require_floats(positions, "the atoms' positions")
    if not isinstance(charges, Tensor) or charges.is_floating_point():
        raise CourseError("nuclear charges must be a torch tensor of whole numbers")
    if positions.dim() != 3 or positions.shape != (*charges.shape, 3):
        raise CourseError(
            f"positions must be (N, A, 3) and charges (N, A), not {tuple(positions.shape)} and "
            f"{tuple(charges.shape)}"
        )
    known = torch.tensor((0, *ELEMENTS), device=charges.device)
    strange = charges[~torch.isin(charges, known)].unique().tolist()
    if strange:
        raise CourseError(
            f"unknown elements with nuclear charge {strange}: the network knows {list(ELEMENTS)} "
            "(H, C, N, O, S); 0 marks an empty place"
        )
    require_finite(positions, "the atoms' positions")


def molecule_to_spheres(positions: Tensor, charges: Tensor, radius: float, b: int) -> Tensor:
    """One sphere per atom with one Coulomb potential per element (Sec. 5.4).

    `U_z(x) = sum over atoms j of element z, j not the centre, of z_i z / |x - p_j|`.

    `positions` `(N, A, 3)` in any unit of length, the same as of the spheres' `radius`, which is
    small enough that no two meet; `charges` `(N, A)`, 0 for an empty place. Returns
    `(N, A, len(ELEMENTS), 2b, 2b)` on the SOFT grid, zero for empty places. CourseError as
    `check_molecules`.
    """
    check_molecules(positions, charges)
    points = torch.as_tensor(Grid(b).points).to(positions) * radius  # (2b, 2b, 3)
    offset = positions[:, :, None] - positions[:, None]  # centre i minus atom j: (N, A, A, 3)
    distance = (offset[:, :, :, None, None] + points).norm(dim=-1)  # (N, A, A, 2b, 2b)

    charge = charges.to(positions)
    pair = charge[:, :, None] * charge[:, None]  # (N, A, A)
    pair = pair * (1 - torch.eye(charges.shape[1], device=pair.device, dtype=pair.dtype))
    potential = pair[..., None, None] / distance.clamp_min(NEAREST)

    kinds = torch.stack([charges == z for z in ELEMENTS], -1).to(positions)  # (N, A, elements)
    with torch.autocast(positions.device.type, enabled=False):
        return torch.einsum("nijhw,njt->nithw", potential, kinds)
