"""Triangle meshes: what must be true of one before rays are cast at it (Sec. 5.3)."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor

from cvlib.course.errors import CourseError

FARTHEST = 0.99  # the mesh is scaled to fit strictly inside of the unit sphere


@dataclass(frozen=True)
class Mesh:
    """Triangles: `vertices` `(V, 3)` float64, `faces` `(F, 3)` int64, outward side out."""

    vertices: Tensor
    faces: Tensor

    def __post_init__(self) -> None:
        if not isinstance(self.vertices, Tensor) or not isinstance(self.faces, Tensor):
            raise CourseError("a mesh needs torch tensors of vertices and faces: as_tensor them")
        if self.vertices.shape[1:] != (3,) or self.faces.shape[1:] != (3,):
            raise CourseError(
                f"a mesh needs vertices (V, 3) and faces (F, 3), not {tuple(self.vertices.shape)} "
                f"and {tuple(self.faces.shape)}"
            )
        if self.faces.is_floating_point() or not self.vertices.is_floating_point():
            raise CourseError("a mesh needs vertices in floating point and faces as whole numbers")

    @property
    def triangles(self) -> Tensor:
        """Corner positions `(F, 3, 3)`: face, corner, coordinate."""
        return self.vertices[self.faces]

    def compact(self) -> "Mesh":
        """The mesh without vertices that no face uses: a stray one would set the scale."""
        if len(self.faces) == 0 or self.faces.min() < 0 or self.faces.max() >= len(self.vertices):
            raise CourseError("the mesh has no faces, or faces that name missing vertices")
        used, faces = self.faces.unique(return_inverse=True)
        return Mesh(self.vertices[used], faces)

    def scaled(self) -> "Mesh":
        """The mesh about its origin with the farthest vertex at distance 0.99."""
        return Mesh(self.vertices * (FARTHEST / self.vertices.norm(dim=1).max()), self.faces)

    def centred(self) -> "Mesh":
        """The mesh with the middle of its bounding box at the origin."""
        middle = (self.vertices.amax(0) + self.vertices.amin(0)) / 2
        return Mesh(self.vertices - middle, self.faces)

    def turned(self, R: Tensor) -> "Mesh":
        """The mesh turned about the origin by `R` `(3, 3)`."""
        return Mesh(self.vertices @ R.to(self.vertices).T, self.faces)


def check_mesh(mesh: Mesh) -> None:
    """CourseError for a mesh that is not finite, not closed, or does not hold the origin."""
    mesh = mesh.compact()
    require_finite_mesh(mesh)
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    forward = edges[:, 0] * len(mesh.vertices) + edges[:, 1]
    backward = edges[:, 1] * len(mesh.vertices) + edges[:, 0]
    once = len(forward.unique()) == len(forward)
    if not once or not torch.equal(forward.sort().values, backward.sort().values):
        raise CourseError(
            "the mesh is not closed: each edge needs exactly two faces, one on either side "
            "(checked=False lets it through)"
        )
    if abs(winding_number(mesh)) < 0.5:
        raise CourseError("the mesh does not contain the origin: move it so that it does")


def require_finite_mesh(mesh: Mesh) -> None:
    """CourseError for vertices that are NaN or infinite."""
    if not torch.isfinite(mesh.vertices).all():
        raise CourseError("the mesh has NaN or infinite vertices: clean it first")


def winding_number(mesh: Mesh) -> float:
    """How often a closed mesh wraps around the origin: 1 inside, 0 outside (-1: inside out).

    Sum of the solid angles of the triangles (Van Oosterom & Strackee 1983) over `4 pi`.
    """
    a, b, c = mesh.triangles.to(torch.float64).unbind(1)
    la, lb, lc = a.norm(dim=1), b.norm(dim=1), c.norm(dim=1)
    volume = (a * torch.cross(b, c, dim=1)).sum(1)
    below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
    return float(2 * torch.atan2(volume, below).sum() / (4 * torch.pi))


def convex_hull(mesh: Mesh) -> Mesh:
    """The smallest convex mesh around the vertices; CourseError when they lie in a plane."""
    try:
        faces = ConvexHull(mesh.vertices.numpy()).simplices
    except QhullError:
        raise CourseError("the mesh is flat: it encloses nothing") from None
    return Mesh(mesh.vertices, torch.as_tensor(faces).long())


def star_surface(points: Tensor) -> Mesh:
    """A closed mesh through all of a point cloud `(n, 3)`, as it is seen from the cloud's middle.

    The directions of the points are triangulated on the sphere (a convex hull), each corner keeps
    its distance. True of a surface that each ray from the middle meets once; others come out
    folded. CourseError for clouds that are too small or lie on one side of their middle.
    """
    if points.dim() != 2 or points.shape[1] != 3 or len(points) < 4:
        raise CourseError(f"a point cloud must be (n, 3), n >= 4, not {tuple(points.shape)}")
    if not torch.isfinite(points).all():
        raise CourseError("the point cloud holds NaN or infinite values: clean it first")
    points = points.double()
    points = points - (points.amax(0) + points.amin(0)) / 2
    points = points[points.norm(dim=1) > 1e-9 * points.norm(dim=1).max()]
    directions = points / points.norm(dim=1, keepdim=True)
    try:
        hull = ConvexHull(directions.numpy())
    except (QhullError, ValueError):
        raise CourseError("the point cloud is flat: it encloses nothing") from None
    mesh = Mesh(points, torch.as_tensor(_outward(hull)).long())
    check_mesh(mesh)
    return mesh


def _outward(hull: ConvexHull) -> np.ndarray:
    """The hull's triangles `(F, 3)`, each wound so that its normal points away from the middle."""
    corners = hull.points[hull.simplices]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normal * hull.equations[:, :3]).sum(1) < 0
    faces = hull.simplices.copy()
    faces[inward] = faces[inward][:, [0, 2, 1]]
    return faces
