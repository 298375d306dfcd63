"""Fréchet distance between two Gaussians fitted to features (Heusel et al. 2017, Eq. 6)."""

import math

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


def finite_rows(features: Tensor) -> Tensor:
    """Features (N, d) in float64; CourseError where one is not finite."""
    x = features.double()
    if not torch.isfinite(x).all():
        raise CourseError("a feature is not finite: look at the images that gave it")
    return x


class RunningMoments:
    """Mean and covariance of features that arrive in batches, in float64 (Chan et al. 1979).

    Never `E[xx'] - mm'`: where the mean is large against the deviation, that cancels.
    """

    def __init__(self, dim: int, device: torch.device | str = "cpu") -> None:
        self.n = 0
        self.mean = torch.zeros(dim, dtype=torch.float64, device=device)
        self._scatter = torch.zeros(dim, dim, dtype=torch.float64, device=device)

    def update(self, features: Tensor) -> "RunningMoments":
        """Take in `features` (B, dim)."""
        if len(features) == 0:
            return self
        x = finite_rows(features)
        b = len(x)
        total = self.n + b
        batch_mean = x.mean(0)
        delta = batch_mean - self.mean
        centred = x - batch_mean
        self._scatter += centred.T @ centred + torch.outer(delta, delta) * (self.n * b / total)
        self.mean += delta * (b / total)
        self.n = total
        return self

    @property
    def cov(self) -> Tensor:
        """The unbiased covariance (dim, dim)."""
        if self.n < 2:
            raise CourseError(f"a covariance needs at least two samples, not {self.n}")
        return self._scatter / (self.n - 1)


def frechet_distance(mean1: Tensor, cov1: Tensor, mean2: Tensor, cov2: Tensor) -> float:
    """`|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^1/2 S2 S1^1/2)^1/2`, >= 0 up to rounding.

    Two symmetric eigenproblems in float64: no complex roots, and no epsilon on the diagonal when
    the covariances are rank-deficient. Means are (d,), covariances (d, d), symmetric and positive
    semi-definite.
    """
    values, vectors = torch.linalg.eigh(cov1.double())
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T  # S1^1/2
    product = torch.linalg.eigvalsh(root @ cov2.double() @ root)
    cross = product.clamp_min(0).sqrt().sum()
    apart = (mean1.double() - mean2.double()).square().sum()
    return float(apart + cov1.double().trace() + cov2.double().trace() - 2 * cross)


def frechet_from_features(x1: Tensor, x2: Tensor) -> float:
    """The same distance straight from features, exact also for fewer samples than dimensions.

    `tr (S1^1/2 S2 S1^1/2)^1/2` is the nuclear norm of `X1 X2'` (centred rows) divided by
    `sqrt((n1 - 1)(n2 - 1))`: no covariance is formed. `x1` (n1, d) and `x2` (n2, d) hold two
    features or more.
    """
    if min(len(x1), len(x2)) < 2:
        raise CourseError("a Fréchet distance needs at least two samples on either side")
    x1 = finite_rows(x1)
    x2 = finite_rows(x2)
    m1 = x1.mean(0)
    m2 = x2.mean(0)
    c1 = (x1 - m1) / math.sqrt(len(x1) - 1)
    c2 = (x2 - m2) / math.sqrt(len(x2) - 1)
    cross = torch.linalg.svdvals(c1 @ c2.T).sum()
    return float((m1 - m2).square().sum() + c1.square().sum() + c2.square().sum() - 2 * cross)
