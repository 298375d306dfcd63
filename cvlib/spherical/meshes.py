"""Closed triangle meshes onto the sphere: what an observer all around would measure (Sec. 5.3)."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid

FARTHEST = 0.99  # the mesh is scaled to fit strictly inside of the unit sphere


@dataclass(frozen=True)
class Mesh:
    """Triangles: ``vertices`` ``(V, 3)`` float64, ``faces`` ``(F, 3)`` int64, outward side out."""

    vertices: Tensor
    faces: Tensor

    @property
    def triangles(self) -> Tensor:
        """Corner positions ``(F, 3, 3)``: face, corner, coordinate."""
        return self.vertices[self.faces]

    def scaled(self) -> "Mesh":
        """The mesh about its origin with the farthest vertex at distance 0.99."""
        return Mesh(self.vertices * (FARTHEST / self.vertices.norm(dim=1).max()), self.faces)

    def turned(self, R: Tensor) -> "Mesh":
        """The mesh turned about the origin by ``R`` ``(3, 3)``."""
        return Mesh(self.vertices @ R.to(self.vertices).T, self.faces)


def read_off(path: str | Path) -> Mesh:
    """Read an OFF file; see :func:`parse_off`."""
    return parse_off(Path(path).read_text(), Path(path).name)


def parse_off(text: str, name: str = "this text") -> Mesh:
    """A mesh from the text of an OFF file: polygons become fans, the bounding box is centred.

    Also reads the files of ModelNet whose first line runs into the counts (``OFF490 518 0``).
    Raises CourseError, which calls the file ``name``, where it is no OFF file or is cut short.
    """
    words = text.split()
    if not words or not words[0].startswith("OFF"):
        raise CourseError(f"{name} is not an OFF mesh: it must start with OFF.")
    words = words[1:] if words[0] == "OFF" else [words[0][3:], *words[1:]]
    try:
        v, f = int(words[0]), int(words[1])
        vertices = np.array(words[3 : 3 + 3 * v], dtype=np.float64).reshape(v, 3)
        faces, at = [], 3 + 3 * v
        for _ in range(f):
            corners = [int(w) for w in words[at + 1 : at + 1 + int(words[at])]]
            faces += [[corners[0], j, k] for j, k in pairwise(corners[1:])]
            at += 1 + int(words[at])
    except (ValueError, IndexError):
        raise CourseError(f"{name} is a damaged OFF mesh: fetch it again.") from None
    middle = (vertices.max(0) + vertices.min(0)) / 2
    return Mesh(torch.as_tensor(vertices - middle), torch.tensor(faces))


def check_mesh(mesh: Mesh) -> None:
    """CourseError for a mesh that is not finite, not closed, or does not hold the origin."""
    if len(mesh.faces) == 0 or mesh.faces.min() < 0 or mesh.faces.max() >= len(mesh.vertices):
        raise CourseError("The mesh has no faces, or faces that name missing vertices.")
    if not torch.isfinite(mesh.vertices).all():
        raise CourseError("The mesh has NaN or infinite vertices: clean it first.")
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    forward = edges[:, 0] * len(mesh.vertices) + edges[:, 1]
    backward = edges[:, 1] * len(mesh.vertices) + edges[:, 0]
    if len(forward.unique()) < len(forward) or not torch.equal(
        forward.sort().values, backward.sort().values
    ):
        raise CourseError(
            "The mesh is not closed: each edge needs exactly two faces, one on either side."
        )
    if abs(winding_number(mesh)) < 0.5:
        raise CourseError("The mesh does not contain the origin: move it so that it does.")


def winding_number(mesh: Mesh) -> float:
    """How often a closed mesh wraps around the origin: 1 inside, 0 outside (-1: inside out).

    Sum of the solid angles of the triangles (Van Oosterom & Strackee 1983) over ``4 pi``.
    """
    a, b, c = mesh.triangles.to(torch.float64).unbind(1)
    la, lb, lc = a.norm(dim=1), b.norm(dim=1), c.norm(dim=1)
    volume = (a * torch.cross(b, c, dim=1)).sum(1)
    below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
    return float(2 * torch.atan2(volume, below).sum() / (4 * torch.pi))


def _candidates(corners: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Pairs (ray, face) that may meet: each face lies in a cap around its middle direction."""
    directions = corners / corners.norm(dim=2, keepdim=True).clamp_min(1e-300)
    middle = directions.mean(1)
    middle = middle / middle.norm(dim=1, keepdim=True).clamp_min(1e-300)
    cosine = (directions * middle[:, None]).sum(2).min(1).values.clamp(-1, 1)
    # a cap above a hemisphere says nothing about the face: keep all rays then
    radius = torch.where(cosine > 0.01, cosine.acos() + 1e-9, torch.pi)
    colatitude = middle[:, 2].clamp(-1, 1).acos()
    reach = radius.sin() / colatitude.sin().clamp_min(1e-300)
    polar = (radius > colatitude) | (radius > torch.pi - colatitude)
    width = torch.where(polar | (reach >= 1), torch.pi, reach.clamp(max=1).asin() + 1e-9)
    beta = torch.as_tensor(grid.beta, device=corners.device)
    low = torch.searchsorted(beta, colatitude - radius)
    rows = torch.searchsorted(beta, colatitude + radius) - low
    step = 2 * torch.pi / grid.n_alpha
    azimuth = torch.atan2(middle[:, 1], middle[:, 0])
    left = ((azimuth - width) / step).ceil().long()
    columns = (((azimuth + width) / step).floor().long() - left + 1).clamp(0, grid.n_alpha)
    count = rows * columns
    face = torch.repeat_interleave(torch.arange(len(corners), device=corners.device), count)
    place = torch.arange(len(face), device=face.device) - (count.cumsum(0) - count)[face]
    row = low[face] + place // columns[face]
    column = (left[face] + place % columns[face]) % grid.n_alpha
    return row * grid.n_alpha + column, face


def cast_rays(mesh: Mesh, grid: Grid, chunk: int = 1024) -> tuple[Tensor, Tensor]:
    """The outermost surface on the way from each grid point of a far sphere to the origin.

    Moeller & Trumbore's system ``u A + v B + w C = x``. All rays end at the origin, so one 3x3
    inverse per face solves it for every ray: the face is hit where u, v, w >= 0, at the distance
    ``1 / (u + v + w)``. A bounding cap per face leaves few pairs to test.

    Returns:
        distance of the hit from the origin ``(n_beta n_alpha,)``, 0 without a hit; its face.
    """
    x = torch.as_tensor(grid.points).reshape(-1, 3)
    triangles = mesh.triangles.to(torch.float64)
    solid = triangles.det().abs() > 1e-12  # a plane through the origin is seen from its edge
    reach, best = x.new_zeros(len(x)), torch.zeros(len(x), dtype=torch.long)
    for faces in torch.arange(len(triangles))[solid].split(chunk):
        corners = triangles[faces]
        ray, face = _candidates(corners, grid)
        weights = torch.einsum("pij,pj->pi", torch.linalg.inv(corners.mT)[face], x[ray])
        total = weights.sum(1)
        hit = (total > 0) & (weights >= -1e-9 * total[:, None]).all(1)
        ray, face, s = ray[hit], faces[face[hit]], 1 / total[hit]
        reach = reach.scatter_reduce(0, ray, s, "amax")
        winner = s == reach[ray]
        best[ray[winner]] = face[winner]
    return reach, best


def convex_hull(mesh: Mesh) -> Mesh:
    """The smallest convex mesh around the vertices; CourseError when they lie in a plane."""
    try:
        faces = ConvexHull(mesh.vertices.numpy()).simplices
    except QhullError:
        raise CourseError("The mesh is flat: it has no convex hull; ask for hull=False.") from None
    return Mesh(mesh.vertices, torch.as_tensor(faces).long())


def _three_channels(mesh: Mesh, grid: Grid) -> Tensor:
    s, face = cast_rays(mesh, grid)
    corners = mesh.triangles.to(torch.float64)[face]
    normal = torch.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], dim=1)
    normal = normal / normal.norm(dim=1, keepdim=True).clamp_min(1e-300)
    cos = (normal * torch.as_tensor(grid.points).reshape(-1, 3)).sum(1).abs().clamp(max=1)
    cos = torch.where(s > 0, cos, 0.0)
    return torch.stack([1 - s, cos, torch.where(s > 0, (1 - cos**2).sqrt(), 0.0)])


def mesh_to_sphere(mesh: Mesh, b: int, hull: bool = True, checked: bool = True) -> Tensor:
    """Cast a ray from each grid point of the unit sphere to its centre.

    Args:
        mesh: a closed mesh around the origin; it is scaled to radius 0.99.
        b: bandwidth of the SOFT grid.
        hull: add the same three channels of the convex hull.
        checked: False lets an open mesh through; rays that meet nothing get distance 1, angle 0.

    Returns:
        float32 ``(3 or 6, 2b, 2b)``: distance travelled, |cos| and sin between ray and normal.

    Raises:
        CourseError: the mesh is not closed or does not contain the origin.
    """
    if checked:
        check_mesh(mesh)
    mesh, grid = mesh.scaled(), Grid(b)
    channels = _three_channels(mesh, grid)
    if hull:
        channels = torch.cat([channels, _three_channels(convex_hull(mesh), grid)])
    return channels.reshape(-1, 2 * b, 2 * b).float()
