"""Optical flow: backward warping, where a flow can be trusted, and a wheel of colours for it.

A flow (B, 2, H, W) is in pixels, channel 0 to the right and channel 1 downwards, and it is
*backward*: the pixel p of the current frame was at p + f(p) in the previous one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError

Backend = Literal["dis", "farneback", "raft_small", "raft_large"]


def source_points(flow: Tensor) -> Tensor:
    """Where each pixel of a flow (B, 2, H, W) was in the previous frame: (B, 2, H, W), x then y.

    In float32 or better: half precision cannot count a thousand columns.
    """
    flow = flow.to(torch.promote_types(flow.dtype, torch.float32))
    height, width = flow.shape[-2:]
    y = torch.arange(height, dtype=flow.dtype, device=flow.device)
    x = torch.arange(width, dtype=flow.dtype, device=flow.device)
    here = torch.stack(torch.meshgrid(x, y, indexing="xy"))  # (2, H, W)
    return here + flow


def warp(x: Tensor, flow: Tensor, padding: Literal["border", "zeros"] = "border") -> Tensor:
    """`w(x)`: the previous frame (B, C, H, W) moved to the current one by a flow (B, 2, H, W).

    Pixel p takes the bilinear value of `x` at p + f(p); beyond the frame, that of its border. The
    corners of the grid are the *centres* of the corner pixels (`align_corners=True`), so that a
    zero flow changes nothing.
    """
    if x.shape[-2:] != flow.shape[-2:] or flow.shape[1] != 2:
        raise CourseError(
            f"a frame {tuple(x.shape)} cannot be warped by a flow {tuple(flow.shape)}: "
            "give (B, C, H, W) and (B, 2, H, W) of the same height and width"
        )
    height, width = x.shape[-2:]
    x_there, y_there = source_points(flow).unbind(1)  # (B, H, W) each, pixels
    grid = torch.stack(
        [2 * x_there / max(width - 1, 1) - 1, 2 * y_there / max(height - 1, 1) - 1], dim=-1
    )  # (B, H, W, 2), from -1 to 1
    with torch.autocast(x.device.type, enabled=False):
        moved = F.grid_sample(x.to(grid.dtype), grid, padding_mode=padding, align_corners=True)
    return moved.to(x.dtype)


def inside(flow: Tensor) -> Tensor:
    """Which pixels of a flow (B, 2, H, W) come from within the previous frame: (B, 1, H, W)."""
    height, width = flow.shape[-2:]
    x, y = source_points(flow).split(1, dim=1)  # (B, 1, H, W) each
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def chain(later: Tensor, earlier: Tensor) -> Tensor:
    """One flow over two steps: `later` to the frame between, `earlier` from there; (B, 2, H, W)."""
    return later + warp(earlier, later)


def fb_consistency(backward: Tensor, forward: Tensor, a: float = 0.01, b: float = 0.5) -> Tensor:
    """Visibility (B, 1, H, W) by going back and forth again (Sundaram et al. 2010, Eq. 5).

    `backward` leads from the current frame to the previous one, `forward` from there on. A pixel
    that does not come home within `a (|f_b|^2 + |f_f|^2) + b` squared pixels was hidden.
    """
    onward = warp(forward, backward)  # (B, 2, H, W), the forward flow at p + f(p)
    astray = (backward + onward).square().sum(1, keepdim=True)
    lengths = backward.square().sum(1, keepdim=True) + onward.square().sum(1, keepdim=True)
    home = astray < a * lengths + b
    return (home & inside(backward)).to(backward.dtype)


def photometric_confidence(
    x: Tensor, previous: Tensor, flow: Tensor, threshold: float = 0.02
) -> Tensor:
    """Where the warped previous frame explains the current one: (B, 1, H, W) of 0 and 1.

    Both frames are (B, 3, H, W) in [-1, 1]; the squared distance is summed over the colours (what
    the authors' code calls confidence).
    """
    distance = (x - warp(previous, flow)).square().sum(1, keepdim=True)
    return (distance < threshold).to(x.dtype)


# -- colours -------------------------------------------------------------------------------------


def to_rgb(flow: Tensor, largest: float | None = None) -> Tensor:
    """A flow (B, 2, H, W) as colours (B, 3, H, W) in [0, 1]: hue is direction, colour is speed.

    `largest` is the speed of full colour, in pixels; without it, the largest of the batch. White
    stands still.
    """
    speed = flow.norm(dim=1)  # (B, H, W)
    full = speed.max().clamp_min(1e-6) if largest is None else largest
    saturation = (speed / full).clamp(0, 1)
    hue = torch.atan2(flow[:, 1], flow[:, 0]) / (2 * math.pi)  # turns, right is 0

    channels = []
    for third in (0.0, 2 / 3, 1 / 3):  # red, green and blue lie a third of a turn apart
        distance = (hue + third + 0.5).remainder(1.0) - 0.5  # turns from this channel's peak
        pure = (2 - 6 * distance.abs()).clamp(0, 1)
        channels.append(1 - saturation * (1 - pure))
    return torch.stack(channels, dim=1)


# -- flow from two pictures ----------------------------------------------------------------------


def estimate(x: Tensor, previous: Tensor, backend: Backend = "dis") -> Tensor:
    """Backward flow (B, 2, H, W) from the current and the previous frame, (B, 3, H, W) in [-1, 1].

    "dis" and "farneback" need OpenCV; "raft_small" and "raft_large" need torchvision, its weights,
    and frames of at least 128 pixels whose sides are multiples of 8.
    """
    if backend in ("dis", "farneback"):
        return _by_opencv(x, previous, backend)
    if backend in ("raft_small", "raft_large"):
        return _by_raft(x, previous, backend)
    raise CourseError(f"no flow backend {backend!r}: choose dis, farneback, raft_small, raft_large")


def _by_opencv(x: Tensor, previous: Tensor, backend: str) -> Tensor:
    flows = []
    for now, before in zip(_gray(x), _gray(previous), strict=True):
        found = _opencv_flow(backend)(now, before)  # (H, W, 2), from the current frame back
        flows.append(torch.from_numpy(found).movedim(-1, 0))
    return torch.stack(flows).to(x)


def _gray(x: Tensor) -> Any:
    weights = x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    gray = ((x + 1) / 2 * weights).sum(1).clamp(0, 1)
    return (255 * gray).round().byte().cpu().numpy()  # (B, H, W)


def _opencv_flow(backend: str) -> Callable[[Any, Any], Any]:
    try:
        import cv2
    except ModuleNotFoundError:
        raise CourseError(
            f"the flow backend {backend!r} needs OpenCV: pip install opencv-python-headless"
        ) from None
    if backend == "dis":
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        return lambda now, before: dis.calc(now, before, None)
    # scale of the pyramid, levels, window, iterations, polynomial's size and smoothing, flags
    return lambda now, before: cv2.calcOpticalFlowFarneback(
        now, before, None, 0.5, 3, 11, 5, 5, 1.1, 0
    )


@cache
def _raft(backend: str, device: str) -> Any:
    from torchvision.models import optical_flow

    net = getattr(optical_flow, backend)(weights="DEFAULT")
    return net.eval().requires_grad_(False).to(device)


@torch.no_grad()
def _by_raft(x: Tensor, previous: Tensor, backend: str) -> Tensor:
    height, width = x.shape[-2:]
    if min(height, width) < 128 or height % 8 or width % 8:
        raise CourseError(
            f"RAFT reads frames of at least 128 px in multiples of 8, not {height} x {width}: "
            "resize or pad them first, or use the backend dis"
        )
    return _raft(backend, str(x.device))(x.float(), previous.float())[-1].to(x)
