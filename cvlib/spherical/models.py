"""The networks of the chapter: spherical classifiers, their planar rival, a reader of shapes."""

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
from cvlib.spherical.layers import BatchNormSO3, S2Convolution, SO3Convolution, so3_integrate


def parameters(net: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(p.numel() for p in net.parameters())


class SphericalClassifier(nn.Module):
    """Correlations on the sphere and on SO(3), an integral over all rotations, a head.

    `power` adds the root mean square of the last correlation (which ends `features` then) to its
    rectified mean: twice the invariants. By Plancherel it is a sum over coefficients, so that no
    grid can disturb it. The input is `(B, C, beta, alpha)` or, which is the same, the coefficients
    that the first layer reads.
    """

    def __init__(self, features: nn.Sequential, head: nn.Module, power: bool = False):
        super().__init__()
        self.features = features
        self.head = head
        self.power = power

    def forward(self, x: Tensor) -> Tensor:
        """Signals to class scores `(B, classes)`."""
        return self.head(self.invariants(x))

    def invariants(self, x: Tensor) -> Tensor:
        """Signals to `(B, channels)` numbers that no rotation of the signal changes."""
        if not self.power:
            return so3_integrate(self.features(x).relu())

        last = self.features[-1]
        F = last.spectrum(self.features[:-1](x))  # (so3_size, B, C)
        mean = so3_integrate(last.on_grid(F).relu())  # (B, C)
        root_mean_square = F.square().sum(0).clamp_min(1e-12).sqrt()
        return torch.cat([mean, root_mean_square], 1)


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
    head = nn.Sequential(nn.BatchNorm1d(40, affine=False), nn.Linear(40, 10))
    return SphericalClassifier(features, head)


def small_net(b: int, grids: tuple[int, int] = (10, 7)) -> SphericalClassifier:
    """A network for a CPU: wide filters, 6 and then 4 degrees on finer grids than these need.

    The grids leave room for what the ReLUs create. On `(8, 5)` it folds back onto the degrees in
    use, differently for each orientation, and training learns to rely on it.
    """
    first, second = grids
    wide = so3_near_identity(1.4, math.pi, n_gamma=6)
    features = nn.Sequential(
        S2Convolution(1, 8, b, first, s2_near_identity(max_beta=1.0), degrees=6),
        nn.ReLU(),
        SO3Convolution(8, 32, first, second, wide, degrees=4),
    )
    return SphericalClassifier(features, _head(64, (64,), 10), power=True)


def deep_net() -> SphericalClassifier:
    """The authors' later, deeper network for signals of bandwidth 30: 156,882 parameters."""
    channels = (8, 16, 16, 24, 24, 32, 64)
    b = (30, 15, 15, 7, 7, 3, 3)
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


def shape_net(channels: Sequence[int], b: Sequence[int], classes: int) -> SphericalClassifier:
    """A classifier for 6-channel mesh signals with equatorial filters (Sec. 5.3).

    `channels` of the input and of each layer, `(6, 100, 100)` in the authors' public code; `b` of
    the input and after each layer, `(64, 16, 10)` there.
    """
    first_ring = s2_equatorial(n_alpha=2 * b[0])
    layers: list[nn.Module] = [
        S2Convolution(channels[0], channels[1], b[0], b[1], first_ring),
        BatchNormSO3(channels[1]),
    ]
    for k in range(1, len(b) - 1):
        ring = so3_equatorial(max_gamma=0.0, n_alpha=2 * b[k], n_gamma=1)
        layers += [
            nn.ReLU(),
            SO3Convolution(channels[k], channels[k + 1], b[k], b[k + 1], ring),
            BatchNormSO3(channels[k + 1]),
        ]
    return SphericalClassifier(nn.Sequential(*layers), nn.Linear(channels[-1], classes))
