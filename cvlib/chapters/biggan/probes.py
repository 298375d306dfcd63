"""Measurements on BigGAN's nets and records, for the experiment and the pictures.

`python -m cvlib.chapters.biggan.probes FOLDER` copies the generators of a laptop run's median seed
beside its record.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.chapters.biggan.config import CONFIG
from cvlib.course.chapters import chapter
from cvlib.course.run import record, weights
from cvlib.gan.nets import ResGenerator
from cvlib.gan.norm import ConditionalBatchNorm2d
from cvlib.gan.sampling import truncated
from cvlib.gan.spectra import weight_matrices
from cvlib.metrics.features import to_uint8

SHOWN = ("base", "ortho")  # arms whose generators stand beside the record
SCALED = ("b16", "b64", "b256", "b16_images", "b256_images", "half", "double")


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


@dataclass(frozen=True)
class Lengths:
    """Root mean square of the noise, per component: of the least certain samples and of all."""

    worst: float
    all: float


@torch.no_grad()
def least_certain(
    reader: nn.Module, G: nn.Module, draws: Sequence[tuple[Tensor, Tensor]], n: int
) -> tuple[Tensor, Lengths]:
    """The `n` images (n, C, R, R) of G that `reader` is least sure of, and how long their noise is.

    `draws` are batches of noise (b, z_dim) and classes (b,); `reader` gives features and logits
    (b, K) of uint8 images.
    """
    noise = torch.cat([z for z, _ in draws])  # (N, z_dim)
    images = torch.cat([G(z, y) for z, y in draws])  # (N, C, R, R)
    _, logits = reader(to_uint8(images))
    certainty = logits.softmax(1).max(1).values  # (N,)
    worst = certainty.argsort()[:n]
    lengths = noise.square().mean(1).sqrt()  # (N,)
    return images[worst], Lengths(float(lengths[worst].mean()), float(lengths.mean()))


def conditioning_numbers(G: nn.Module) -> tuple[int, int]:
    """Numbers in G's conditional batch norms: if each had tables, and as they are, shared."""
    norms = [m for m in G.modules() if isinstance(m, ConditionalBatchNorm2d)]
    tables = sum(2 * G.classes * norm.bn.num_features for norm in norms)
    maps = sum(p.numel() for norm in norms for p in norm.parameters())
    return tables, maps + G.shared.weight.numel()


def layers(G: nn.Module, z: Tensor, y: Tensor) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Yield each part of G with the shape it gives for noise (1, z_dim) and its parameters."""
    seen: dict[str, tuple[int, ...]] = {}
    parts = {name: part for name, part in G.named_modules() if _is_part(name)}
    hooks = [
        part.register_forward_hook(
            lambda _, inputs, output, name=name: seen.update({name: tuple(output.shape[1:])})
        )
        for name, part in parts.items()
    ]
    with torch.no_grad():
        G(z, y)
    for hook in hooks:
        hook.remove()
    for name, shape in seen.items():
        yield name, shape, sum(p.numel() for p in parts[name].parameters())


def _is_part(name: str) -> bool:
    if name in ("shared", "linear", "bn", "out"):
        return True
    return name.count(".") == 1 and name.startswith(("blocks.", "mixers."))


def median_seed(told: Mapping[str, Any]) -> int:
    """The seed whose base has the median Fréchet distance: the one whose nets the page shows."""
    return record.median_seed(told, "frechet_b64")


def recorded_generators() -> dict[str, nn.Module]:
    """The averaged generators "base" and "ortho" of the recorded run's median seed, frozen."""
    nets = {}
    for name in SHOWN:
        net = ResGenerator(CONFIG["laptop"].net)
        net.load_state_dict(weights.beside(chapter(10), f"{name}-G"))
        nets[name] = net.eval().requires_grad_(False)
    return nets


def keep_median(run_folder: Path) -> None:
    """Copy the generators of the median seed of a finished laptop run beside its record."""
    here = chapter(10)
    seed = median_seed(record.recorded(here, "laptop"))
    for name in SHOWN:
        weights.keep_beside(here, run_folder / f"seed{seed}", name, "G")


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


def layer_table(G: nn.Module) -> str:
    """G part by part: the shape that each gives for one image, and its parameters."""
    z = torch.zeros(1, G.z_dim)
    lines = [f"{'part':12s} {'gives':>14s} {'parameters':>11s}"]
    for name, shape, count in layers(G, z, torch.zeros(1, dtype=torch.long)):
        lines.append(f"{name:12s} {' x '.join(map(str, shape)):>14s} {count:11,d}")
    return "\n".join(lines)


def reading(told: Mapping[str, Any]) -> str:
    """The recorded means behind the scaling picture, in words."""
    mean = {mark: told["metrics"][f"frechet_{mark}"]["mean"] for mark in SCALED}
    return (
        f"equal steps:  batch 16 {mean['b16']:.1f}, 64 {mean['b64']:.1f}, 256 {mean['b256']:.1f}\n"
        f"equal images: batch 16 {mean['b16_images']:.1f}, 64 {mean['b64']:.1f}, "
        f"256 {mean['b256_images']:.1f}\n"
        f"width:        half {mean['half']:.1f}, x1 {mean['b64']:.1f}, double {mean['double']:.1f}"
    )


if __name__ == "__main__":
    keep_median(Path(sys.argv[1]))
