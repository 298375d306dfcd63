"""One way to solve each exercise of chapter 06; every function stands alone, since it is shown."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Self-attention of queries (B, N, d) over keys (B, M, d) and values (B, M, c)."""
    scores = q @ k.transpose(1, 2)
    beta = scores.softmax(dim=-1)
    return beta @ v


def attention_cost(channels: int, size: int) -> tuple[int, int, int]:
    """Parameters, FLOPs per image and bytes of the fp32 map of a block at a size x size map."""
    C, N = channels, size * size
    keys = N // 4
    parameters = 2 * C * (C // 8) + 2 * C * (C // 2)
    flops = 2 * N * parameters + 2 * N * keys * (C // 8) + 2 * N * keys * (C // 2)
    return parameters, flops, 4 * N * keys


def power_step(W: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One power iteration of W (m, n) from u (m,): the new u, v (n,) and the estimate of sigma."""
    v = F.normalize(W.T @ u, dim=0)
    u = F.normalize(W @ v, dim=0)
    return u, v, u @ W @ v


def steps_needed(s1: float, s2: float, tangent: float = 0.01) -> int:
    """Power iterations until the angle's tangent, 1 at the start, is at most ``tangent``."""
    return math.ceil(math.log(tangent) / (2 * math.log(s2 / s1)))


def sn_gradient(W: Tensor, upstream: Tensor) -> Tensor:
    """Gradient with respect to W (m, n) of a loss whose gradient at W / sigma is ``upstream``."""
    U, S, Vh = torch.linalg.svd(W)
    along = (upstream * W / S[0]).sum()
    return (upstream - along * torch.outer(U[:, 0], Vh[0])) / S[0]


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """D's hinge loss of scores ``real`` and ``fake``."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def diverged(logs: dict[str, list[tuple[int, float]]]) -> dict[str, int]:
    """The arms whose FID left for good, and the step of the first evaluation that shows it."""
    found = {}
    for name, log in logs.items():
        best, since = math.inf, None
        for step, fid in log:
            if fid <= 2 * best:
                best, since = min(best, fid), None
            elif since is None:  # worse than twice the best, or not a number
                since = step
        if since is not None:
            found[name] = since
    return found
