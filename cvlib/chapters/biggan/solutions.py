"""One right answer to each exercise of chapter 10."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def truncated_std(t: float) -> float:
    """The standard deviation of normal noise whose every value lies in [-t, t]."""
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    inside = math.erf(t / math.sqrt(2))
    variance = 1 - 2 * t * density / inside
    return math.sqrt(variance)


def full_penalty_gradient(W: Tensor, beta: float) -> Tensor:
    """The gradient (m, n) of `beta |WW' - I|^2` at W (m, n)."""
    gram = W @ W.T  # (m, m)
    identity = torch.eye(len(W), dtype=W.dtype)
    return 4 * beta * (gram - identity) @ W


def conditioning(classes: int, widths: Sequence[int], vector: int, chunk: int) -> tuple[int, int]:
    """Numbers in G's conditional batch norms: with a table each, and with one shared table."""
    tables = sum(2 * classes * width for width in widths)
    shared = classes * vector + sum(2 * (vector + chunk) * width for width in widths)
    return tables, shared


def checkpoint_before(
    steps: Sequence[int], sigma: Sequence[float], saved: Sequence[int], growth: float
) -> int:
    """The last saved step before sigma first grows by over `growth` between two entries.

    Without such a jump it is the last saved step.
    """
    for before, now, step in zip(sigma[:-1], sigma[1:], steps[1:], strict=True):
        if now > growth * before:
            return max(s for s in saved if s < step)
    return max(saved)


def coverage(real_real: Tensor, real_fake: Tensor, k: int) -> float:
    """The share of real images in whose ball, out to the k-th real neighbour, a fake lies.

    Distances between real images (n, n) and from real to fake ones (n, m).
    """
    radius = real_real.sort(dim=1).values[:, k]  # (n,); place 0 is the image itself
    return (real_fake.min(dim=1).values <= radius).double().mean().item()


def clamped(W: Tensor, ratio: float) -> Tensor:
    """W (m, n) with its first singular value lowered to `ratio` times the second, if larger."""
    U, S, Vh = torch.linalg.svd(W, full_matrices=False)
    S = S.clone()
    S[0] = torch.minimum(S[0], ratio * S[1])
    return U @ torch.diag(S) @ Vh
