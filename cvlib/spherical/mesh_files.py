"""Shapes from files: OFF meshes line by line, point clouds as plain columns."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.meshes import Mesh, star_surface

HEADERS = ("OFF", "COFF", "NOFF", "CNOFF", "STOFF", "STCOFF", "STNOFF", "STCNOFF")


def read_shape(path: str | Path) -> Mesh:
    """A mesh from an OFF file, or the star surface of a point cloud (.xyz, .txt, .csv, .npy).

    The middle of the bounding box becomes the origin. CourseError for what is neither.
    """
    path = Path(path)
    if not path.is_file():
        raise CourseError(f"there is no file {path.name} in {path.parent}")
    if path.suffix.lower() == ".off":
        try:
            return parse_off(path.read_text(encoding="utf-8"), path.name)
        except UnicodeDecodeError:
            raise CourseError(f"{path.name} is binary: save it as a text OFF mesh") from None
    if path.suffix.lower() not in (".xyz", ".txt", ".csv", ".npy"):
        raise CourseError(
            f"{path.name} is no shape that is known here: save a mesh as .off, a point cloud as "
            ".xyz, .txt, .csv or .npy with three columns"
        )
    return star_surface(torch.as_tensor(_columns(path)))


def _columns(path: Path) -> np.ndarray:
    try:
        if path.suffix.lower() == ".npy":
            table = np.load(path, allow_pickle=False).astype(np.float64)
        else:
            text = path.read_text(encoding="utf-8").replace(",", " ").splitlines()
            table = np.loadtxt(text, ndmin=2)
    except ValueError:
        raise CourseError(f"{path.name} is no table of numbers: give x y z in each row") from None
    if table.ndim != 2 or table.shape[1] < 3:
        raise CourseError(f"{path.name} needs three columns x y z, not the shape {table.shape}")
    return table[:, :3]


def parse_off(text: str, name: str = "this text") -> Mesh:
    """A mesh from the text of an OFF file: polygons become fans, the bounding box is centred.

    Comments, colours, normals and texture coordinates are skipped, the count of edges may be
    missing, and the first line may run into the counts (`OFF490 518 0`, as in ModelNet). Vertices
    that no face uses are left out. CourseError, which calls the file `name`, for anything else.
    """
    lines = [line for raw in text.splitlines() if (line := raw.split("#")[0].split())]
    if not lines:
        raise CourseError(f"{name} is empty: an OFF mesh starts with OFF")
    vertex_count, face_count, lines = _counts(lines, name)
    if len(lines) < vertex_count + face_count:
        raise CourseError(
            f"{name} ends too soon: it announces {vertex_count} vertices and {face_count} faces, "
            f"{len(lines)} lines follow"
        )
    vertices = [_vertex(line, name) for line in lines[:vertex_count]]
    faces = []
    for line in lines[vertex_count : vertex_count + face_count]:
        corners = _corners(line, vertex_count, name)
        faces += [(corners[0], j, k) for j, k in pairwise(corners[1:])]
    return (
        Mesh(torch.tensor(vertices, dtype=torch.float64), torch.tensor(faces)).compact().centred()
    )


def _counts(lines: list[list[str]], name: str) -> tuple[int, int, list[list[str]]]:
    """The numbers of vertices and faces, and the lines after them."""
    first = lines[0]
    header = first[0].rstrip("0123456789")
    if header not in HEADERS:
        raise CourseError(f"{name} is no OFF mesh in three dimensions: it must start with OFF")
    glued = first[0][len(header) :]
    rest = [glued, *first[1:]] if glued else first[1:]
    if not rest:
        lines = lines[1:]
        rest = lines[0] if lines else []
    try:
        vertex_count, face_count = int(rest[0]), int(rest[1])
    except (ValueError, IndexError):
        raise CourseError(f"{name} lacks the numbers of vertices and faces after OFF") from None
    if vertex_count < 1 or face_count < 1:
        raise CourseError(f"{name} announces {vertex_count} vertices and {face_count} faces")
    return vertex_count, face_count, lines[1:]


def _vertex(line: list[str], name: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(word) for word in line[:3])
    except ValueError:
        raise CourseError(f"{name} has the line {' '.join(line)!r}, which is no vertex") from None
    return x, y, z


def _corners(line: list[str], vertex_count: int, name: str) -> list[int]:
    """The corners of a face; what follows them on the line is its colour."""
    try:
        n = int(line[0])
        corners = [int(word) for word in line[1 : 1 + n]]
    except ValueError:
        n, corners = 0, []
    known = all(0 <= corner < vertex_count for corner in corners)
    if n < 3 or len(corners) < n or not known:
        raise CourseError(
            f"{name} has the line {' '.join(line)!r}, which is no face of 3 or more of its "
            f"{vertex_count} vertices"
        )
    return corners
