"""Measurements behind the pictures of chapter 01, and what the page asks a network."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course.page.scoreboard import value
from cvlib.spherical.fourier import SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.kernels import Support
from cvlib.spherical.layers import S2Convolution, SO3Convolution
from cvlib.spherical.models import SphericalClassifier
from cvlib.spherical.random_nets import errors_by_depth
from cvlib.spherical.spectrum import so3_power, so3_size


@cache
def relu_error(b: int, degrees: int = 6, kind: str = "soft") -> float:
    """Equivariance error of three ReLU layers on grids of bandwidth `b` and this kind.

    The layers (10 channels, wide filters) and the smooth input signals are always the same ones.
    """
    return errors_by_depth(Grid(b, kind), degrees, depth=3, n=4, seed=0)[-1]


def power_before_and_after(degrees: int, shown: int) -> tuple[Tensor, Tensor]:
    """Mean power per degree `(shown,)` of white signals on SO(3), before and after a ReLU."""
    grid = Grid(2 * shown)
    g = torch.Generator().manual_seed(0)
    x = SO3Transform(grid, degrees).inverse(torch.randn(4, so3_size(degrees), generator=g))
    reader = SO3Transform(grid, shown)
    return so3_power(reader(x)).mean(0), so3_power(reader(x.relu())).mean(0)


def layer_table(net: SphericalClassifier) -> str:
    """The layers of a spherical network as rows of text: what, grid, degrees, filter, numbers."""
    rows = [("layer", "channels", "bandwidth", "degrees", "points", "parameters")]
    for layer in net.features:
        if isinstance(layer, S2Convolution | SO3Convolution):
            c_out, c_in, points = layer.weight.shape
            kind = "S2" if isinstance(layer, S2Convolution) else "SO(3)"
            bands = f"{layer.b_in} -> {layer.grid.b}"
            size = str(_size(layer))
            rows.append((f"{kind} correlation", f"{c_in} -> {c_out}", bands,
                         f"l < {layer.degrees}", str(points), size))  # fmt: skip
        else:
            rows.append((type(layer).__name__, "", "", "", "", str(_size(layer))))
    pooled = "mean of the ReLU" + (", root mean square" if net.power else "")
    rows.append(("integral over SO(3)", pooled, "", "", "", "0"))
    heads = net.head if isinstance(net.head, nn.Sequential) else [net.head]
    rows += [(type(layer).__name__, _width(layer), "", "", "", str(_size(layer)))
             for layer in heads]  # fmt: skip
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _size(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters())


def _width(layer: nn.Module) -> str:
    if isinstance(layer, nn.Linear):
        return f"{layer.in_features} -> {layer.out_features}"
    return str(layer.num_features) if isinstance(layer, nn.BatchNorm1d) else ""


def edge_filter(support: Support) -> Tensor:
    """Weights `(1, 1, P)` of a filter with a direction: plus on one side, minus on the other."""
    alpha, beta, _ = torch.as_tensor(support.euler).T
    side = alpha.cos() * beta.sin()
    return (side / side.abs().sum()).view(1, 1, -1)


@torch.no_grad()
def share_that_stays(net: nn.Module, upright: Tensor, turned: Tensor) -> float:
    """Per cent of signals whose class the network names alike before and after they turn."""
    same = net(upright).argmax(1) == net(turned).argmax(1)
    return 100 * float(same.double().mean())


def of_record(record: Mapping[str, Any] | None, *names: str) -> str:
    """What a record says of these metrics, side by side, as the scoreboard writes it."""
    if record is None:
        return "no record yet"
    return " | ".join(value(record["metrics"][name]) for name in names)
