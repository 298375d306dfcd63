"""Reference answers of chapter 03's exercises, as a learner would write them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.stylization.affinity import matting_affinity


def transport(cov_c: Tensor, cov_s: Tensor) -> Tensor:
    """The symmetric map from one covariance (C, C) to another: it moves the features least."""

    def power(matrix: Tensor, exponent: float) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        return (vectors * values**exponent) @ vectors.T

    root, inverse = power(cov_c, 0.5), power(cov_c, -0.5)
    return inverse @ power(root @ cov_s @ root, 0.5) @ inverse


def grey_window(grey: Tensor, eps: float) -> Tensor:
    """What one window of a grey photo (9,) adds to the affinity: (9, 9)."""
    centred = grey - grey.mean()
    variance = (centred**2).mean()
    return (1 + torch.outer(centred, centred) / (variance + eps / 9)) / 9


def guided_by_walk(content: Tensor, Y: Tensor, eps: float) -> Tensor:
    """The guided filter of radius 1 as one step of the random walk."""
    W = matting_affinity(content, 9 * eps)
    return W.apply(Y) / W.apply(torch.ones_like(Y[:1]))


def largest_alpha(iterations: int, tol: float) -> float:
    """The alpha whose bound on the iterations of conjugate gradients is this number."""
    root_of_kappa = 2 * iterations / math.log(2 / tol)
    return 1 - 1 / root_of_kappa**2


def smooth_dense(W: Tensor, Y: Tensor, alpha: float) -> Tensor:
    """The closed form with a matrix W (n, n) and Y (n, q), rows normalised."""
    walk = W / W.sum(1, keepdim=True)
    identity = torch.eye(len(W), dtype=W.dtype)
    return (1 - alpha) * torch.linalg.solve(identity - alpha * walk, Y)


def fit_decoder(features: Tensor, photo: Tensor) -> tuple[Tensor, Tensor]:
    """Least squares for the decoder of level 1: weight (3, C, 3, 3) and bias (3,)."""
    padded = F.pad(features[None], (1, 1, 1, 1), mode="reflect")
    patches = F.unfold(padded, 3)[0].T  # (H * W, C * 9)
    A = torch.cat([patches, torch.ones_like(patches[:, :1])], dim=1)
    x = torch.linalg.lstsq(A, photo.flatten(1).T).solution  # (C * 9 + 1, 3)
    return x[:-1].T.reshape(3, len(features), 3, 3), x[-1]
