"""The networks: sizes of the paper, invariance, gradients."""

import pytest
import torch

from cvlib.spherical.fourier import S2Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.layers import BatchNormSO3
from cvlib.spherical.metrics import invariance_error
from cvlib.spherical.models import (
    PlanarCNN,
    deep_net,
    paper_net,
    parameters,
    shape_net,
    small_net,
)
from cvlib.spherical.molecule_net import MoleculeNet
from cvlib.spherical.rotations import random_rotations


def test_parameters_of_the_paper():
    assert parameters(paper_net()) == 58_550
    assert parameters(deep_net()) == 156_882
    assert parameters(PlanarCNN(30)) == parameters(PlanarCNN(16)) == 68_106


def test_scores_for_every_class():
    assert paper_net()(torch.randn(2, 1, 60, 60)).shape == (2, 10)
    assert PlanarCNN(30)(torch.randn(2, 1, 60, 60)).shape == (2, 10)
    assert PlanarCNN(16)(torch.randn(2, 1, 32, 32)).shape == (2, 10)
    net = shape_net((6, 4, 8), (5, 4, 3), 3)
    assert net(torch.randn(2, 6, 10, 10)).shape == (2, 3)


def test_the_small_classifier_hardly_notices_rotations():
    torch.manual_seed(0)
    net = small_net(16).eval()
    x = S2Transform(Grid(16), 6).inverse(torch.randn(8, 1, 36))
    R = random_rotations(8, torch.Generator().manual_seed(0))
    assert invariance_error(net.invariants, x, R) < 0.02
    coarse = small_net(16, (8, 5)).eval()
    coarse.load_state_dict(net.state_dict())
    fine = invariance_error(net.invariants, x, R)
    assert fine < 0.5 * invariance_error(coarse.invariants, x, R)
    planar = PlanarCNN(16).eval()
    assert invariance_error(planar, x, R) > 0.5


def test_every_parameter_learns():
    for net, x in (
        (small_net(8), torch.randn(4, 1, 16, 16)),
        (shape_net((6, 4, 8), (5, 4, 3), 3), torch.randn(4, 6, 10, 10)),
    ):
        net(x).square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_batch_norm_over_so3_is_torchs_own():
    x = torch.randn(4, 3, 6, 6, 6)
    mine, torchs = BatchNormSO3(3), torch.nn.BatchNorm3d(3)
    torch.testing.assert_close(mine(x), torchs(x))
    torch.testing.assert_close(mine.running_var, torchs.running_var)


@pytest.fixture
def molecule_net():
    torch.manual_seed(0)
    return MoleculeNet((4, 8), (4, 3, 2), (16, 16)).eval()


def test_energies_ignore_the_order_of_atoms_and_empty_places(molecule_net):
    spheres, present = torch.randn(2, 5, 5, 8, 8), torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    energies = molecule_net(spheres, present.bool())
    order = torch.tensor([2, 0, 4, 1, 3])
    shuffled = molecule_net(spheres[:, order], present[:, order].bool())
    torch.testing.assert_close(shuffled, energies)
    spheres[0, 3:] = 99.0
    torch.testing.assert_close(molecule_net(spheres, present.bool()), energies)


def test_energies_are_computed_in_full_precision_under_autocast(molecule_net):
    spheres, present = torch.randn(2, 3, 5, 8, 8), torch.ones(2, 3, dtype=torch.bool)
    energies = molecule_net(spheres, present)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(molecule_net(spheres, present), energies, rtol=0, atol=0)
