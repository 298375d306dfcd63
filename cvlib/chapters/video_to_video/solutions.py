"""One right answer to each exercise of chapter 08; every function stands alone: it is shown."""

from __future__ import annotations

import torch
from torch import Tensor


def last_runs(T: int, K: int, scales: int) -> list[list[int]]:
    """The run of K frames at each pace that ends in the newest frame of a video of T frames.

    Pace s looks at every `K**s`-th frame; where the video is too short, its run is empty.
    """
    runs = []
    for scale in range(scales):
        stride = K**scale
        first = T - 1 - (K - 1) * stride
        runs.append(list(range(first, T, stride)) if first >= 0 else [])
    return runs


def shares(mask: Tensor, is_background: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each pixel is warped, background and foreground hallucination: (3, H, W) twice.

    First as the paper composes them, then as its code does, which never warps foreground. `mask`
    and `is_background` are (H, W) in [0, 1].
    """
    is_foreground = 1 - is_background
    paper = torch.stack([1 - mask, mask * is_background, mask * is_foreground])
    code = torch.stack([is_background * (1 - mask), is_background * mask, is_foreground])
    return paper, code


def warp_labels(labels: Tensor, flow: Tensor, ignore: int) -> Tensor:
    """The previous frame's labels (H, W) moved by a backward flow (2, H, W): no class is mixed.

    Each pixel takes the label nearest to where it was; from outside the frame comes `ignore`.
    """
    H, W = labels.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    column = (x + flow[0]).round().long()
    row = (y + flow[1]).round().long()

    inside = (column >= 0) & (column < W) & (row >= 0) & (row < H)
    found = labels[row.clamp(0, H - 1), column.clamp(0, W - 1)]  # (H, W)
    return torch.where(inside, found, ignore)


def ground_flow(size: tuple[int, int], focal: float, height: float, step: float) -> Tensor:
    """Backward flow (2, H, W) of flat ground for a level camera that has moved `step` ahead.

    Ground `below` pixels under the horizon is `z = focal * height / below` away; one frame ago it
    was at depth z + step, nearer to the vanishing point. Above the horizon the flow is 0.
    """
    H, W = size
    v, u = torch.meshgrid(torch.arange(H).double(), torch.arange(W).double(), indexing="ij")
    right = u - (W - 1) / 2
    below = v - (H - 1) / 2

    z = focal * height / below.clamp(min=1e-9)
    shrink = torch.where(below > 0, step / (z + step), 0.0)
    return torch.stack([-right * shrink, -below * shrink])


def landings(flow: Tensor) -> Tensor:
    """How much lands on each pixel (H, W) when all pixels leave along a *forward* flow (2, H, W).

    A pixel that lands between four shares itself out among them, bilinearly; what leaves the frame
    is lost. Where almost nothing lands, the next frame shows what was hidden.
    """
    H, W = flow.shape[1:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    to_x = x + flow[0]
    to_y = y + flow[1]

    landed = torch.zeros(H * W, dtype=flow.dtype)
    for right in (0, 1):
        for down in (0, 1):
            column = to_x.floor() + right
            row = to_y.floor() + down
            share = (1 - (to_x - column).abs()) * (1 - (to_y - row).abs())  # (H, W)
            inside = (column >= 0) & (column < W) & (row >= 0) & (row < H)
            place = (row * W + column)[inside].long()
            landed.index_add_(0, place, share[inside])  # adds also where two land on one
    return landed.reshape(H, W)


def drifted(column: float, width: int, times: int) -> float:
    """Where the content of a column is after warping by zero flow with mismatched corners.

    The grid is made for `align_corners=True` and read with False: output column i then shows what
    was at `i * width / (width - 1) - 1/2`. Content moves the other way, towards the middle.
    """
    middle = (width - 1) / 2
    shrink = (width - 1) / width
    return middle + (column - middle) * shrink**times
