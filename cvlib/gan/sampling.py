"""Noise, labels and sample grids."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError

Sampler = Callable[[int, int, torch.Generator], Tensor]  # n, dim, generator -> noise (n, dim)


def normal(n: int, dim: int, generator: torch.Generator) -> Tensor:
    """Noise `z ~ N(0, I)` (n, dim), where `generator` lives: what the nets train on."""
    return torch.randn(n, dim, generator=generator, device=generator.device)


def truncated(threshold: float) -> Sampler:
    """A sampler of normal noise whose every component lies in [-threshold, threshold].

    By the inverse of its distribution, in float64: as if drawn again until inside (BigGAN, Sec.
    3.1), without a loop.
    """
    if not threshold > 0:
        raise CourseError(f"a truncation threshold must be positive, not {threshold}")
    inside = math.erf(threshold / math.sqrt(2))

    def sample(n: int, dim: int, generator: torch.Generator) -> Tensor:
        u = torch.rand(n, dim, generator=generator, device=generator.device, dtype=torch.float64)
        z = math.sqrt(2) * torch.erfinv((2 * u - 1) * inside)
        return z.float().clamp(-threshold, threshold)

    return sample


def latents(
    G: nn.Module, n: int, generator: torch.Generator, device: torch.device | str = "cpu",
    sampler: Sampler = normal,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Draw noise `z` (n, z_dim) and uniform classes `y` (n,) for `G`.

    Both are drawn where `generator` lives and moved to `device`.
    """
    z = sampler(n, G.z_dim, generator)
    y = torch.randint(G.classes, (n,), generator=generator, device=generator.device)
    return z.to(device, non_blocking=True), y.to(device, non_blocking=True)


def latent_batches(
    G: nn.Module, n: int, seed: int, device: torch.device | str = "cpu", batch_size: int = 250,
    sampler: Sampler = normal,
) -> Iterator[tuple[Tensor, Tensor]]:  # fmt: skip
    """Yield `(z, y)` batches, `n` pairs in all; the same seed gives the same pairs."""
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, n, batch_size):
        yield latents(G, min(batch_size, n - start), generator, device, sampler)


@torch.no_grad()
def samples(
    G: nn.Module, n: int, seed: int, device: torch.device | str = "cpu", sampler: Sampler = normal
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield `(images (b, C, R, R) in [-1, 1], classes (b,))` of `G` as it stands, n in all."""
    for z, y in latent_batches(G, n, seed, device, sampler=sampler):
        yield G(z, y).float(), y


@torch.no_grad()
def class_grid(
    G: nn.Module, columns: int, seed: int, device: torch.device | str = "cpu",
    sampler: Sampler = normal,
) -> Tensor:  # fmt: skip
    """`columns` samples per class, classes one after another: (K columns, C, R, R) on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    z = sampler(G.classes * columns, G.z_dim, generator).to(device)
    y = torch.arange(G.classes, device=device).repeat_interleave(columns)
    return G(z, y).float().cpu()


def real_batch(
    images: tuple[Tensor, Tensor], index: Tensor, flip: bool, draw: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Images `index` (B,) of a uint8 set (N, C, R, R) in [-1, 1], (B, C, R, R), and classes (B,).

    With `flip` half of them, by `draw`, are mirrored.
    """
    x, y = images
    index = index.to(x.device, non_blocking=True)
    batch = x[index].float() / 127.5 - 1  # (B, C, R, R)
    if flip:
        mirrored = torch.rand(len(batch), generator=draw, device=x.device) < 0.5  # (B,)
        batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
    return batch.contiguous(memory_format=torch.channels_last), y[index]
