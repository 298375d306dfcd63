"""Older ways to give a photo another photo's colours; all map (3, H, W) to (3, H, W) in [0, 1].

None sees more than colours: no features, no regions. That is what PhotoWCT adds.
"""

import warnings

import numpy as np
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import Tensor

from cvlib.stylization.wct import wct


def reinhard(content: Tensor, style: Tensor) -> Tensor:
    """Match mean and spread of each channel in CIE Lab (after Reinhard et al. 2001)."""
    c, s = (rgb2lab(x.cpu().double().permute(1, 2, 0).numpy()) for x in (content, style))
    spread = s.std((0, 1)) / np.maximum(c.std((0, 1)), 1e-6)
    matched = (c - c.mean((0, 1))) * spread + s.mean((0, 1))
    with warnings.catch_warnings():
        # Colours outside sRGB are expected here; they are clipped.
        warnings.simplefilter("ignore", UserWarning)
        rgb = lab2rgb(matched).clip(0, 1)
    return torch.from_numpy(rgb).permute(2, 0, 1).contiguous().to(content)


def global_affine(content: Tensor, style: Tensor) -> Tensor:
    """One affine colour map for the whole photo: WCT of the colours themselves."""
    return wct(content.flatten(1), style.flatten(1)).view_as(content).clamp(0, 1)


def iterative_distribution_transfer(
    content: Tensor, style: Tensor, iterations: int = 20, seed: int = 0
) -> Tensor:
    """Match the full colour distribution by 1-D matches along random axes (Pitie et al. 2007).

    Each iteration rotates both clouds and equalises the three marginals exactly, by rank.
    """
    rng = np.random.default_rng(seed)
    x, target = (p.cpu().double().flatten(1).numpy() for p in (content, style))
    places, grid = np.linspace(0, 1, x.shape[1]), np.linspace(0, 1, target.shape[1])
    for _ in range(iterations):
        rotation = np.linalg.qr(rng.normal(size=(3, 3))).Q
        axes, wanted = rotation @ x, np.sort(rotation @ target, axis=1)
        for axis, values in zip(axes, wanted, strict=True):
            axis[axis.argsort()] = np.interp(places, grid, values)
        x = rotation.T @ axes
    return torch.from_numpy(x).view_as(content).to(content).clamp(0, 1)
