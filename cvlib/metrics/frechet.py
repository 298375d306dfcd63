"""Fréchet distance between two Gaussians fitted to features (Heusel et al. 2017, Eq. 6)."""

import math

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


class RunningMoments:
    """Mean and covariance of features that arrive in batches, in float64 (Chan et al. 1979).

    Never ``E[xx'] - mm'``: where the mean is large against the deviation, that cancels.
    """

    def __init__(self, dim: int, device: torch.device | str = "cpu") -> None:
        self.n = 0
        self.mean = torch.zeros(dim, dtype=torch.float64, device=device)
        self._scatter = torch.zeros(dim, dim, dtype=torch.float64, device=device)

    def update(self, features: Tensor) -> "RunningMoments":
        """Take in ``features`` (B, dim)."""
        x, b = features.double(), len(features)
        batch_mean = x.mean(0)
        delta, total = batch_mean - self.mean, self.n + b
        centred = x - batch_mean
        self._scatter += centred.T @ centred + torch.outer(delta, delta) * (self.n * b / total)
        self.mean += delta * (b / total)
        self.n = total
        return self

    @property
    def cov(self) -> Tensor:
        """The unbiased covariance (dim, dim)."""
        if self.n < 2:
            raise CourseError(f"A covariance needs at least two samples, not {self.n}.")
        return self._scatter / (self.n - 1)


def frechet_distance(mean1: Tensor, cov1: Tensor, mean2: Tensor, cov2: Tensor) -> float:
    """``|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^1/2 S2 S1^1/2)^1/2``, >= 0 up to rounding.

    Two symmetric eigenproblems in float64: no complex roots, and no epsilon on the diagonal when
    the covariances are rank-deficient.

    Args:
        mean1, mean2: (d,).
        cov1, cov2: (d, d), symmetric and positive semi-definite.
    """
    mean1, cov1, mean2, cov2 = (t.double() for t in (mean1, cov1, mean2, cov2))
    values, vectors = torch.linalg.eigh(cov1)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    product = torch.linalg.eigvalsh(root @ cov2 @ root)
    cross = product.clamp_min(0).sqrt().sum()
    return float((mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * cross)


def frechet_from_features(x1: Tensor, x2: Tensor) -> float:
    """The same distance straight from features, exact also for fewer samples than dimensions.

    ``tr (S1^1/2 S2 S1^1/2)^1/2`` is the nuclear norm of ``X1 X2'`` (centred rows) divided by
    ``sqrt((n1 - 1)(n2 - 1))``: no covariance is formed.

    Args:
        x1, x2: features (n1, d), (n2, d), two or more of each.
    """
    if min(len(x1), len(x2)) < 2:
        raise CourseError("A Fréchet distance needs at least two samples on either side.")
    x1, x2 = x1.double(), x2.double()
    m1, m2 = x1.mean(0), x2.mean(0)
    c1, c2 = (x1 - m1) / math.sqrt(len(x1) - 1), (x2 - m2) / math.sqrt(len(x2) - 1)
    cross = torch.linalg.svdvals(c1 @ c2.T).sum()
    return float((m1 - m2).square().sum() + c1.square().sum() + c2.square().sum() - 2 * cross)
