"""How much of one image's structure another keeps: SSIM, and SSIM of edge maps.

Photos are (B, 3, H, W) or (3, H, W) in [0, 1]; SSIM takes maps (B, C, H, W) of any range.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError

LUMA = (0.299, 0.587, 0.114)
WINDOW, SIGMA = 11, 1.5  # Wang et al. 2004


def luminance(images: Tensor) -> Tensor:
    """Rec. 601 luma: (B, 3, H, W) or (3, H, W) -> (B, 1, H, W) float64."""
    images = images[None] if images.ndim == 3 else images
    weights = torch.tensor(LUMA, dtype=torch.float64, device=images.device)
    return (images.double() * weights[:, None, None]).sum(1, keepdim=True)


def edge_map(images: Tensor) -> Tensor:
    """Sobel gradient magnitude of the luma, each map scaled to a maximum of 1: (B, 1, H, W)."""
    smooth, slope = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([1.0, 0.0, -1.0]) / 2
    kernels = torch.stack([torch.outer(slope, smooth), torch.outer(smooth, slope)])
    luma = luminance(images)
    padded = F.pad(luma, (1, 1, 1, 1), mode="reflect")
    edges = F.conv2d(padded, kernels[:, None].to(luma)).norm(dim=1, keepdim=True)
    return edges / edges.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-9)


def ssim(a: Tensor, b: Tensor, data_range: float = 1.0) -> Tensor:
    """Structural similarity (Wang et al. 2004) of maps (B, C, H, W), averaged over channels: (B,).

    Gaussian windows of 11x11, sigma 1.5, biased moments, in float64; windows that leave the image
    do not count. `data_range` is the largest minus the least value that a map may have. Raises
    CourseError when the shapes differ, an image is smaller than a window or a value not finite.
    """
    if a.shape != b.shape:
        raise CourseError(f"SSIM compares images of one size, not {a.shape} with {b.shape}")
    if min(a.shape[-2:]) < WINDOW:
        raise CourseError(f"SSIM needs images of at least {WINDOW}x{WINDOW} pixels")
    if not (torch.isfinite(a).all() and torch.isfinite(b).all()):
        raise CourseError("SSIM needs finite images: a value is NaN or infinite")
    batch = len(a)
    a = a.double().flatten(0, 1)[:, None]  # (BC, 1, H, W)
    b = b.double().flatten(0, 1)[:, None]
    x = torch.arange(WINDOW, dtype=a.dtype, device=a.device) - WINDOW // 2
    g = torch.exp(-(x**2) / (2 * SIGMA**2))
    g = g / g.sum()

    def local_mean(t: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(t, g.view(1, 1, -1, 1)), g.view(1, 1, 1, -1))

    mean_a = local_mean(a)
    mean_b = local_mean(b)
    var_a = local_mean(a * a) - mean_a**2
    var_b = local_mean(b * b) - mean_b**2
    cov = local_mean(a * b) - mean_a * mean_b
    c1 = (0.01 * data_range) ** 2
    c2 = (0.03 * data_range) ** 2
    luminance_term = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure_term = (2 * cov + c2) / (var_a + var_b + c2)
    return (luminance_term * structure_term).view(batch, -1).mean(1)


def edge_ssim(result: Tensor, content: Tensor) -> float:
    """SSIM between the Sobel edge maps of a result and its content photo, averaged over the batch.

    The usual proxy for "the content is still there" (Yoo et al. 2019); 1 for the photo itself.
    """
    return float(ssim(edge_map(result), edge_map(content)).mean())
