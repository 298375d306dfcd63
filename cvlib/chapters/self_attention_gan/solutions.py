"""One way to solve each exercise of chapter 06; every function stands alone, since it is shown."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def masked_attention(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    """Attention of queries (B, N, d) over those keys (B, M, d) that `seen` (N, M) allows."""
    scores = q @ k.transpose(1, 2)  # (B, N, M)
    scores = scores.masked_fill(~seen, -math.inf)
    beta = scores.softmax(dim=-1)
    beta = torch.where(seen, beta, 0)  # a row that sees nothing was nan
    return beta @ v


def attention_cost(channels: int, size: int) -> tuple[int, int, int]:
    """Parameters, FLOPs per image and bytes of the fp32 map of a block at a size x size map."""
    C, N = channels, size * size
    keys = N // 4
    parameters = 2 * C * (C // 8) + 2 * C * (C // 2)
    flops = 2 * N * parameters + 2 * N * keys * (C // 8) + 2 * N * keys * (C // 2)
    return parameters, flops, 4 * N * keys


def transposed_sigma(weight: Tensor, steps: int = 200) -> Tensor:
    """First singular value of a transposed convolution's kernel (C_in, C_out, k, k)."""
    W = weight.transpose(0, 1).flatten(1)  # (C_out, C_in k^2)
    u = F.normalize(torch.ones_like(W[:, 0]), dim=0)
    for _ in range(steps):
        v = F.normalize(W.T @ u, dim=0)
        u = F.normalize(W @ v, dim=0)
    return u @ W @ v


def logistic_loss(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """D's logistic loss of scores (n,), (m,), and its gradients with respect to both."""
    loss = F.softplus(-real).mean() + F.softplus(fake).mean()
    slope_real = -torch.sigmoid(-real) / len(real)
    slope_fake = torch.sigmoid(fake) / len(fake)
    return loss, slope_real, slope_fake


def diverged(logs: dict[str, list[tuple[int, float]]]) -> dict[str, int]:
    """The arms whose distance left for good, and the step of the evaluation that shows it."""
    found = {}
    for name, log in logs.items():
        best, since = math.inf, None
        for step, distance in log:
            if distance <= 2 * best:
                best, since = min(best, distance), None
            elif since is None:  # worse than twice the best, or not a number
                since = step
        if since is not None:
            found[name] = since
    return found
