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

QUADRANTS = tuple(combinations(range(4), 2))


def _digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's 1,797 digits: uint8 (1797, 8, 8) and classes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = torch.from_numpy(digits.images * 255 / 16).round().to(torch.uint8)
    return x, torch.from_numpy(digits.target)


def make_twins(n: int, seed: int, same_instance: bool = True) -> tuple[Tensor, Tensor]:
    """Draw ``n`` canvases: uint8 (n, 1, 16, 16), and their classes (n,).

    ``same_instance=False`` draws another digit of the same class as the second glyph: the level
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
    """``pair``: mean correlation of the two brightest quadrants; ``two``: share of images with
    exactly two glyphs."""

    pair: float
    two: float


def score_twins(images: Tensor) -> TwinScores:
    """Score images (N, 1, 16, 16) in [-1, 1].

    Two glyphs: the second-brightest quadrant has over half, the third under 15 % of the first's
    energy (squared distance to the empty background).
    """
    n = len(images)
    quadrants = images.float().view(n, 2, 8, 2, 8).transpose(2, 3).reshape(n, 4, 64)
    energy = (quadrants + 1).square().sum(-1)
    ranked, order = energy.sort(1, descending=True)
    pair = quadrants[torch.arange(n)[:, None], order[:, :2]]
    pair = pair - pair.mean(-1, keepdim=True)
    norms = pair.norm(dim=-1).prod(1) + 1e-6
    correlation = (pair[:, 0] * pair[:, 1]).sum(-1) / norms
    two = (ranked[:, 1] > 0.5 * ranked[:, 0]) & (ranked[:, 2] < 0.15 * ranked[:, 0])
    return TwinScores(float(correlation.mean()), float(two.double().mean()))


def attention_shares(images: Tensor, beta: Tensor) -> dict[str, dict[str, float]]:
    """How queries on glyphs and in the void share their weight over the quadrants of their twins.

    Args:
        images: canvases (N, 1, 16, 16) in [-1, 1], each with two glyphs.
        beta: their attention maps (N, 64, 16): 8x8 queries, 4x4 pooled keys.

    Returns:
        query on "glyph" or in "void" -> mean weight on the "own" quadrant, on the "other" of its
        kind, and on each quadrant of the "opposite" kind; alike everywhere would be 0.25.
    """
    n = len(images)
    quadrants = images.float().view(n, 2, 8, 2, 8).transpose(2, 3).reshape(n, 4, 64)
    order = (quadrants + 1).square().sum(-1).argsort(1, descending=True)
    grouped = beta.view(n, 2, 4, 2, 4, 2, 2, 2, 2).sum((6, 8)).mean((2, 4)).view(n, 4, 4)
    i = torch.arange(n)[:, None, None]
    ranked = grouped[i, order[:, :, None], order[:, None, :]].mean(0)  # query x key, by brightness

    def shares(a: int, b: int, opposite: tuple[int, int]) -> dict[str, float]:
        own, other = (ranked[a, a] + ranked[b, b]) / 2, (ranked[a, b] + ranked[b, a]) / 2
        across = ranked[[a, b]][:, list(opposite)].mean()
        return {"own": float(own), "other": float(other), "opposite": float(across)}

    return {"glyph": shares(0, 1, (2, 3)), "void": shares(2, 3, (0, 1))}


def score_samples(batches: Iterable[tuple[Tensor, Tensor]]) -> TwinScores:
    """Score batches of (images (b, 1, 16, 16) in [-1, 1], classes), as ``samples`` yields them."""
    return score_twins(torch.cat([images for images, _ in batches]).cpu())
