"""Older ways to give a photo another photo's colours, for the whole photo or region by region.

A method takes colours (3, N) and (3, M) in [0, 1] to (3, N); `recolor` applies it to photos. None
sees more than colours: no features, no places. That is what PhotoWCT adds.
"""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import Tensor

from cvlib.stylization.regions import per_region
from cvlib.stylization.wct import wct

ROTATIONS = 20  # of the colour axes

Method = Callable[[Tensor, Tensor], Tensor]


def recolor(
    method: Method, content: Tensor, style: Tensor, masks: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """content (3, H, W), style (3, H', W') -> (3, H, W) in [0, 1], within each region of `masks`.

    masks: int64 label maps (H, W) and (H', W').
    """
    c, s = content.flatten(1), style.flatten(1)
    colors = method(c, s) if masks is None else per_region(method, c, s, *map(torch.ravel, masks))
    return colors.view_as(content).to(content).clamp(0, 1)


def reinhard(content: Tensor, style: Tensor) -> Tensor:
    """Match mean and spread of each channel in CIE Lab (after Reinhard et al. 2001)."""
    c, s = (rgb2lab(x.cpu().double().T.numpy()) for x in (content, style))
    spread = s.std(0) / np.maximum(c.std(0), 1e-6)
    matched = (c - c.mean(0)) * spread + s.mean(0)
    with warnings.catch_warnings():
        # Colours outside sRGB are expected here; they are clipped.
        warnings.simplefilter("ignore", UserWarning)
        rgb = lab2rgb(matched).clip(0, 1)
    return torch.from_numpy(rgb.T.copy()).to(content)


def affine_map(content: Tensor, style: Tensor) -> Tensor:
    """One affine colour map: WCT of the colours themselves."""
    return wct(content, style)


def iterative_distribution_transfer(content: Tensor, style: Tensor) -> Tensor:
    """Match the full colour distribution by 1-D matches along random axes (Pitie et al. 2007).

    Each iteration rotates both clouds and equalises the three marginals exactly, by rank.
    """
    rng = np.random.default_rng(0)
    x, target = (p.cpu().double().numpy() for p in (content, style))
    places, grid = np.linspace(0, 1, x.shape[1]), np.linspace(0, 1, target.shape[1])
    for _ in range(ROTATIONS):
        rotation = np.linalg.qr(rng.normal(size=(3, 3))).Q
        axes = rotation @ x
        wanted = np.sort(rotation @ target, axis=1)
        for axis, values in zip(axes, wanted, strict=True):
            axis[axis.argsort()] = np.interp(places, grid, values)
        x = rotation.T @ axes
    return torch.from_numpy(x).to(content)
