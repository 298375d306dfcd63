"""Pictures, meshes and molecules on the sphere."""

import math

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid
from cvlib.spherical.images import image_to_sphere
from cvlib.spherical.meshes import (
    Mesh,
    cast_rays,
    check_mesh,
    convex_hull,
    mesh_to_sphere,
    parse_off,
    read_off,
    winding_number,
)
from cvlib.spherical.molecules import check_molecules, minimal_radius, molecule_to_spheres
from cvlib.spherical.rotations import random_rotations, resample_signal, rotation_matrix
from cvlib.synth import molecules as toy
from cvlib.synth import solids


def scalar_projection(picture, R, b, half):
    """One picture, one point at a time, with bilinear interpolation between pixel centres."""
    out, size = np.zeros((2 * b, 2 * b)), len(picture)
    for j, k in np.ndindex(out.shape):
        x, y, z = Grid(b).points[j, k] @ R
        row, col = (((v * 2 / (1 - z)) / half + 1) * size / 2 - 0.5 for v in (x, y))
        for r, c in np.ndindex(2, 2):
            i, m = math.floor(row) + r, math.floor(col) + c
            weight = (1 - abs(row - i)) * (1 - abs(col - m))
            if 0 <= i < size and 0 <= m < size:
                out[j, k] += weight * picture[i, m]
    return out


def test_pictures_land_where_a_plain_loop_puts_them():
    g = torch.Generator().manual_seed(0)
    pictures, R = torch.rand(2, 1, 9, 9, generator=g), random_rotations(2, g)
    fast = image_to_sphere(pictures, 5, R)
    for k in range(2):
        slow = scalar_projection(pictures[k, 0].numpy(), R[k].numpy(), 5, 1.5)
        np.testing.assert_allclose(fast[k, 0], slow, atol=5e-6)


def test_a_turned_picture_is_the_turned_signal():
    y, x = torch.meshgrid(*[torch.linspace(-2, 2, 57)] * 2, indexing="ij")
    blob = torch.exp(-4 * ((x - 0.3) ** 2 + y**2))[None, None]
    R = random_rotations(1, torch.Generator().manual_seed(2))
    direct = image_to_sphere(blob, 20, R)
    assert (resample_signal(image_to_sphere(blob, 20), R) - direct).abs().mean() < 0.002


def test_upright_pictures_stay_on_the_southern_side():
    signal = image_to_sphere(torch.ones(1, 1, 28, 28), 10)
    assert signal[0, 0, -1].min() == 1
    assert signal[0, 0, :8].abs().max() == 0


def test_bad_pictures_are_refused():
    with pytest.raises(CourseError, match="floats"):
        image_to_sphere(torch.zeros(1, 1, 4, 4, dtype=torch.uint8), 4)
    with pytest.raises(CourseError, match="floats"):
        image_to_sphere(torch.zeros(4, 4), 4)
    with pytest.raises(CourseError, match="NaN or infinite"):
        image_to_sphere(torch.full((1, 1, 4, 4), math.nan), 4)


def mesh(kind: str, seed: int = 0) -> Mesh:
    vertices, faces = solids.solid(kind, np.random.default_rng(seed))
    return Mesh(torch.as_tensor(vertices), torch.as_tensor(faces))


@pytest.mark.parametrize("kind", list(solids.CLASSES))
def test_solids_are_closed_outward_and_around_the_origin(kind):
    for seed in range(5):
        check_mesh(mesh(kind, seed))
        assert winding_number(mesh(kind, seed)) == pytest.approx(1)


@pytest.mark.parametrize("kind", list(solids.CLASSES))
def test_rays_hit_what_an_exhaustive_search_hits(kind):
    R = random_rotations(1, torch.Generator().manual_seed(3))[0]
    body, grid = mesh(kind, 3).turned(R), Grid(9)
    x = torch.as_tensor(grid.points).reshape(-1, 3)
    weights = torch.einsum("fij,pj->pfi", torch.linalg.inv(body.triangles.mT), x)
    total = weights.sum(2)
    hit = (weights >= -1e-9 * total[..., None]).all(2) & (total > 0)
    exhaustive = torch.where(hit, 1 / total, 0.0).max(1).values
    reach, face = cast_rays(body, grid, chunk=7)
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
    assert mesh_to_sphere(mesh("star"), 8, hull=False).shape == (3, 16, 16)


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
    with pytest.raises(CourseError, match="NaN"):
        check_mesh(Mesh(whole.vertices * math.nan, whole.faces))
    with pytest.raises(CourseError, match="flat"):
        convex_hull(Mesh(whole.vertices[:4], whole.faces[:2]))


def test_an_open_mesh_is_let_through_on_demand():
    whole = octahedron()
    signal = mesh_to_sphere(Mesh(whole.vertices, whole.faces[1:]), 6, hull=False, checked=False)
    hole = (torch.as_tensor(Grid(6).points) > 1e-9).all(-1)
    assert (signal[0][hole] == 1).all()
    assert (signal[1:][:, hole] == 0).all()
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
    for tent in (read_off(tmp_path / "tent.off"), parse_off(OFF.replace("OFF\n", "OFF"))):
        assert tent.faces.shape == (6, 3)  # the square became two triangles
        assert tent.vertices[:, 2].tolist() == [-1.5] * 4 + [1.5]
        check_mesh(tent)


@pytest.mark.parametrize("text", [OFF[:40], OFF.replace("4 3 2 1 0", "4 3 2 1 x"), "OFF", "OFFx"])
def test_damaged_off_files_are_refused(text):
    with pytest.raises(CourseError, match=r"damaged OFF mesh"):
        parse_off(text, "tent.off")


def test_other_files_are_refused():
    with pytest.raises(CourseError, match=r"tent\.ply is not an OFF mesh"):
        parse_off("ply", "tent.ply")


WATER = torch.tensor([[[0.0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48], [9, 9, 9]]])
ELEMENTS = torch.tensor([[8, 1, 1, 0]])


def test_potentials_are_coulombs_without_the_centre():
    spheres = molecule_to_spheres(WATER, ELEMENTS, 0.4, 5)
    x = torch.as_tensor(Grid(5).points).float() * 0.4
    seen = x + WATER[0, 0]
    from_oxygen = sum(8 * 1 / (seen - WATER[0, k]).norm(dim=-1) for k in (1, 2))
    torch.testing.assert_close(spheres[0, 0, 0], from_oxygen)
    from_hydrogen = 1 * 8 / (x + WATER[0, 1] - WATER[0, 0]).norm(dim=-1)
    torch.testing.assert_close(spheres[0, 1, 3], from_hydrogen)
    assert not spheres[0, 0, 1:].any()  # no C, N, S; and oxygen does not see itself
    assert not spheres[0, 3].any()
    assert spheres.shape == (1, 4, 5, 10, 10)


def test_molecules_may_move_and_turn_with_their_grid():
    b, radius = 6, 0.4
    turn = rotation_matrix(torch.tensor([math.pi / b, 0, 0], dtype=torch.float64)).float()
    still = molecule_to_spheres(WATER, ELEMENTS, radius, b)
    moved = molecule_to_spheres(WATER + 1.7, ELEMENTS, radius, b)
    torch.testing.assert_close(moved, still, atol=1e-4, rtol=1e-4)
    turned = molecule_to_spheres(WATER @ turn.T, ELEMENTS, radius, b)
    torch.testing.assert_close(turned, still.roll(1, -1), atol=1e-4, rtol=1e-4)


def test_spheres_do_not_meet():
    radius = minimal_radius(WATER, ELEMENTS)
    assert radius == pytest.approx(math.hypot(0.76, 0.6) / 2)


def test_bad_molecules_are_named():
    with pytest.raises(CourseError, match=r"Unknown elements .*\[9, 17\]"):
        molecule_to_spheres(WATER, torch.tensor([[17, 1, 9, 0]]), 0.4, 4)
    with pytest.raises(CourseError, match="Positions must be"):
        check_molecules(WATER[..., :2], ELEMENTS)
    with pytest.raises(CourseError, match="NaN or infinite"):
        check_molecules(WATER * math.nan, ELEMENTS)


def test_toy_molecules_are_saturated_and_have_their_pair_energy():
    positions, charges, energies = toy.molecules(20, 5, np.random.default_rng(0))
    check_molecules(torch.as_tensor(positions), torch.as_tensor(charges))
    for p, z, e in zip(positions, charges, energies, strict=True):
        real = z > 0
        bonds = sum(toy.BONDS[int(k)] for k in z[real])
        assert bonds == 2 * (real.sum() - 1)  # a tree: one bond fewer than atoms
        assert e == toy.energy(p[real], z[real])
        turned = p[real] @ random_rotations(1)[0].numpy() + 3
        assert toy.energy(turned, z[real]) == pytest.approx(e)
    assert energies.max() < 0


def test_the_toy_energy_of_a_pair():
    z = np.array([6, 1])
    rest = toy.RADIUS[6] + toy.RADIUS[1]
    depth = math.sqrt(toy.DEPTH[6] * toy.DEPTH[1])
    at = lambda r: toy.energy(np.array([[0, 0, 0], [0, 0, r]]), z)  # noqa: E731
    assert at(rest) == pytest.approx(-depth)
    assert at(50.0) == pytest.approx(0, abs=1e-9)
    assert at(rest + 0.1) > at(rest) < at(rest - 0.1)
