"""Older ways to give a photo another photo's colours; all map (3, H, W) to (3, H, W) in [0, 1].

None sees more than colours: no features, no regions. That is what PhotoWCT adds.
"""

import numpy as np
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import Tensor

from cvlib.stylization.wct import wct


def reinhard(content: Tensor, style: Tensor) -> Tensor:
    """Match mean and spread of each channel in CIE Lab (after Reinhard et al. 2001)."""
    c, s = (rgb2lab(x.double().permute(1, 2, 0).numpy()) for x in (content, style))
    spread = s.std((0, 1)) / np.maximum(c.std((0, 1)), 1e-6)
    matched = (c - c.mean((0, 1))) * spread + s.mean((0, 1))
    rgb = _lab_to_rgb(matched)
    return torch.from_numpy(rgb).permute(2, 0, 1).to(content.dtype).contiguous()


def _lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """lab2rgb without its warning: colours outside sRGB are expected here, and clipped."""
    lab[..., 0] = lab[..., 0].clip(0, 100)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lab2rgb(lab).clip(0, 1)


def global_affine(content: Tensor, style: Tensor) -> Tensor:
    """One affine colour map for the whole photo: WCT of the colours themselves."""
    return wct(content.flatten(1), style.flatten(1)).view_as(content).clamp(0, 1)


def iterative_distribution_transfer(
    content: Tensor, style: Tensor, iterations: int = 20, seed: int = 0
) -> Tensor:
    """Match the full colour distribution by 1-D matches along random axes (Pitie et al. 2007).

    Each iteration rotates both clouds and equalises the three marginals exactly, by rank.
    """
    generator = torch.Generator().manual_seed(seed)
    x, target = content.double().flatten(1), style.double().flatten(1)
    places = torch.linspace(0, 1, x.shape[1], dtype=torch.float64)
    grid = torch.linspace(0, 1, target.shape[1], dtype=torch.float64)
    for _ in range(iterations):
        rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64)).Q
        axes, wanted = rotation @ x, (rotation @ target).sort(dim=1).values
        order = axes.argsort(dim=1)
        for axis, sorted_values, index in zip(axes, wanted, order, strict=True):
            quantiles = np.interp(places.numpy(), grid.numpy(), sorted_values.numpy())
            axis[index] = torch.from_numpy(quantiles)
        x = rotation.T @ axes
    return x.view_as(content).to(content.dtype).clamp(0, 1)
