"""Random networks for the test of equivariance (Sec. 5.1): error over depth and bandwidth."""

import math

import torch
from torch import Tensor, nn

from cvlib.spherical.fourier import S2Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.kernels import s2_near_identity, so3_near_identity
from cvlib.spherical.layers import S2Convolution, SO3Convolution
from cvlib.spherical.metrics import equivariance_error
from cvlib.spherical.rotations import random_rotations


def random_net(grid: Grid, degrees: int, depth: int, channels: int, relu: bool) -> nn.Sequential:
    """A correlation on the sphere and `depth` on SO(3), with random weights, wide filters.

    All of them have `degrees` degrees on grids of one kind and bandwidth, and with `relu` a ReLU
    before each correlation on SO(3).
    """
    b = grid.b
    wide = so3_near_identity(1.0, math.pi, n_gamma=6)
    ring = s2_near_identity(1.0)
    layers: list[nn.Module] = [S2Convolution(1, channels, b, b, ring, degrees, grid.kind)]
    for _ in range(depth):
        if relu:
            layers.append(nn.ReLU())
        layers.append(SO3Convolution(channels, channels, b, b, wide, degrees, grid.kind))
    return nn.Sequential(*layers)


def random_signals(grid: Grid, degrees: int, n: int, generator: torch.Generator) -> Tensor:
    """Signals `(n, 1, beta, alpha)` whose power falls with the degree, as in pictures."""
    l = torch.repeat_interleave(torch.arange(degrees), 2 * torch.arange(degrees) + 1)
    f = torch.randn(n, 1, degrees**2, generator=generator) / (1 + l)
    return S2Transform(grid, degrees).inverse(f)


def errors_by_depth(
    grid: Grid, degrees: int, depth: int, n: int, seed: int, relu: bool = True
) -> list[float]:
    """The error of equivariance after 1, 2, ... `depth` correlations on SO(3), 10 channels.

    One network, one random rotation and one random signal for each of `n` trials.
    """
    g = torch.Generator().manual_seed(seed)
    x = random_signals(grid, degrees, n, g)
    R = random_rotations(n, g)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = random_net(grid, degrees, depth, 10, relu)
    ends = [k for k, layer in enumerate(net) if isinstance(layer, SO3Convolution)]
    return [equivariance_error(net[: end + 1], x, R) for end in ends]


def error_table(
    bandwidths: tuple[int, ...], depth: int, n: int, seed: int
) -> dict[str, list[list[float]]]:
    """Errors by bandwidth (rows) and depth, of three kinds of networks with `b` degrees.

    `linear` has no ReLUs, `relu` has them on a grid that just holds the degrees, `finer` on one
    of 5/3 the bandwidth.
    """
    table: dict[str, list[list[float]]] = {"linear": [], "relu": [], "finer": []}
    for b in bandwidths:
        finer = Grid(-(-5 * b // 3))
        table["linear"].append(errors_by_depth(Grid(b), b, depth, n, seed, relu=False))
        table["relu"].append(errors_by_depth(Grid(b), b, depth, n, seed))
        table["finer"].append(errors_by_depth(finer, b, depth, n, seed))
    return table
