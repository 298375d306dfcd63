"""What the generator and the two-frame discriminator are trained for (Sec. 3.2 and 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.dance.footage import near_sticks
from cvlib.dance.nets import PoseToFrame, pairs_for_D, two_frames
from cvlib.gan.losses import feature_matching, lsgan_d, lsgan_g


@dataclass(frozen=True)
class Weights:
    """Of the terms beside the adversarial one.

    `image` weighs an L1 distance that stands where the paper has a perceptual one: no VGG has to
    be fetched. Pixels within `reach` of a stick count `1 + person` times.
    """

    features: float = 5.0
    image: float = 20.0
    person: float = 3.0
    reach: int = 3


def drawn_by(G: PoseToFrame, x: Tensor) -> Tensor:
    """Frames (B, 2, 3, H, W) for two stick figures (B, 2, 3, H, W), in G's way.

    With memory the second frame is drawn on the first, without it each for itself.
    """
    if G.previous:
        return two_frames(G, x)
    return G(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def seen_by_D(G: PoseToFrame, x: Tensor, y: Tensor) -> Tensor:
    """What D judges of sticks and frames (B, 2, 3, H, W): a pair at once, or one after the other.

    (B, 12, H, W) where G has memory, (2B, 6, H, W) where it has none.
    """
    if G.previous:
        return pairs_for_D(x, y)
    return pairs_for_D(x.flatten(0, 1)[:, None], y.flatten(0, 1)[:, None])


def generator_loss(G: PoseToFrame, D: nn.Module, x: Tensor, y: Tensor, weights: Weights) -> Tensor:
    """The generator's loss () on sticks and true frames (B, 2, 3, H, W)."""
    fake = drawn_by(G, x)  # (B, 2, 3, H, W)

    on_fake = D(seen_by_D(G, x, fake))
    with torch.no_grad():
        on_real = D(seen_by_D(G, x, y))

    adversarial = lsgan_g([layers[-1] for layers in on_fake])
    features = feature_matching(on_real, on_fake)
    image = weighted_l1(fake.flatten(0, 1), y.flatten(0, 1), x.flatten(0, 1), weights)
    return adversarial + weights.features * features + weights.image * image


def discriminator_loss(G: PoseToFrame, D: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """D's loss () on the same: least squares, at every scale."""
    with torch.no_grad():
        fake = drawn_by(G, x)
    on_real = D(seen_by_D(G, x, y))
    on_fake = D(seen_by_D(G, x, fake))
    return lsgan_d([layers[-1] for layers in on_real], [layers[-1] for layers in on_fake])


def weighted_l1(a: Tensor, b: Tensor, sticks: Tensor, weights: Weights) -> Tensor:
    """Mean distance () of frames (B, 3, H, W), where the person is weighted up."""
    weight = 1 + weights.person * near_sticks(sticks, weights.reach)  # (B, 1, H, W)
    return ((a - b).abs() * weight).mean() / weight.mean()


def face_loss(r: Tensor, D_f: nn.Module, x_F: Tensor, face: Tensor, y_F: Tensor,
              weights: Weights) -> Tensor:  # fmt: skip
    """The face generator's loss () for its correction r (B, 3, s, s); all are (B, 3, s, s).

    `L_face` and an image term on `G(x)_F + r` (Sec. 3.3).
    """
    corrected = face + r
    on_fake = D_f(torch.cat([x_F, corrected], dim=1))
    with torch.no_grad():
        on_real = D_f(torch.cat([x_F, y_F], dim=1))

    adversarial = lsgan_g(on_fake[-1])
    features = feature_matching([on_real], [on_fake])
    image = (corrected - y_F).abs().mean()
    return adversarial + weights.features * features + weights.image * image


def face_discriminator_loss(D_f: nn.Module, x_F: Tensor, fake: Tensor, y_F: Tensor) -> Tensor:
    """D_f's loss () on corrected faces and true ones, with their sticks; all (B, 3, s, s)."""
    on_real = D_f(torch.cat([x_F, y_F], dim=1))
    on_fake = D_f(torch.cat([x_F, fake.detach()], dim=1))
    return lsgan_d(on_real[-1], on_fake[-1])
