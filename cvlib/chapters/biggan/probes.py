"""Measurements on BigGAN's nets and histories, for the experiment and the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import torch
from torch import Tensor, nn

from cvlib.gan.sampling import truncated
from cvlib.gan.spectra import weight_matrices


@torch.no_grad()
def mean_cosine(net: nn.Module) -> float:
    """Mean |cos| between different filters of a layer, over the layers of `net`.

    Filters are the rows of a stored weight (C_out, the rest), or its columns where it has more rows
    than columns, since those cannot all be orthogonal.
    """
    cosines = []
    for _, W in weight_matrices(net):
        rows = W if W.shape[0] <= W.shape[1] else W.T
        gram = _cosines(rows)  # (s, s)
        if len(gram) > 1:
            off = ~torch.eye(len(gram), dtype=torch.bool)
            cosines.append(gram[off].abs().mean())
    return float(torch.stack(cosines).mean())


def _cosines(rows: Tensor) -> Tensor:
    """The cosines (s, s) between rows (s, n)."""
    unit = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return unit @ unit.T


def filter_cosines(net: nn.Module, layer: str) -> Tensor:
    """The cosines (C_out, C_out) between the filters of one layer of `net`, for a picture."""
    return _cosines(dict(weight_matrices(net))[layer])


def growth(start: Mapping[str, list[float]], end: Mapping[str, list[float]]) -> dict[str, float]:
    """How much the first singular value of every layer grew, from two tables of `sigma_table`."""
    return {name: end[name][0] / max(start[name][0], 1e-12) for name in start}


def convolution_growth(growths: Mapping[str, float], net: nn.Module) -> float:
    """The median growth over the 3x3 convolutions of `net`."""
    kernels = dict(net.named_modules())
    grown = [
        value
        for name, value in growths.items()
        if isinstance(kernels[name], nn.Conv2d) and kernels[name].kernel_size == (3, 3)
    ]
    return median(grown)


def images_seen(batch: int, steps: int) -> int:
    """Real images that D saw in `steps` steps of `batch`."""
    return batch * steps


@torch.no_grad()
def swept_chunk(
    G: nn.Module, chunk: int, label: int, values: Sequence[float], seed: int = 0
) -> Tensor:
    """Images (n, C, R, R) that differ in one chunk of the noise: `values` along one direction.

    Chunk 0 enters the first linear layer, chunk l the batch norms of block l - 1.
    """
    generator = torch.Generator().manual_seed(seed)
    z = truncated(1.0)(1, G.z_dim, generator)  # (1, z_dim)
    z = z.repeat(len(values), 1)  # (n, z_dim)
    place = slice(chunk * G.chunk, (chunk + 1) * G.chunk)
    direction = torch.randn(G.chunk, generator=generator)
    direction = direction / direction.norm() * G.chunk**0.5
    z[:, place] = torch.tensor(values)[:, None] * direction
    y = torch.full((len(values),), label)
    return G(z, y).float()


@torch.no_grad()
def mixed_classes(G: nn.Module, a: int, b: int, shares: Sequence[float], seed: int = 0) -> Tensor:
    """Images (n, C, R, R) of one noise whose class vector goes from class a to class b."""
    z = truncated(0.7)(1, G.z_dim, torch.Generator().manual_seed(seed))
    vectors = G.embed(torch.tensor([a, b]))  # (2, shared_dim)
    share = torch.tensor(shares)[:, None]  # (n, 1)
    mixed = torch.lerp(vectors[:1], vectors[1:], share)  # (n, shared_dim)
    return G(z.repeat(len(shares), 1), class_vector=mixed).float()
