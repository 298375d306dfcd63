"""Closed meshes onto the sphere: what an observer all around would measure (Sec. 5.3)."""

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid
from cvlib.spherical.meshes import Mesh, check_mesh, convex_hull, require_finite_mesh

CHUNK = 1024  # faces at a time: the pairs of rays and faces of so many fit into memory


def mesh_to_sphere(mesh: Mesh, b: int, checked: bool = True) -> Tensor:
    """Cast a ray from each point of the SOFT grid of the unit sphere to its centre.

    Returns float32 `(6, 2b, 2b)`: distance travelled, |cos| and sin between ray and normal, then
    the same of the convex hull. The mesh is scaled to radius 0.99. CourseError where it is not
    closed or does not contain the origin; `checked=False` lets an open mesh through (rays that
    meet nothing get distance 1, angle 0), but no mesh that no ray meets.
    """
    if checked:
        check_mesh(mesh)
    mesh = mesh.compact()
    require_finite_mesh(mesh)
    mesh = mesh.scaled()
    grid = Grid(b)
    channels = torch.cat([_three_channels(mesh, grid), _three_channels(convex_hull(mesh), grid)])
    return channels.reshape(-1, 2 * b, 2 * b).float()


def _three_channels(mesh: Mesh, grid: Grid) -> Tensor:
    """Distance, |cos| and sin `(3, n_beta n_alpha)`."""
    reach, face = cast_rays(mesh, grid)
    hit = reach > 0
    if not hit.any():
        raise CourseError("no ray meets the mesh: move it around the origin, or scale it")

    corners = mesh.triangles.to(torch.float64)[face]
    normal = torch.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], dim=1)
    normal = normal / normal.norm(dim=1, keepdim=True).clamp_min(1e-300)
    cos = (normal * torch.as_tensor(grid.points).reshape(-1, 3)).sum(1).abs().clamp(max=1)
    cos = torch.where(hit, cos, 0.0)
    sin = torch.where(hit, (1 - cos**2).sqrt(), 0.0)
    return torch.stack([1 - reach, cos, sin])


def cast_rays(mesh: Mesh, grid: Grid) -> tuple[Tensor, Tensor]:
    """The outermost surface on the way from each grid point of a far sphere to the origin.

    Moeller & Trumbore's system `u A + v B + w C = x`. All rays end at the origin, so one 3x3
    inverse per face solves it for every ray: the face is hit where u, v, w >= 0, at the distance
    `1 / (u + v + w)`. A bounding cap per face leaves few pairs to test.

    Returns the distance of the hit from the origin `(n_beta n_alpha,)`, 0 without a hit, and its
    face.
    """
    x = torch.as_tensor(grid.points).reshape(-1, 3)
    triangles = mesh.triangles.to(torch.float64)
    solid = triangles.det().abs() > 1e-12  # a plane through the origin is seen from its edge
    reach = x.new_zeros(len(x))
    best = torch.zeros(len(x), dtype=torch.long)

    for faces in torch.arange(len(triangles))[solid].split(CHUNK):
        corners = triangles[faces]
        ray, face = _candidates(corners, grid)
        weights = torch.einsum("pij,pj->pi", torch.linalg.inv(corners.mT)[face], x[ray])
        total = weights.sum(1)
        hit = (total > 0) & (weights >= -1e-9 * total[:, None]).all(1)

        ray = ray[hit]
        face = faces[face[hit]]
        distance = 1 / total[hit]
        reach = reach.scatter_reduce(0, ray, distance, "amax")
        winner = distance == reach[ray]
        best[ray[winner]] = face[winner]
    return reach, best


def _candidates(corners: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Pairs (ray, face) that may meet, for faces `(F, 3, 3)`: each lies in a cap of the sphere."""
    middle, radius = _caps(corners)
    colatitude = middle[:, 2].clamp(-1, 1).acos()
    azimuth = torch.atan2(middle[:, 1], middle[:, 0])

    # rows of the grid that the cap reaches
    beta = torch.as_tensor(grid.beta, device=corners.device)
    low = torch.searchsorted(beta, colatitude - radius)
    rows = torch.searchsorted(beta, colatitude + radius) - low

    # columns: all of them where the cap holds a pole
    reach = radius.sin() / colatitude.sin().clamp_min(1e-300)
    polar = (radius > colatitude) | (radius > torch.pi - colatitude)
    width = torch.where(polar | (reach >= 1), torch.pi, reach.clamp(max=1).asin() + 1e-9)
    step = 2 * torch.pi / grid.n_alpha
    left = ((azimuth - width) / step).ceil().long()
    columns = (((azimuth + width) / step).floor().long() - left + 1).clamp(0, grid.n_alpha)

    # one pair for each place in each face's block of rows and columns
    count = rows * columns
    face = torch.repeat_interleave(torch.arange(len(corners), device=corners.device), count)
    place = torch.arange(len(face), device=face.device) - (count.cumsum(0) - count)[face]
    row = low[face] + place // columns[face]
    column = (left[face] + place % columns[face]) % grid.n_alpha
    return row * grid.n_alpha + column, face


def _caps(corners: Tensor) -> tuple[Tensor, Tensor]:
    """The middle direction `(F, 3)` of each face and the angle `(F,)` of a cap that holds it."""
    directions = corners / corners.norm(dim=2, keepdim=True).clamp_min(1e-300)
    middle = directions.mean(1)
    middle = middle / middle.norm(dim=1, keepdim=True).clamp_min(1e-300)
    cosine = (directions * middle[:, None]).sum(2).min(1).values.clamp(-1, 1)
    # a cap above a hemisphere says nothing about the face: keep all rays then
    return middle, torch.where(cosine > 0.01, cosine.acos() + 1e-9, torch.pi)
