"""The truncation trick and what it trades (BigGAN, Sec. 3.1): variety for fidelity.

Three different things are called truncation in public code. `sampling.truncated` is the paper's:
every component outside [-t, t] is drawn again. `scaled_truncated` multiplies noise truncated at 2,
`scaled` multiplies plain noise; both are here so that a page can show that they differ.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import standing_statistics
from cvlib.gan.sampling import Sampler, latent_batches, normal, samples, truncated

SATURATED = 0.99  # a pixel beyond it is at the end of tanh


def sampler(threshold: float | None) -> Sampler:
    """The paper's sampler for a threshold; None is no truncation, t = infinity."""
    return normal if threshold is None else truncated(threshold)


def scaled_truncated(threshold: float) -> Sampler:
    """`t z` with z truncated at 2 (TF-Hub's module): noise (n, dim), much wider than truncation."""
    inside = truncated(2.0)
    _positive(threshold)
    return lambda n, dim, generator: threshold * inside(n, dim, generator)


def scaled(threshold: float) -> Sampler:
    """`t z` with z normal: noise (n, dim) with standard deviation t and no bound at all."""
    _positive(threshold)
    return lambda n, dim, generator: threshold * normal(n, dim, generator)


def _positive(threshold: float) -> None:
    if not threshold > 0:
        raise CourseError(f"a truncation threshold must be positive, not {threshold}")


@dataclass(frozen=True)
class Point:
    """What one threshold gives; `threshold` None is no truncation."""

    threshold: float | None
    frechet: float
    precision: float
    recall: float
    inception: float | None
    accuracy: float | None
    saturation: float
    n: int

    def row(self) -> dict[str, Any]:
        """The point as plain numbers for a record."""
        return asdict(self)


def with_statistics(G: nn.Module, threshold: float | None, n: int) -> nn.Module:
    """A copy of G whose batch-norm statistics are those of `n` samples at this threshold."""
    device = next(G.parameters()).device
    batches = latent_batches(G, n, seed=7, device=device, sampler=sampler(threshold))
    return standing_statistics(copy.deepcopy(G), batches)


def truncation_curve(
    G: nn.Module, thresholds: Sequence[float | None], evaluate: Callable[..., Any],
    n: int, standing: int, seed: int = 1,
) -> list[Point]:  # fmt: skip
    """Score G at every threshold with `n` samples.

    With `standing` > 0 the batch-norm statistics are computed anew from that many samples at each
    threshold; with 0 those that G came with serve all of them. `evaluate` is a
    `GenerativeEvaluator`.
    """
    device = next(G.parameters()).device
    points = []
    for threshold in thresholds:
        net = with_statistics(G, threshold, standing) if standing else G
        counted = _Saturation()
        drawn = samples(net, n, seed, device, sampler=sampler(threshold))
        found = evaluate(counted.watch(drawn), f"t = {threshold or 'infinity'}")
        points.append(
            Point(
                threshold, found.frechet, found.precision, found.recall, found.inception,
                found.accuracy, counted.share, n,
            )
        )  # fmt: skip
    return points


class _Saturation:
    """Counts pixels at the end of tanh while images pass by."""

    def __init__(self) -> None:
        self.ends = 0
        self.pixels = 0

    def watch(self, batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Pass on images (b, C, R, R) and classes (b,)."""
        for images, y in batches:
            self.ends += int((images.abs() > SATURATED).sum())
            self.pixels += images.numel()
            yield images, y

    @property
    def share(self) -> float:
        """The share of saturated pixels."""
        return self.ends / max(self.pixels, 1)


@torch.no_grad()
def diversity_within(images: Tensor, y: Tensor) -> float:
    """Mean distance per pixel between images (N, C, R, R) of the same class y (N,), in [0, 2]."""
    distances = []
    for label in y.unique():
        same = images[y == label].flatten(1).float()  # (n, C R R)
        if len(same) > 1:
            distances.append(torch.pdist(same).mean() / same.shape[1] ** 0.5)
    if not distances:
        raise CourseError("no class has two images: draw more of each")
    return float(torch.stack(distances).mean())
