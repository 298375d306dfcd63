"""Penalties on D's slope and on G's weights, all in fp32 whatever the training's precision."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from cvlib.course.errors import CourseError
from cvlib.gan.norm import TRANSPOSED, stored_weight

Critic = Callable[[Tensor], Tensor]  # images (B, C, H, W) to scores (B, ...)


def _slope(critic: Critic, x: Tensor, reduce: Literal["sum", "mean"] = "sum") -> Tensor:
    """The gradient of each image's score, (B, C, H, W), itself differentiable.

    An image's score is the sum or the mean of its patches' scores.
    """
    x = x.detach().float().requires_grad_()
    # The fused attention kernels have no second derivative; the plain product has.
    with (
        torch.enable_grad(),
        torch.autocast(x.device.type, enabled=False),
        sdpa_kernel(SDPBackend.MATH),
    ):
        patches = critic(x).reshape(len(x), -1)  # (B, P)
        scores = patches.mean(1) if reduce == "mean" else patches.sum(1)  # (B,)
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return slope


def r1_penalty(critic: Critic, real: Tensor, gamma: float) -> Tensor:
    """`gamma/2 mean |grad_x D(x)|^2` on real images (B, C, H, W) (Mescheder et al. 2018, Eq. 9).

    For a conditional D give `lambda x: D(x, y)`.
    """
    slope = _slope(critic, real)
    return gamma / 2 * slope.flatten(1).square().sum(1).mean()


def gradient_penalty(
    critic: Critic, real: Tensor, fake: Tensor, draw: torch.Generator,
    reduce: Literal["sum", "mean"] = "sum",
) -> Tensor:  # fmt: skip
    """`mean (|grad D| - 1)^2` at random points between real and fake images (Gulrajani 2017).

    `real` and `fake` are (B, C, H, W); `draw`, on their device, picks one point per pair. `reduce`
    says how the scores of an image's patches make its score.
    """
    share = torch.rand(len(real), 1, 1, 1, generator=draw, device=real.device)  # (B, 1, 1, 1)
    between = torch.lerp(fake.detach().float(), real.detach().float(), share)
    lengths = _slope(critic, between, reduce).flatten(1).norm(dim=1)  # (B,)
    return (lengths - 1).square().mean()


def _gram(W: Tensor, kind: Literal["modified", "full"], rows: bool) -> Tensor:
    """What the penalty squares: `WW'` (or `W'W`) without its diagonal, or minus the identity."""
    gram = W @ W.T if rows else W.T @ W
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return gram * (1 - identity) if kind == "modified" else gram - identity


def _by_rows(W: Tensor, side: Literal["rows", "auto"]) -> bool:
    return side == "rows" or W.shape[0] <= W.shape[1]


def orthogonal_penalty(
    W: Tensor,
    kind: Literal["modified", "full"] = "modified",
    side: Literal["rows", "auto"] = "auto",
) -> Tensor:
    """`|WW' o (1 - I)|^2`, or with kind "full" `|WW' - I|^2` (BigGAN, Eq. 2 and 3).

    A weight (C_out, ...) is read as the matrix `W` (C_out, the rest), its filters as rows. More
    rows than columns cannot be orthogonal: side "auto" then takes the columns.
    """
    W = W.float().flatten(1)
    return _gram(W, kind, _by_rows(W, side)).square().sum()


@torch.no_grad()
def add_orthogonal_grad_(
    net: nn.Module, beta: float, side: Literal["rows", "auto"] = "auto"
) -> None:
    """Add the gradient `4 beta (WW' o (1 - I)) W` of the modified penalty, after `backward`.

    For the stored weights of all linear layers and convolutions of `net` that have a gradient;
    class tables have none of it. Give it to `Task.descend(after_backward=...)`.
    """
    for module in net.modules():
        if not isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            continue
        weight = stored_weight(module)
        if weight.grad is None:
            continue
        dim = 1 if isinstance(module, TRANSPOSED) else 0
        outputs_first = weight.float().movedim(dim, 0)
        W = outputs_first.flatten(1)
        rows = _by_rows(W, side)
        gram = _gram(W, "modified", rows)
        slope = 4 * beta * (gram @ W if rows else W @ gram)
        weight.grad += slope.view_as(outputs_first).movedim(0, dim).to(weight.dtype)


@torch.no_grad()
def clamp_top_singular_(W: Tensor, limit: float) -> Tensor:
    """Lower the first singular value of a matrix (m, n) to at most `limit`, in place.

    `W <- W - max(0, s_0 - limit) u_0 v_0'` (BigGAN, Sec. 4.1); the others stay.
    """
    if W.dim() != 2:
        raise CourseError(f"a matrix is clamped, not a tensor {tuple(W.shape)}: flatten it")
    U, S, Vh = torch.linalg.svd(W.float(), full_matrices=False)
    excess = (S[0] - limit).clamp_min(0)
    return W.sub_((excess * torch.outer(U[:, 0], Vh[0])).to(W.dtype))
