"""Pictures onto the sphere."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid, require_finite


def image_to_sphere(
    images: Tensor, b: int, R: Tensor | None = None, half_width: float = 1.5
) -> Tensor:
    """Wrap pictures ``(N, C, H, W)`` around the south pole and turn them (Sec. 5.2).

    Stereographic projection from the north pole: the picture covers the square of half-width
    ``half_width`` in the plane that touches the south pole, a little over one hemisphere for 2.

    Args:
        images: float pictures; outside of them the sphere is 0.
        b: bandwidth of the SOFT grid of the result.
        R: rotations ``(3, 3)`` or ``(N, 3, 3)`` that turn the result (default: none).

    Returns:
        signals ``(N, C, 2b, 2b)`` with ``f(x) = picture(projection(R^-1 x))``.
    """
    if images.dim() != 4 or not images.is_floating_point():
        raise CourseError(f"Pictures must be floats (N, C, H, W), not {tuple(images.shape)}.")
    require_finite(images, "The pictures")
    points = torch.as_tensor(Grid(b).points).to(images.device)
    R = torch.eye(3, dtype=points.dtype) if R is None else R
    source = torch.einsum("hwi,...ij->...hwj", points, R.to(points))  # R^-1 x
    scale = 2 / (1 - source[..., 2]).clamp_min(1e-3) / half_width
    place = torch.stack([source[..., 1] * scale, source[..., 0] * scale], -1).to(images.dtype)
    place = place.expand(len(images), 2 * b, 2 * b, 2)
    return F.grid_sample(images, place, padding_mode="zeros", align_corners=False)
