"""Pictures onto the sphere."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.spherical.grids import Grid, require_finite, require_floats
from cvlib.spherical.rotations import require_one_or_each

HALF_WIDTH = 1.5  # of the picture, in the plane that touches the sphere of radius 1


def image_to_sphere(images: Tensor, b: int, R: Tensor | None = None) -> Tensor:
    """Wrap pictures `(N, C, H, W)` around the south pole and turn them by `R` (Sec. 5.2).

    Stereographic projection from the north pole: the picture covers the square of half-width 1.5
    in the plane that touches the south pole, so its corners just pass the equator; outside of it
    the sphere is 0. `R` is `(3, 3)` or `(N, 3, 3)`, by default no turn. Returns signals
    `(N, C, 2b, 2b)` on the SOFT grid, `f(x) = picture(projection(R^-1 x))`.
    """
    require_floats(images, "a picture")
    if images.dim() != 4:
        raise CourseError(f"pictures must be (N, C, H, W), not {tuple(images.shape)}")
    require_finite(images, "a picture")
    points = torch.as_tensor(Grid(b).points).to(images.device)  # (2b, 2b, 3)
    if R is not None:
        require_one_or_each(R, len(images))
        points = torch.einsum("hwi,...ij->...hwj", points, R.to(points))  # R^-1 x

    scale = 2 / (1 - points[..., 2]).clamp_min(1e-3) / HALF_WIDTH
    place = torch.stack([points[..., 1] * scale, points[..., 0] * scale], -1)
    place = place.to(images.dtype).expand(len(images), 2 * b, 2 * b, 2)
    return F.grid_sample(images, place, padding_mode="zeros", align_corners=False)
