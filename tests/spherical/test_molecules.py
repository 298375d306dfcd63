"""Molecules on spheres."""

import math

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid
from cvlib.spherical.molecules import check_molecules, minimal_radius, molecule_to_spheres
from cvlib.spherical.rotations import rotation_matrix

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
    with pytest.raises(CourseError, match=r"unknown elements .*\[9, 17\]"):
        molecule_to_spheres(WATER, torch.tensor([[17, 1, 9, 0]]), 0.4, 4)
    with pytest.raises(CourseError, match="positions must be"):
        check_molecules(WATER[..., :2], ELEMENTS)
    with pytest.raises(CourseError, match="NaN or infinite"):
        check_molecules(WATER * math.nan, ELEMENTS)
    with pytest.raises(CourseError, match="no molecule has two atoms"):
        minimal_radius(WATER[:, :1], ELEMENTS[:, :1])
    with pytest.raises(CourseError, match="is empty"):
        molecule_to_spheres(WATER[:0], ELEMENTS[:0], 0.4, 4)
    with pytest.raises(CourseError, match="whole numbers"):
        molecule_to_spheres(WATER, ELEMENTS.float(), 0.4, 4)
    with pytest.raises(CourseError, match="must be a torch tensor"):
        molecule_to_spheres(WATER.numpy(), ELEMENTS, 0.4, 4)


def test_potentials_are_not_rounded_under_autocast():
    still = molecule_to_spheres(WATER, ELEMENTS, 0.4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(molecule_to_spheres(WATER, ELEMENTS, 0.4, 4), still)
