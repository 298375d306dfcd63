"""Meshes, files of them, and the rays that turn them into signals."""

import math

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical import rays
from cvlib.spherical.grids import Grid
from cvlib.spherical.mesh_files import parse_off, read_shape
from cvlib.spherical.meshes import Mesh, check_mesh, convex_hull, star_surface, winding_number
from cvlib.spherical.rays import cast_rays, mesh_to_sphere
from cvlib.spherical.rotations import random_rotations
from cvlib.synth import solids


def mesh(kind: str, seed: int = 0) -> Mesh:
    vertices, faces = solids.solid(kind, np.random.default_rng(seed))
    return Mesh(torch.as_tensor(vertices), torch.as_tensor(faces))


@pytest.mark.parametrize("kind", list(solids.CLASSES))
def test_solids_are_closed_outward_and_around_the_origin(kind):
    for seed in range(5):
        check_mesh(mesh(kind, seed))
        assert winding_number(mesh(kind, seed)) == pytest.approx(1)


@pytest.mark.parametrize("kind", list(solids.CLASSES))
def test_rays_hit_what_an_exhaustive_search_hits(kind, monkeypatch):
    monkeypatch.setattr(rays, "CHUNK", 7)
    R = random_rotations(1, torch.Generator().manual_seed(3))[0]
    body, grid = mesh(kind, 3).turned(R), Grid(9)
    x = torch.as_tensor(grid.points).reshape(-1, 3)
    weights = torch.einsum("fij,pj->pfi", torch.linalg.inv(body.triangles.mT), x)
    total = weights.sum(2)
    hit = (weights >= -1e-9 * total[..., None]).all(2) & (total > 0)
    exhaustive = torch.where(hit, 1 / total, 0.0).max(1).values
    reach, face = cast_rays(body, grid)
    torch.testing.assert_close(reach, exhaustive, atol=1e-12, rtol=0)
    corners = body.triangles[face]
    normal = torch.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], dim=1)
    plane = ((x * reach[:, None] - corners[:, 0]) * normal).sum(1) / normal.norm(dim=1)
    assert plane.abs().max() < 1e-9  # the hit lies in the plane of its face


def octahedron(radius: float = 1.0, shift: float = 0.0) -> Mesh:
    vertices = torch.tensor([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    faces = [[k, (k + 1) % 4, 4] for k in range(4)] + [[(k + 1) % 4, k, 5] for k in range(4)]
    move = torch.tensor([shift, shift, shift], dtype=torch.float64)
    return Mesh(vertices.double() * radius + move, torch.tensor(faces))


def test_an_octahedron_gives_its_closed_form():
    grid = Grid(8)
    signal = mesh_to_sphere(octahedron(3.0), 8)  # rescaled to radius .99
    l1 = np.abs(grid.points).sum(-1)
    np.testing.assert_allclose(signal[0], 1 - 0.99 / l1, atol=1e-6)
    np.testing.assert_allclose(signal[1], l1 / math.sqrt(3), atol=1e-6)
    np.testing.assert_allclose(signal[1] ** 2 + signal[2] ** 2, 1, atol=1e-6)
    torch.testing.assert_close(signal[3:], signal[:3], atol=1e-6, rtol=0)  # it is its own hull


def test_the_hull_covers_a_star():
    signal = mesh_to_sphere(mesh("star"), 8)
    assert (signal[3] <= signal[0] + 1e-6).all()
    assert (signal[0] - signal[3]).max() > 0.1


def test_bad_meshes_are_named():
    whole = octahedron()
    with pytest.raises(CourseError, match="not closed"):
        mesh_to_sphere(Mesh(whole.vertices, whole.faces[1:]), 4)
    flipped = torch.cat([whole.faces[:1].flip(1), whole.faces[1:]])
    with pytest.raises(CourseError, match="not closed"):
        check_mesh(Mesh(whole.vertices, flipped))
    with pytest.raises(CourseError, match="does not contain the origin"):
        mesh_to_sphere(octahedron(shift=2.0), 4)
    with pytest.raises(CourseError, match="no faces"):
        check_mesh(Mesh(whole.vertices, whole.faces[:0]))
    with pytest.raises(CourseError, match="missing vertices"):
        check_mesh(Mesh(whole.vertices[:5], whole.faces))
    with pytest.raises(CourseError, match="NaN or infinite"):
        check_mesh(Mesh(whole.vertices * math.nan, whole.faces))
    with pytest.raises(CourseError, match="flat"):
        convex_hull(Mesh(whole.vertices[:4], whole.faces[:2]))


def test_an_open_mesh_is_let_through_on_demand():
    whole = octahedron()
    signal = mesh_to_sphere(Mesh(whole.vertices, whole.faces[1:]), 6, checked=False)
    hole = (torch.as_tensor(Grid(6).points) > 1e-9).all(-1)
    assert (signal[0][hole] == 1).all()
    assert (signal[1:3][:, hole] == 0).all()
    assert (signal[0, ~hole] < 1).all()


OFF = """OFF
5 5 0
1 1 0
1 -1 0
-1 -1 0
-1 1 0
0 0 3
4 3 2 1 0
3 0 4 3
3 1 4 0
3 2 4 1
3 3 4 2
"""


def test_off_files_are_read_and_centred(tmp_path):
    (tmp_path / "tent.off").write_text(OFF)
    for tent in (read_shape(tmp_path / "tent.off"), parse_off(OFF.replace("OFF\n", "OFF"))):
        assert tent.faces.shape == (6, 3)  # the square became two triangles
        assert tent.vertices[:, 2].tolist() == [-1.5] * 4 + [1.5]
        check_mesh(tent)


VARIANTS = {
    "comments": OFF.replace("OFF\n", "OFF\n# by hand\n\n").replace("1 1 0\n", "1 1 0 # a corner\n"),
    "face colours": OFF.replace("3 0 4 3\n", "3 0 4 3 255 0 0\n"),
    "vertex colours": OFF.replace("OFF", "COFF").replace("0 0 3\n", "0 0 3 9 9 9 9\n"),
    "no count of edges": OFF.replace("5 5 0", "5 5"),
    "counts in the first line": OFF.replace("OFF\n", "OFF "),
    "a stray vertex": OFF.replace("5 5 0", "6 5 0").replace("0 0 3\n", "0 0 3\n900 0 0\n"),
    "Windows": OFF.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_dialects_of_off_give_the_same_mesh(variant):
    plain, other = parse_off(OFF), parse_off(VARIANTS[variant])
    torch.testing.assert_close(other.triangles, plain.triangles)
    torch.testing.assert_close(mesh_to_sphere(other, 4), mesh_to_sphere(plain, 4))


DAMAGED = {
    "cut in a face": (OFF[:-6], "announces 5 vertices and 5 faces, 9 lines follow|no face"),
    "cut in the vertices": (OFF[:20], "ends too soon"),
    "cut in the last face": (OFF[:-3], "no face of 3 or more"),
    "a letter": (OFF.replace("4 3 2 1 0", "4 3 2 1 x"), "no face of 3 or more"),
    "a corner too many": (OFF.replace("3 0 4 3", "3 0 9 3"), "no face of 3 or more"),
    "no counts": ("OFF", "lacks the numbers"),
    "nothing in it": ("OFF\n0 0 0\n", "announces 0 vertices and 0 faces"),
    "no vertex": (OFF.replace("0 0 3\n", "0 zero 3\n"), "no vertex"),
    "nothing": ("", "is empty"),
    "another format": ("ply", "must start with OFF"),
    "four dimensions": ("4OFF\n1 1 1", "must start with OFF"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_off_files_are_refused_by_name(case):
    text, says = DAMAGED[case]
    with pytest.raises(CourseError, match=rf"tent\.off.*({says})"):
        parse_off(text, "tent.off")


def test_a_mesh_that_no_ray_meets_is_refused():
    far = Mesh(octahedron().vertices + 50, octahedron().faces[:1])
    with pytest.raises(CourseError, match=r"no ray meets|flat"):
        mesh_to_sphere(far, 4, checked=False)


@pytest.mark.parametrize("kind", ["ellipsoid", "box", "drop"])
def test_a_cloud_of_a_convex_surface_becomes_that_surface(kind):
    body = mesh(kind, 1)
    corners = body.compact().centred()
    cloud = star_surface(corners.vertices)
    assert winding_number(cloud) == pytest.approx(1)
    if kind != "drop":
        torch.testing.assert_close(mesh_to_sphere(cloud, 6)[0], mesh_to_sphere(corners, 6)[0],
                                   atol=0.03, rtol=0)  # fmt: skip


@pytest.mark.parametrize("name", ["cloud.xyz", "cloud.csv", "cloud.npy"])
def test_point_clouds_are_read_from_columns(name, tmp_path):
    points = np.random.default_rng(0).normal(size=(400, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    path = tmp_path / name
    if path.suffix == ".npy":
        np.save(path, points.astype(np.float32))
    else:
        np.savetxt(path, points, delimiter="," if path.suffix == ".csv" else " ")
    assert mesh_to_sphere(read_shape(path), 4)[0].max() < 0.3  # all but round


def test_files_that_are_no_shapes_are_refused(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    for path, says in (
        (tmp_path / "none.off", "there is no file"),
        (write("a.stl", b"solid"), "no shape that is known"),
        (write("a.off", b"\xff\xfe\x00"), "is binary"),
        (write("a.xyz", b"x y z"), "no table of numbers"),
        (write("b.xyz", b"1 2\n3 4"), "three columns"),
        (write("c.xyz", b"0 0 0\n1 0 0\n0 1 0\n1 1 0\n"), "flat|origin"),
        (write("d.xyz", b"0 0 0\n1 1 1"), "n >= 4"),
    ):
        with pytest.raises(CourseError, match=says):
            read_shape(path)


def test_meshes_of_other_types_are_refused():
    with pytest.raises(CourseError, match="torch tensors"):
        Mesh(np.zeros((4, 3)), np.zeros((4, 3), dtype=int))
    with pytest.raises(CourseError, match=r"vertices \(V, 3\)"):
        Mesh(torch.zeros(4, 2), torch.zeros(4, 3, dtype=torch.long))
    with pytest.raises(CourseError, match="whole numbers"):
        Mesh(torch.zeros(4, 3), torch.zeros(4, 3))
