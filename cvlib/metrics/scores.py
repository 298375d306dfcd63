"""Inception score, kernel distance, precision and recall of generated samples."""

import torch
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.metrics.frechet import finite_rows


def inception_score(probabilities: Tensor) -> float:
    """`exp E KL(p(y|x) || p(y))` (Salimans et al. 2016), between 1 and the number of classes.

    Rows of `probabilities` (N, K) sum to 1; zeros are allowed.
    """
    p = probabilities.double()
    mean = p.mean(0, keepdim=True)
    divergence = torch.special.xlogy(p, p) - torch.special.xlogy(p, mean)
    return float(divergence.sum(1).mean().exp())


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    k = x @ y.T / x.shape[1] + 1
    return k * k * k  # k ** 3 calls pow, ten times as slow


def kernel_distance(
    x: Tensor, y: Tensor, generator: torch.Generator, subsets: int = 100, size: int = 1000
) -> float:
    """Unbiased squared MMD with kernel `(x'y/d + 1)^3` (KID, Bińkowski et al. 2018).

    Averaged over `subsets` random subsets of `size`; unlike FID its expectation does not
    depend on the number of samples, and it may be negative. `x` (N, d) and `y` (M, d) are features;
    the CPU `generator` draws the subsets.
    """
    size = min(size, len(x), len(y))
    if size < 2:
        raise CourseError("a kernel distance needs at least two samples on either side")
    x = finite_rows(x)
    y = finite_rows(y)
    total = 0.0
    for _ in range(subsets):
        a = x[torch.randperm(len(x), generator=generator)[:size].to(x.device)]
        b = y[torch.randperm(len(y), generator=generator)[:size].to(y.device)]
        aa = _cubic(a, a)
        bb = _cubic(b, b)
        ab = _cubic(a, b)
        within = aa.sum() - aa.trace() + bb.sum() - bb.trace()
        total += float(within / (size * (size - 1)) - 2 * ab.mean())
    return total / subsets


def _radii(x: Tensor, k: int, chunk: int) -> Tensor:
    """Distance of each row to its k-th nearest other row: (N,)."""
    parts = [torch.cdist(part, x).kthvalue(k + 1, dim=1).values for part in x.split(chunk)]
    return torch.cat(parts)


def _covered(points: Tensor, centres: Tensor, radii: Tensor, chunk: int) -> float:
    """Share of `points` that lie in at least one ball around `centres`."""
    hits = [(torch.cdist(part, centres) <= radii).any(1) for part in points.split(chunk)]
    return float(torch.cat(hits).double().mean())


def precision_recall(
    real: Tensor, fake: Tensor, k: int = 3, chunk: int = 2000
) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019, Eq. 2).

    Precision: share of fakes inside the union of balls that reach from each real sample to its
    k-th neighbour. Recall: the same with the roles exchanged. `real` (N, d) and `fake` (M, d) hold
    more than k features each; `chunk` rows are compared at once.
    """
    if min(len(real), len(fake)) <= k:
        raise CourseError(f"precision and recall need more than {k} samples on either side")
    real = finite_rows(real)
    fake = finite_rows(fake)
    centre = real.mean(0)  # distances by products cancel where features lie far from 0
    real = real - centre
    fake = fake - centre
    precision = _covered(fake, real, _radii(real, k, chunk), chunk)
    recall = _covered(real, fake, _radii(fake, k, chunk), chunk)
    return precision, recall
