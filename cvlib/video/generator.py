"""Generators of frames: a plain translator, and vid2vid's warp, mask and hallucination."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.video.flow import warp
from cvlib.video.sequential import FrameOut

GROUPS = 4  # of every normalisation: instance norm would erase the colours that memory carries


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, group normalisation, ReLU: (B, inputs, H, W) to (B, outputs, H/s, W/s)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, padding_mode="reflect"),
        nn.GroupNorm(GROUPS, outputs),
        nn.ReLU(),
    )


class ResidualBlock(nn.Module):
    """`x + f(x)` with two convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.norm = nn.GroupNorm(GROUPS, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        h = self.first(x)
        h = self.second(h)
        return x + self.norm(h)


def encoder(channels: int, width: int, downs: int, blocks: int) -> nn.Sequential:
    """(B, channels, H, W) to (B, width 2^downs, H / 2^downs, W / 2^downs).

    Its first layer is not normalised: whatever reads the colours of the past must see them as they
    are.
    """
    first = nn.Conv2d(channels, width, 3, padding=1, padding_mode="reflect")
    layers: list[nn.Module] = [first, nn.ReLU()]
    for i in range(downs):
        layers.append(conv(width * 2**i, width * 2 ** (i + 1), stride=2))
    layers += [ResidualBlock(width * 2**downs) for _ in range(blocks)]
    return nn.Sequential(*layers)


def decoder(width: int, downs: int, blocks: int, outputs: int) -> nn.Sequential:
    """(B, width 2^downs, H / 2^downs, W / 2^downs) to (B, outputs, H, W), its last layer linear.

    Enlarging before a convolution leaves no checkerboard, which would flicker in a video.
    """
    layers: list[nn.Module] = [ResidualBlock(width * 2**downs) for _ in range(blocks)]
    for i in reversed(range(downs)):
        layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers.append(conv(width * 2 ** (i + 1), width * 2**i))
    layers.append(nn.Conv2d(width, outputs, 3, padding=1, padding_mode="reflect"))
    return nn.Sequential(*layers)


class Translator(nn.Module):
    """A frame from its source alone, as pix2pixHD does it: one encoder, one decoder, tanh."""

    def __init__(self, channels: int, width: int, downs: int = 2, blocks: int = 3) -> None:
        super().__init__()
        self.downs = downs
        self.encode = encoder(channels, width, downs, blocks=(blocks + 1) // 2)
        self.decode = decoder(width, downs, blocks // 2 + 1, outputs=3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to an image (B, 3, H, W) in [-1, 1]."""
        check_size(x, self.downs)
        h = self.encode(x)  # (B, width 2^downs, H / 2^downs, W / 2^downs)
        return torch.tanh(self.decode(h))  # (B, 3, H, W)


class SequentialGenerator(nn.Module):
    """vid2vid's F: warp what was seen, hallucinate what was hidden, and a mask to choose (Eq. 4).

    Two encoders, of L + 1 sources and of L past frames, are summed. One decoder paints the
    hallucination, another finds flow and mask. At the start the flow is zero and the mask favours
    the warp. Without `use_flow` the hallucination is the frame. Where the plane `foreground` of
    the source is 1, a net of its own, which sees no past frames, paints the hallucination (Eq. 9).
    """

    def __init__(
        self, channels: int, width: int, L: int = 2, downs: int = 2, blocks: int = 3,
        use_flow: bool = True, foreground: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.L = L
        self.downs = downs
        before, behind = (blocks + 1) // 2, blocks // 2 + 1
        self.encode_sources = encoder(channels * (L + 1), width, downs, before)
        self.encode_past = encoder(3 * L, width, downs, before)
        self.paint = decoder(width, downs, behind, outputs=3)
        self.move = decoder(width, downs, behind, outputs=3) if use_flow else None
        if self.move is not None:
            start_still(self.move[-1])
        self.foreground = foreground
        self.front = None
        if foreground is not None:
            front = encoder(channels * (L + 1), width, downs, before)
            self.front = nn.Sequential(front, decoder(width, downs, behind, outputs=3))

    def forward(self, window: Tensor, past: Tensor) -> FrameOut:
        """Map sources (B, L + 1, C, H, W) and past frames (B, L, 3, H, W) to the next frame."""
        check_size(window, self.downs)
        h = self.encode_sources(window.flatten(1, 2)) + self.encode_past(past.flatten(1, 2))
        raw = torch.tanh(self.paint(h))  # (B, 3, H, W)
        if self.front is not None:
            front = torch.tanh(self.front(window.flatten(1, 2)))  # (B, 3, H, W)
            is_background = 1 - window[:, -1, self.foreground, None]  # (B, 1, H, W)
            raw = painted(raw, front, is_background)
        if self.move is None:
            return FrameOut(raw, raw=raw)

        moved = self.move(h)  # (B, 3, H, W)
        flow = FLOW_SCALE * moved[:, :2].float()  # (B, 2, H, W), pixels
        mask = torch.sigmoid(moved[:, 2:])  # (B, 1, H, W)

        warped = warp(past[:, -1], flow)  # (B, 3, H, W)
        return FrameOut(compose(warped, raw, mask), raw, warped, flow, mask)


FLOW_SCALE = 8.0  # pixels that an output of 1 means


def start_still(head: nn.Conv2d) -> None:
    """Make a head of flow and mask say "nothing moves", and "trust the warp" with m = 0.27."""
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.bias[2] = -1.0


def check_size(x: Tensor, downs: int) -> None:
    """Refuse frames (..., H, W) that the net cannot halve `downs` times."""
    height, width = x.shape[-2:]
    if height % 2**downs or width % 2**downs:
        raise CourseError(
            f"frames of {height} x {width} cannot be halved {downs} times: "
            f"crop or pad both sides to multiples of {2**downs}"
        )


def compose(warped: Tensor, raw: Tensor, mask: Tensor) -> Tensor:
    """`(1 - m) w(x~) + m h` (Eq. 4): images (B, 3, H, W), a mask (B, 1, H, W)."""
    return (1 - mask) * warped + mask * raw


def painted(background: Tensor, foreground: Tensor, is_background: Tensor) -> Tensor:
    """One hallucination of two, `(1 - m_B) h_F + m_B h_B` (Eq. 9), for a mask (B, 1, H, W)."""
    return (1 - is_background) * foreground + is_background * background


def compose_foreground(
    warped: Tensor, background: Tensor, foreground: Tensor, mask: Tensor, is_background: Tensor,
    how: Literal["paper", "code"],
) -> Tensor:  # fmt: skip
    """The same with two hallucinations (Eq. 9): images (B, 3, H, W), two masks (B, 1, H, W).

    "paper" paints the foreground where m asks for a hallucination; "code", as the authors released
    it, paints the whole foreground anew and never warps it.
    """
    if how == "paper":
        return compose(warped, painted(background, foreground, is_background), mask)
    return painted(compose(warped, background, mask), foreground, is_background)
