"""Adversarial losses on one map of scores, or on several (one per scale of a discriminator)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Scores = Tensor | Sequence[Tensor]


def _over_scales(loss: Callable[..., Tensor], *scores: Scores) -> Tensor:
    """`loss` of the scores; of lists, its mean over the scales."""
    if isinstance(scores[0], Tensor):
        return loss(*scores)
    return torch.stack([loss(*scale) for scale in zip(*scores, strict=True)]).mean()


def hinge_d(real: Scores, fake: Scores) -> Tensor:
    """D's loss `mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))` (SAGAN, Eq. 4).

    Two means, added. `real` and `fake` are scores of any shapes, or lists of them.
    """
    return _over_scales(lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), real, fake)


def hinge_g(fake: Scores) -> Tensor:
    """G's loss `-mean D(G(z))` (SAGAN, Eq. 4): no hinge, so that G's gradient never stops."""
    return _over_scales(lambda f: -f.mean(), fake)


def lsgan_d(real: Scores, fake: Scores) -> Tensor:
    """D's least squares `(mean (D(x) - 1)^2 + mean D(G(z))^2) / 2` (Mao et al. 2017, Eq. 9)."""

    def squares(r: Tensor, f: Tensor) -> Tensor:
        return ((r - 1).square().mean() + f.square().mean()) / 2

    return _over_scales(squares, real, fake)


def lsgan_g(fake: Scores) -> Tensor:
    """G's least squares `mean (D(G(z)) - 1)^2`, without the half, as image translation uses it."""
    return _over_scales(lambda f: (f - 1).square().mean(), fake)


def feature_matching(real: Sequence[Sequence[Tensor]], fake: Sequence[Sequence[Tensor]]) -> Tensor:
    """L1 distance of D's hidden layers on real and fake images (Wang et al. 2018, Eq. 4).

    Both are `list[scale][layer]` of a `MultiscaleDiscriminator`; the last layer of each scale, its
    scores, does not count. Each layer's distance is a mean over its entries; layers are added,
    scales averaged. No gradient flows into the real side.
    """
    distances = []
    for real_layers, fake_layers in zip(real, fake, strict=True):
        hidden = zip(real_layers[:-1], fake_layers[:-1], strict=True)
        layers = [F.l1_loss(theirs, ours.detach()) for ours, theirs in hidden]
        distances.append(torch.stack(layers).sum())
    return torch.stack(distances).mean()
