"""Twins: images whose only long-range relation is known, so that it can be measured exactly.

One 8x8 digit of scikit-learn is drawn twice, in two of the four quadrants of a 16x16 canvas; the
rest is empty. A generator that only matches the class of a distant copy, not the instance, has a
pair correlation near that of two different digits of one class.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

QUADRANTS = tuple(combinations(range(4), 2))


def _digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's 1,797 digits: uint8 (1797, 8, 8) and classes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = torch.from_numpy(digits.images * 255 / 16).round().to(torch.uint8)
    return x, torch.from_numpy(digits.target)


def make_twins(n: int, seed: int, same_instance: bool = True) -> tuple[Tensor, Tensor]:
    """Draw `n` canvases: uint8 (n, 1, 16, 16), and their classes (n,).

    `same_instance=False` draws another digit of the same class as the second glyph: the level
    that matching the class alone reaches.
    """
    x, y = _digits()
    draw = torch.Generator().manual_seed(seed)
    first = torch.randint(len(x), (n,), generator=draw)
    second = first.clone()
    if not same_instance:
        for c in range(10):
            chosen, pool = (y[first] == c).nonzero()[:, 0], (y == c).nonzero()[:, 0]
            second[chosen] = pool[torch.randint(len(pool), (len(chosen),), generator=draw)]
    places = torch.tensor(QUADRANTS)[torch.randint(len(QUADRANTS), (n,), generator=draw)]
    quadrants = torch.zeros(n, 4, 8, 8, dtype=torch.uint8)
    quadrants[torch.arange(n), places[:, 0]] = x[first]
    quadrants[torch.arange(n), places[:, 1]] = x[second]
    canvas = quadrants.view(n, 2, 2, 8, 8).transpose(2, 3).reshape(n, 1, 16, 16)
    return canvas, y[first]


@dataclass(frozen=True)
class TwinScores:
    """`pair`: mean correlation of the two brightest quadrants; `two`: share of images with exactly
    two glyphs."""

    pair: float
    two: float


def _by_brightness(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Quadrants (N, 4, 64) row-major, their energies from bright to dark (N, 4), and that order.

    The energy is the squared distance to the empty background, -1.
    """
    n = len(images)
    quadrants = images.float().view(n, 2, 8, 2, 8).transpose(2, 3).reshape(n, 4, 64)
    energy = (quadrants + 1).square().sum(-1)
    ranked, order = energy.sort(1, descending=True)
    return quadrants, ranked, order


def has_two_glyphs(images: Tensor) -> Tensor:
    """Which canvases (N, 1, 16, 16) in [-1, 1] hold exactly two glyphs: bool (N,).

    The second-brightest quadrant has over half, the third under 15 % of the first's energy.
    """
    _, ranked, _ = _by_brightness(images)
    first, second, third = ranked[:, 0], ranked[:, 1], ranked[:, 2]
    return (second > 0.5 * first) & (third < 0.15 * first)


def score_twins(images: Tensor) -> TwinScores:
    """Score images (N, 1, 16, 16) in [-1, 1]; CourseError where one is not finite."""
    if not torch.isfinite(images).all():
        raise CourseError("twins are scored on finite images: one holds NaN or infinity")
    quadrants, _, order = _by_brightness(images)
    rows = torch.arange(len(images), device=images.device)[:, None]
    pair = quadrants[rows, order[:, :2]]  # (N, 2, 64)
    pair = pair - pair.mean(-1, keepdim=True)
    norms = pair.norm(dim=-1).prod(1) + 1e-6
    correlation = (pair[:, 0] * pair[:, 1]).sum(-1) / norms  # (N,)
    two = has_two_glyphs(images)
    return TwinScores(float(correlation.double().mean()), float(two.double().mean()))


def score_samples(batches: Iterable[tuple[Tensor, Tensor]]) -> TwinScores:
    """Score batches of (images (b, 1, 16, 16) in [-1, 1], classes), as `samples` yields them."""
    return score_twins(torch.cat([images for images, _ in batches]).cpu())


@dataclass(frozen=True)
class Shares:
    """Mean weight that one kind of query puts on its `own` quadrant, on the `other` of its kind and
    on each quadrant of the `opposite` kind; looking everywhere alike would give each 0.25."""

    own: float
    other: float
    opposite: float


def quadrant_shares(images: Tensor, beta: Tensor) -> dict[str, Tensor]:
    """Where queries on glyphs and in the void look, image by image: two tables (M, 3).

    `images` (N, 1, 16, 16) in [-1, 1]; those without exactly two glyphs are left out, M stay.
    `beta` (N, 64, 16) are their attention maps, 8x8 queries over 4x4 pooled keys. The columns are
    those of `Shares`, for queries on a "glyph" and in the "void".
    """
    kept = has_two_glyphs(images)
    images = images[kept]
    n = len(images)
    _, _, order = _by_brightness(images)
    # query row, column and key row, column, each split into quadrant and place in it
    split = beta[kept].view(n, 2, 4, 2, 4, 2, 2, 2, 2)
    grouped = split.sum((6, 8)).mean((2, 4)).view(n, 4, 4)  # (M, query quadrant, key quadrant)
    i = torch.arange(n, device=images.device)[:, None, None]
    ranked = grouped[i, order[:, :, None], order[:, None, :]]  # both by brightness

    def shares(a: int, b: int, opposite: list[int]) -> Tensor:
        own = (ranked[:, a, a] + ranked[:, b, b]) / 2
        other = (ranked[:, a, b] + ranked[:, b, a]) / 2
        across = ranked[:, [a, b]][:, :, opposite].mean((1, 2))
        return torch.stack([own, other, across], dim=1)

    return {"glyph": shares(0, 1, [2, 3]), "void": shares(2, 3, [0, 1])}


def attention_shares(images: Tensor, beta: Tensor) -> dict[str, Shares]:
    """The means of `quadrant_shares` over the canvases with two glyphs."""
    tables = quadrant_shares(images, beta)
    return {kind: Shares(*table.mean(0).tolist()) for kind, table in tables.items()}
