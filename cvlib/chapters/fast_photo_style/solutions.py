"""Reference answers of chapter 03's exercises, as a learner would write them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.stylization.affinity import matting_affinity


def square_roots(cov: Tensor) -> tuple[Tensor, Tensor]:
    """The symmetric root of cov (C, C) and its pseudo-inverse; empty directions are dropped."""
    values, vectors = torch.linalg.eigh(cov)
    keep = values > 1e-5 * values.max()
    values, vectors = values[keep], vectors[:, keep]
    return (vectors * values.sqrt()) @ vectors.T, (vectors * values.rsqrt()) @ vectors.T


def window_affinity(colours: Tensor, eps: float) -> Tensor:
    """What one window of colours (9, 3) adds to the affinity: (9, 9)."""
    centred = colours - colours.mean(0)
    cov = centred.T @ centred / 9 + eps / 9 * torch.eye(3, dtype=colours.dtype)
    return (1 + centred @ torch.linalg.solve(cov, centred.T)) / 9


def guided_by_walk(content: Tensor, Y: Tensor, eps: float) -> Tensor:
    """The guided filter of radius 1 as one step of the random walk."""
    W = matting_affinity(content, 9 * eps)
    return W.apply(Y) / W.apply(torch.ones_like(Y[:1]))


def cg_iterations(alpha: float, tol: float) -> int:
    """The bound on the iterations of conjugate gradients: kappa is 1 / (1 - alpha)."""
    return math.ceil(0.5 * math.sqrt(1 / (1 - alpha)) * math.log(2 / tol))


def smooth_dense(W: Tensor, Y: Tensor, alpha: float) -> Tensor:
    """The closed form with a matrix W (n, n) and Y (n, q), rows normalised."""
    walk = W / W.sum(1, keepdim=True)
    identity = torch.eye(len(W), dtype=W.dtype)
    return (1 - alpha) * torch.linalg.solve(identity - alpha * walk, Y)


def fit_decoder(features: Tensor, photo: Tensor) -> tuple[Tensor, Tensor]:
    """Least squares for the decoder of level 1: weight (3, C, 3, 3) and bias (3,)."""
    padded = F.pad(features[None], (1, 1, 1, 1), mode="reflect")
    patches = F.unfold(padded, 3)[0].T  # (H * W, C * 9)
    A = torch.cat([patches, torch.ones(len(patches), 1)], dim=1).double()
    b = photo.flatten(1).T.double()
    ridge = 1e-8 * len(A) * torch.eye(A.shape[1], dtype=torch.float64)
    x = torch.linalg.solve(A.T @ A + ridge, A.T @ b).float()
    return x[:-1].T.reshape(3, len(features), 3, 3), x[-1]
