"""Noise, labels and sample grids."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def latents(
    G: nn.Module, n: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Draw ``z ~ N(0, I)`` (n, z_dim) and uniform classes ``y`` (n,) for ``G``.

    Both are drawn where ``generator`` lives and moved to ``device``.
    """
    where = generator.device
    z = torch.randn(n, G.z_dim, generator=generator, device=where)
    y = torch.randint(G.n_classes, (n,), generator=generator, device=where)
    return z.to(device, non_blocking=True), y.to(device, non_blocking=True)


def latent_batches(
    G: nn.Module, n: int, seed: int, device: torch.device | str = "cpu", batch_size: int = 250
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(z, y)`` batches, ``n`` pairs in all; the same seed gives the same pairs."""
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, n, batch_size):
        yield latents(G, min(batch_size, n - start), generator, device)


@torch.no_grad()
def samples(
    G: nn.Module, n: int, seed: int, device: torch.device | str = "cpu"
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(images (b, C, R, R) in [-1, 1], classes (b,))`` of ``G`` as it stands, n in all."""
    for z, y in latent_batches(G, n, seed, device):
        yield G(z, y).float(), y


@torch.no_grad()
def class_grid(G: nn.Module, columns: int, seed: int, device: torch.device | str = "cpu") -> Tensor:
    """``columns`` samples per class, classes one after another: (K columns, C, R, R) on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(G.n_classes * columns, G.z_dim, generator=generator).to(device)
    y = torch.arange(G.n_classes, device=device).repeat_interleave(columns)
    return G(z, y).float().cpu()
