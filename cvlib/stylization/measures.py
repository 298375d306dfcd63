"""What the chapter measures about a stylised photo, besides edge-SSIM (`cvlib.metrics.structure`).

Style distance looks at the features' statistics, the affine residual at the photo's own model. No
number of these replaces the paper's user study.
"""

import torch
from torch import Tensor

from cvlib.stylization.affinity import StencilMatrix
from cvlib.stylization.photowct import Encoder


@torch.no_grad()
def style_distance(encoder: Encoder, image: Tensor, style: Tensor) -> float:
    """How far two photos' feature statistics are apart, summed over the encoder's levels.

    Per level: mean squared difference of the feature means plus the root mean squared difference of
    the covariances, both over channels. image (3, H, W), style (3, H', W'); 0 for the same photo.
    It depends on the encoder: only compare values of one encoder.
    """
    total = 0.0
    maps = zip(encoder(image[None]).maps, encoder(style[None]).maps, strict=True)
    for x, s in maps:
        x, s = x[0].flatten(1).double(), s[0].flatten(1).double()
        mean = (x.mean(1) - s.mean(1)).square().mean()
        cov = (torch.cov(x) - torch.cov(s)).square().mean().sqrt()
        total += float(mean + cov)
    return total


def affine_residual(affinity: StencilMatrix, result: Tensor) -> float:
    """The share of a result's variance that no 3x3 window's affine colour map explains, in [0, 1].

    tr R^T (D - W) R / tr R^T D R with R centred: the first term of the energy that smoothing
    minimises (Eq. 4), made dimensionless. `affinity` is the content's W, result (3, H, W).
    """
    R = result.double()
    degree = affinity.apply(torch.ones_like(R[:1]))
    R = R - (degree * R).sum((1, 2), keepdim=True) / degree.sum()
    total = (degree * R * R).sum()
    return float(1 - (R * affinity.apply(R)).sum() / total) if total > 0 else 0.0
