"""The eye's resolution as a layer: a blur that grows with the distance from the fixation point.

Two points closer than `r` cannot be told apart, and `r` grows linearly with eccentricity. Every
pixel is low-passed with a Gaussian for its own `r`. A stack of a few blurred images, mixed pixel by
pixel, does this; their variances are spaced evenly, because the variance of a mixture is the
mixture of the variances: so four or five levels are exact where a stack that is even in sigma needs
sixteen.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.course.errors import CourseError

# Resolution straight ahead in radians, and its growth per radian of eccentricity. "acuity" is
# macaque behaviour (Merigan & Katz 1990: 38 cycles a degree at the fovea, a tenth at 30 degrees);
# "strong" is the slope of models of human resolution, a blur that one can see.
PRESETS = {
    "acuity": (math.radians(1 / 76), 1 / 76 / 3.33),
    "strong": (0.0, 0.03),
}


class RetinaBlur(nn.Module):
    """Blur with sigma = sqrt(2) / pi * r pixels, where r = r0 + alpha * eccentricity.

    Linear and differentiable, without parameters; reflecting borders. `fixation` is the point
    looked at, metres right of and below the centre.
    """

    def __init__(
        self, geometry: ViewingGeometry, alpha: float, r0: float = 0.0,
        fixation: tuple[float, float] = (0.0, 0.0), levels: int = 5,
    ) -> None:  # fmt: skip
        super().__init__()
        if alpha < 0 or r0 < 0 or levels < 2:
            raise CourseError(f"alpha {alpha:g}, r0 {r0:g}, {levels} levels: give >= 0, >= 0, >= 2")
        self.size = geometry.size_px
        theta = geometry.eccentricity(fixation)  # (S, S)
        r = geometry.to_pixels(r0 + alpha * theta, theta)  # (S, S), pixels
        variance = 2 * (r / math.pi) ** 2  # (S, S), of the Gaussian with cutoff pi / r

        rungs = torch.linspace(float(variance.min()), float(variance.max()), levels).double()
        self.pad = min(self.size - 1, math.ceil(3 * float(rungs[-1]) ** 0.5) + 1)
        self.keep("sigma", variance.sqrt())
        self.keep("rungs", rungs)
        self.keep("weights", hats(variance, levels))
        self.keep("filters", gaussian_filters(rungs, self.size + 2 * self.pad))

    def keep(self, name: str, value: Tensor) -> None:
        """A table (of any shape) in the default dtype that moves with the module, unsaved."""
        self.register_buffer(name, value.to(torch.get_default_dtype()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, S, S) -> the same, seen from the fixation point."""
        if x.ndim != 4 or x.shape[-2:] != (self.size, self.size):
            raise CourseError(
                f"images of shape {tuple(x.shape)} do not fit: this retina looks at "
                f"(B, C, {self.size}, {self.size})"
            )
        if not x.is_floating_point():
            raise CourseError("the retina blurs floating-point images: divide the pixels by 255")
        p = self.pad
        n = self.size + 2 * p
        spectrum = torch.fft.rfft2(F.pad(x, (p, p, p, p), mode="reflect"))  # (B, C, n, n//2 + 1)

        seen = torch.zeros_like(x)
        for filter, weight in zip(self.filters, self.weights, strict=True):
            level = torch.fft.irfft2(spectrum * filter, s=(n, n))  # (B, C, n, n)
            seen = seen + level[..., p : n - p, p : n - p] * weight  # (B, C, S, S)
        return seen


def hats(variance: Tensor, levels: int) -> Tensor:
    """Weights (levels, S, S) that interpolate linearly between levels even in `variance` (S, S).

    Each pixel mixes the two levels around its variance; the weights of a pixel sum to 1.
    """
    low, high = variance.min(), variance.max()
    place = (variance - low) / (high - low).clamp_min(1e-30) * (levels - 1)  # (S, S)
    lower = place.floor().clamp(max=levels - 2).long()  # (S, S)
    share = place - lower  # (S, S), of the level above
    weights = torch.zeros(levels, *variance.shape, dtype=variance.dtype)
    weights.scatter_(0, lower[None], (1 - share)[None])
    weights.scatter_(0, lower[None] + 1, share[None])
    return weights


def gaussian_filters(variances: Tensor, n: int) -> Tensor:
    """Transfer functions exp(-sigma^2 G^2 / 2), (K, n, n//2 + 1), of Gaussians in pixels.

    G is the frequency in radians per pixel, laid out as `torch.fft.rfft2` has it. `variances` (K,).
    """
    rows = 2 * math.pi * torch.fft.fftfreq(n, dtype=torch.float64)  # (n,)
    columns = 2 * math.pi * torch.fft.rfftfreq(n, dtype=torch.float64)  # (n//2 + 1,)
    squared = rows[:, None] ** 2 + columns[None, :] ** 2  # (n, n//2 + 1)
    return torch.exp(-variances.double()[:, None, None] * squared / 2)
