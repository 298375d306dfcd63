"""Edge-aware filters from the same window model: fast, approximate cousins of the closed form.

The guided filter is one step of the random walk that the closed form sums to the end. Its affine
coefficients vary slowly, so they may be computed on a small photo and applied to a large one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.stylization.affinity import MattingOperator, scatter_windows

MAPS = 12  # numbers in an affine colour map: a 3x3 matrix and an offset


def guided_filter(guide: Tensor, source: Tensor, radius: int = 35, eps: float = 1e-3) -> Tensor:
    """He et al.'s guided filter with a colour guide: guide (3, H, W), source (q, H, W) float64.

    eps is in squared units of the guide (0..1). With radius 1 and eps/9 it is D^-1 W exactly. Only
    windows that lie fully inside the image count, so the radius shrinks to fit a small image.
    """
    radius = min(radius, (min(guide.shape[-2:]) - 1) // 2)
    operator = MattingOperator(guide, radius, eps * (2 * radius + 1) ** 2)
    return operator.apply(source) / operator.degree


def affine_maps(content: Tensor, result: Tensor, radius: int, eps: float) -> Tensor:
    """The colour map at each pixel, averaged over its windows: (q, 4, H, W), a then b.

    content (3, H, W), result (q, H, W); eps as in `matting_affinity`.
    """
    operator = MattingOperator(content, radius, eps)
    a, b = operator.fit(result)
    return scatter_windows(torch.cat([a, b[:, None]], dim=1), radius) / operator.degree


def apply_maps(maps: Tensor, content: Tensor) -> Tensor:
    """a . I + b: maps (q, 4, H, W), content (3, H, W) -> (q, H, W) in the maps' precision."""
    return (maps[:, :3] * content.to(maps)).sum(1) + maps[:, 3]


def upsample_result(
    result: Tensor, content_small: Tensor, content: Tensor, radius: int = 2, eps: float = 1e-6
) -> Tensor:
    """Carry a small result over to the full photo through its colour maps (4K in a second).

    result and content_small (3, h, w), content (3, H, W) -> (3, H, W), in content's precision. The
    maps are resized, the pixels are the photo's own: detail comes from `content` at full size. At
    equal size the result is returned as it is. Raises CourseError when the two small images differ
    in size.
    """
    if result.shape[-2:] != content_small.shape[-2:]:
        raise CourseError("small result and small content differ in size: make both from one photo")
    size = content.shape[-2:]
    if result.shape[-2:] == size:
        return result.to(content)
    # A larger eps would flatten the maps, and with them the photo's fine contrast.
    maps = affine_maps(content_small, result, radius, eps * (2 * radius + 1) ** 2).to(content)
    # One output channel at a time: twelve full-size maps of a 4K photo would be 400 MB.
    return torch.cat(
        [apply_maps(F.interpolate(one[None], size=size, mode="bilinear"), content) for one in maps]
    )


def local_affine_refine(
    result: Tensor, content: Tensor, radius: int = 15, sigma_range: float = 0.1
) -> Tensor:
    """Luan et al.'s last filter, also run by the released code: smooth the local colour maps.

    Fits a ridge-regularised affine map from content to result in every 3x3 window, averages the
    maps bilaterally (space sigma = radius / 3, colour sigma = sigma_range) and applies them.
    result and content (3, H, W) -> (3, H, W) float32.
    """
    maps = affine_maps(content, result, radius=1, eps=9e-3).float().flatten(0, 1)
    content = content.float()
    _, height, width = content.shape
    padded = F.pad(torch.cat([maps, content]), (radius,) * 4)
    inside = F.pad(content.new_ones(height, width), (radius,) * 4)
    total = torch.zeros_like(maps)
    weights = content.new_zeros(height, width)
    for dy in range(2 * radius + 1):
        for dx in range(2 * radius + 1):
            there = padded[:, dy : dy + height, dx : dx + width]
            far = ((dy - radius) ** 2 + (dx - radius) ** 2) / (2 * (radius / 3) ** 2)
            colour = (there[MAPS:] - content).square().sum(0) / (2 * sigma_range**2)
            weight = torch.exp(-colour - far) * inside[dy : dy + height, dx : dx + width]
            total.addcmul_(weight, there[:MAPS])
            weights += weight
    return apply_maps((total / weights).view(3, 4, height, width), content)
