"""What the chapter measures about a stylised photo, besides edge-SSIM (`cvlib.metrics.structure`).

Style distance looks at the features' statistics, the affine residual at the photo's own model. No
number of these replaces the paper's user study.
"""

import torch
from torch import Tensor

from cvlib.stylization.affinity import StencilMatrix
from cvlib.stylization.photowct import Encoder
from cvlib.stylization.regions import resize_labels, valid_labels
from cvlib.stylization.wct import covariance

Masks = tuple[Tensor, Tensor]


class StyleGauge:
    """How far a photo's feature statistics are from one style photo's, region by region.

    Per level and region: mean squared difference of the feature means plus the root mean squared
    difference of the covariances, both over channels; regions count by their share of the content.
    0 for the style itself. It depends on the encoder: only compare values of one encoder.

    style (3, H', W'); masks: label maps of content and style, or None for one region.
    """

    def __init__(self, encoder: Encoder, style: Tensor, masks: Masks | None = None) -> None:
        self.encoder = encoder
        self.labels = _lasting_labels(masks, len(encoder.widths)) if masks else []
        # Regions too small to have statistics at every level: the photo is one region.
        self.mask, style_mask = masks if self.labels else (None, None)
        self.style = self._statistics(style, style_mask)

    def distance(self, image: Tensor) -> float:
        """The distance of image (3, H, W), with the content's regions."""
        total = 0.0
        mine = self._statistics(image, self.mask)
        for levels, wanted, share in zip(mine, self.style, self._shares(), strict=True):
            for (m, cov), (m_s, cov_s) in zip(levels, wanted, strict=True):
                mean_term = (m - m_s).square().mean()
                total += share * float(mean_term + (cov - cov_s).square().mean().sqrt())
        return total

    def _shares(self) -> list[float]:
        if self.mask is None:
            return [1.0]
        sizes = [int((self.mask == label).sum()) for label in self.labels]
        return [size / sum(sizes) for size in sizes]

    @torch.no_grad()
    def _statistics(self, photo: Tensor, mask: Tensor | None) -> list[list[tuple[Tensor, Tensor]]]:
        """For each region, mean and covariance of every level's features."""
        maps = [x[0] for x in self.encoder(photo[None]).maps]  # (C, h, w) each
        if mask is None:
            return [[covariance(x.flatten(1)) for x in maps]]
        small = [resize_labels(mask, *x.shape[-2:]) for x in maps]
        return [
            [covariance(x[:, m == label]) for x, m in zip(maps, small, strict=True)]
            for label in self.labels
        ]


def _lasting_labels(masks: Masks, levels: int) -> list[int]:
    """The labels that are still large enough at the deepest of an encoder's levels."""
    deepest = [resize_labels(m, *(n >> (levels - 1) for n in m.shape)) for m in masks]
    return valid_labels(*deepest)


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
