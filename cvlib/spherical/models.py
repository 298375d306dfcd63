"""The networks of the chapter: spherical classifiers, their planar rival, shapes, molecules."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.spherical.kernels import (
    s2_equatorial,
    s2_near_identity,
    so3_equatorial,
    so3_near_identity,
)
from cvlib.spherical.layers import S2Convolution, SO3Convolution, so3_integrate
from cvlib.spherical.molecules import ELEMENTS


def parameters(net: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(p.numel() for p in net.parameters())


class SphericalClassifier(nn.Module):
    """Correlations on the sphere and on SO(3), an integral over all rotations, a head.

    ``rms`` adds the root mean square of the last correlation to its rectified mean: twice the
    invariants at no further cost. The input is ``(B, C, beta, alpha)`` or, which is the same,
    the coefficients that the first layer reads.
    """

    def __init__(self, features: nn.Sequential, head: nn.Module, rms: bool = False):
        super().__init__()
        self.features, self.head, self.rms = features, head, rms

    def forward(self, x: Tensor) -> Tensor:
        """Signals to class scores ``(B, classes)``."""
        return self.head(self.invariants(x))

    def invariants(self, x: Tensor) -> Tensor:
        """Signals to ``(B, channels)`` numbers that no rotation of the signal changes."""
        y = self.features(x)
        mean = so3_integrate(y.relu())
        if not self.rms:
            return mean
        return torch.cat([mean, so3_integrate(y.square()).clamp_min(1e-12).sqrt()], 1)


def paper_net() -> SphericalClassifier:
    """The network of Sec. 5.2 for signals of bandwidth 30: 58,550 parameters.

    We normalise the pooled vector (without parameters): the logits' scale otherwise decides the
    speed of learning.
    """
    features = nn.Sequential(
        S2Convolution(1, 20, 30, 10, s2_near_identity()),
        nn.ReLU(),
        SO3Convolution(20, 40, 10, 6, so3_near_identity()),
    )
    return SphericalClassifier(
        features, nn.Sequential(nn.BatchNorm1d(40, affine=False), nn.Linear(40, 10))
    )


def small_net(b: int) -> SphericalClassifier:
    """A network for a CPU: wide filters, 6 and 4 degrees on grids of bandwidth 8 and 5.

    The finer grids keep what the ReLUs create from folding back onto the degrees in use.
    """
    features = nn.Sequential(
        S2Convolution(1, 8, b, 8, s2_near_identity(max_beta=1.0), degrees=6),
        nn.ReLU(),
        SO3Convolution(8, 32, 8, 5, so3_near_identity(1.4, math.pi, n_gamma=6), degrees=4),
    )
    return SphericalClassifier(features, _head(64, (64,), 10), rms=True)


def deep_net() -> SphericalClassifier:
    """The authors' later, deeper network for signals of bandwidth 30: 156,882 parameters."""
    channels, b = (8, 16, 16, 24, 24, 32, 64), (30, 15, 15, 7, 7, 3, 3)
    radii = (1 / 16, 1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 2)
    layers: list[nn.Module] = [S2Convolution(1, 8, 30, 30, s2_near_identity(math.pi / 16, 6, 1))]
    for k, radius in enumerate(radii):
        support = so3_near_identity(math.pi * radius, math.pi, 6, 1, 6)
        conv = SO3Convolution(channels[k], channels[k + 1], b[k], b[k + 1], support)
        layers += [nn.ReLU(), conv]
    return SphericalClassifier(nn.Sequential(*layers), _head(64, (64, 32), 10))


def _head(width: int, hidden: Sequence[int], classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for h in hidden:
        layers += [nn.BatchNorm1d(width), nn.Linear(width, h), nn.ReLU()]
        width = h
    return nn.Sequential(*layers, nn.BatchNorm1d(width), nn.Linear(width, classes))


class PlanarCNN(nn.Sequential):
    """The rival of Sec. 5.2, blind to the sphere: two 5x5 convolutions on the flat grid.

    68,106 parameters on 60x60 grids with stride 3 (the paper's), and on 32x32 with stride 2.
    """

    def __init__(self, b: int):
        stride = 3 if b >= 30 else 2
        side = 2 * b
        for _ in range(2):
            side = (side - 5) // stride + 1
        super().__init__(
            nn.Conv2d(1, 32, 5, stride),
            nn.ReLU(),
            nn.Conv2d(32, 64, 5, stride),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * side * side, 10),
        )


class BatchNormSO3(nn.BatchNorm1d):
    """Batch normalisation per channel over (batch, beta, alpha, gamma).

    It weighs grid points equally, not by area; one affine map per channel commutes with rotations
    all the same. Works on the layers' batch-last memory without a copy.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, beta, alpha, gamma)`` to the same shape."""
        rows = x.permute(3, 4, 2, 0, 1)
        return super().forward(rows.reshape(-1, x.shape[1])).view(rows.shape).permute(3, 4, 2, 0, 1)


def shape_net(channels: Sequence[int], b: Sequence[int], classes: int) -> SphericalClassifier:
    """A classifier for 6-channel mesh signals with equatorial filters (Sec. 5.3).

    Args:
        channels: of the input and of each layer, ``(6, 100, 100)`` in the authors' public code.
        b: bandwidth of the input and after each layer, ``(64, 16, 10)`` there.
    """
    layers: list[nn.Module] = []
    for k in range(len(b) - 1):
        n = 2 * b[k]
        if k == 0:
            ring = s2_equatorial(n_alpha=n)
            layers.append(S2Convolution(channels[0], channels[1], b[0], b[1], ring))
        else:
            ring = so3_equatorial(max_gamma=0.0, n_alpha=n, n_gamma=1)
            layers.append(nn.ReLU())
            layers.append(SO3Convolution(channels[k], channels[k + 1], b[k], b[k + 1], ring))
        layers.append(BatchNormSO3(channels[k + 1]))
    return SphericalClassifier(nn.Sequential(*layers), nn.Linear(channels[-1], classes))


class MoleculeNet(nn.Module):
    """Energies from spheres around atoms (Sec. 5.4): one spherical network for every atom, a sum.

    Args:
        channels: of each layer, ``(8, 16, 32, 64)`` in the authors' public code.
        b: bandwidth of the input and after each layer, ``(10, 8, 6, 4, 2)`` there.
        hidden: widths of the atom's and of the molecule's two-layer perceptron, ``(256, 512)``.
    """

    def __init__(self, channels: Sequence[int], b: Sequence[int], hidden: tuple[int, int]):
        super().__init__()
        layers: list[nn.Module] = []
        ring = s2_near_identity(n_alpha=2 * b[0], n_beta=2)
        layers.append(S2Convolution(len(ELEMENTS), channels[0], b[0], b[1], ring))
        for k in range(len(channels) - 1):
            support = so3_near_identity(n_alpha=2 * b[k + 1], n_beta=2, n_gamma=2)
            conv = SO3Convolution(channels[k], channels[k + 1], b[k + 1], b[k + 2], support)
            layers += [BatchNormSO3(channels[k]), nn.ReLU(), conv]
        self.features = nn.Sequential(*layers, BatchNormSO3(channels[-1]), nn.ReLU())
        width = channels[-1]
        self.atom = nn.Sequential(
            nn.Linear(width, hidden[0]),
            nn.BatchNorm1d(hidden[0]),
            nn.ReLU(),
            nn.Linear(hidden[0], width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.molecule = nn.Sequential(
            nn.Linear(width, hidden[1]),
            nn.BatchNorm1d(hidden[1]),
            nn.ReLU(),
            nn.Linear(hidden[1], 1),
        )

    def forward(self, spheres: Tensor, present: Tensor) -> Tensor:
        """Spheres ``(B, A, elements, beta, alpha)``, mask ``(B, A)`` to energies ``(B,)``."""
        atoms = self.atom(so3_integrate(self.features(spheres[present])))
        owner = present.nonzero()[:, 0]
        total = atoms.new_zeros(len(present), atoms.shape[1]).index_add(0, owner, atoms)
        return self.molecule(total)[:, 0]
