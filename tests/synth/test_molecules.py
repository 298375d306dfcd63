"""Toy molecules: saturated, and with the energy that is written down."""

import math

import numpy as np
import pytest
import torch

from cvlib.spherical.molecules import check_molecules
from cvlib.spherical.rotations import random_rotations
from cvlib.synth import molecules as toy


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
