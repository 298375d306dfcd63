"""The main generator, and the two-frame step that smooths in time."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.video.sequential import FrameOut, Memory, Step, rollout

GROUPS = 4


def block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, group norm, ReLU: (B, inputs, H, W) to (B, outputs, H / stride, W / stride).

    Group norm with its affine part, not instance norm without: brightness can pass.
    """
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
    return nn.Sequential(conv, nn.GroupNorm(GROUPS, outputs), nn.ReLU())


class Residual(nn.Module):
    """Two convolutions around which the input passes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.GroupNorm(GROUPS, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        h = self.first(x)
        h = self.second(h)
        return x + self.norm(h)


class PoseToFrame(nn.Module):
    """G: a stick figure and the previous frame to a frame (pix2pixHD's global generator, small).

    Two channels of coordinates join the input: the background has to be drawn where it is, and a
    convolution alone does not know where that is. With `previous` False it is the frame-by-frame
    generator: no previous frame comes in.
    """

    def __init__(self, width: int, downs: int, blocks: int, previous: bool) -> None:
        super().__init__()
        self.previous = previous
        self.downs = downs
        widths = [min(width * 2**i, 4 * width) for i in range(downs + 1)]

        self.enter = block(3 + 2 + 3 * previous, width, kernel=5)
        self.down = nn.ModuleList(block(a, b, stride=2) for a, b in pairwise(widths))
        self.middle = nn.Sequential(*[Residual(widths[-1]) for _ in range(blocks)])
        self.up = nn.ModuleList(block(b, a) for a, b in reversed(list(pairwise(widths))))
        self.out = nn.Conv2d(width, 3, 5, padding=2)

    def forward(self, sticks: Tensor, before: Tensor | None = None) -> Tensor:
        """Sticks (B, 3, H, W) in [0, 1], frame before (B, 3, H, W) to a frame in [-1, 1].

        `before` is None for a frame that has none: zeros stand in.
        """
        if sticks.shape[-2] % 2**self.downs or sticks.shape[-1] % 2**self.downs:
            raise CourseError(f"height and width must be multiples of {2**self.downs}: crop them")
        parts = [sticks, coordinates(sticks)]
        if self.previous:
            parts.append(torch.zeros_like(sticks) if before is None else before)

        h = self.enter(torch.cat(parts, dim=1))  # (B, w, H, W)
        for down in self.down:
            h = down(h)  # (B, 2w ..., H/2, W/2)
        h = self.middle(h)
        for up in self.up:
            h = F.interpolate(h, scale_factor=2.0)
            h = up(h)

        return self.out(h).tanh()  # (B, 3, H, W)


def coordinates(like: Tensor) -> Tensor:
    """Row and column of every pixel in [-1, 1], (B, 2, H, W), for a batch `like` (B, C, H, W)."""
    B, _, H, W = like.shape
    rows = torch.linspace(-1, 1, H, dtype=like.dtype, device=like.device)
    columns = torch.linspace(-1, 1, W, dtype=like.dtype, device=like.device)
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))  # (2, H, W)
    return grid.expand(B, 2, H, W)


def two_frames(G: PoseToFrame, x: Tensor) -> Tensor:
    """Two frames (B, 2, 3, H, W) from two stick figures (B, 2, 3, H, W), the second on the first.

    `y_{t-1} = G(x_{t-1}, 0)`, `y_t = G(x_t, y_{t-1})` (Sec. 3.2). Nothing is detached: what the
    second frame says reaches the first.
    """
    first = G(x[:, 0])  # (B, 3, H, W)
    second = G(x[:, 1], first)
    return torch.stack([first, second], dim=1)


def pairs_for_D(x: Tensor, y: Tensor) -> Tensor:
    """What the two-frame D sees: sticks and frames (B, n, 3, H, W) each as (B, 6 n, H, W).

    With n = 2 frames D has 12 channels, with n = 1 it is the frame-by-frame D.
    """
    return torch.cat([x.flatten(1, 2), y.flatten(1, 2)], dim=1)


def step_of(G: PoseToFrame) -> Step:
    """G as a step of a roll-out: the last sticks (B, 1 + L, 3, H, W) on the last frame before."""

    def step(window: Tensor, past: Tensor) -> FrameOut:
        before = past[:, -1] if G.previous else None
        return FrameOut(G(window[:, -1], before))

    return step


@torch.no_grad()
def perform(G: PoseToFrame, sticks: Tensor) -> Tensor:
    """The whole clip (T, 3, H, W) from its stick figures (T, 3, H, W), frame after frame.

    Every frame sees the one that was drawn before it; the first sees zeros.
    """
    memory = Memory.zeros(sticks[:1], length=int(G.previous))
    return rollout(step_of(G), sticks[None], memory).image[0]
