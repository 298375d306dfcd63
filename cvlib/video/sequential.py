"""The loop that makes a video frame by frame, for any method that is a function of its memory.

`p(x~_1..T | s_1..T) = prod_t p(x~_t | x~_{t-L..t-1}, s_{t-L..t})` (Eq. 3): a frame depends on
its own source and on L frames before it, never on what comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from cvlib.course.errors import CourseError


@dataclass(frozen=True)
class FrameOut:
    """One frame and what it was made of, each (B, C, H, W); None is what a method does not have."""

    image: Tensor  # (B, 3, H, W), in [-1, 1]
    raw: Tensor | None = None  # (B, 3, H, W), the hallucination h
    warped: Tensor | None = None  # (B, 3, H, W), the previous frame moved by the flow
    flow: Tensor | None = None  # (B, 2, H, W), pixels, backward
    mask: Tensor | None = None  # (B, 1, H, W), 1 where the hallucination is shown


@dataclass(frozen=True)
class VideoOut:
    """The frames of a roll-out, each part (B, T, C, H, W)."""

    image: Tensor
    raw: Tensor | None = None
    warped: Tensor | None = None
    flow: Tensor | None = None
    mask: Tensor | None = None


@dataclass(frozen=True)
class Memory:
    """The last L sources (B, L, C, H, W) and the last L frames (B, L, 3, H, W), oldest first."""

    sources: Tensor
    frames: Tensor

    @classmethod
    def start(cls, sources: Tensor, frames: Tensor, length: int) -> Memory:
        """The first `length` of given sources and frames (B, T, C, H, W); 0 is no memory."""
        if min(sources.shape[1], frames.shape[1]) < length:
            raise CourseError(
                f"a memory of {length} frames cannot start from {sources.shape[1]} sources and "
                f"{frames.shape[1]} frames: give a longer clip"
            )
        return cls(sources[:, :length], frames[:, :length])

    @classmethod
    def zeros(cls, source: Tensor, length: int = 1) -> Memory:
        """Nothing before the first frame: `length` empty sources and frames of (B, C, H, W)."""
        B, C, H, W = source.shape
        return cls(source.new_zeros(B, length, C, H, W), source.new_zeros(B, length, 3, H, W))

    def window(self, source: Tensor) -> Tensor:
        """The sources that a frame may see, its own (B, C, H, W) last: (B, L + 1, C, H, W)."""
        return torch.cat([self.sources, source[:, None]], dim=1)

    def after(self, source: Tensor, image: Tensor) -> Memory:
        """The memory once the frame (B, 3, H, W) of a source (B, C, H, W) is made."""
        frames = torch.cat([self.frames, image[:, None]], dim=1)  # (B, L + 1, 3, H, W)
        return Memory(self.window(source)[:, 1:], frames[:, 1:])

    def detach(self) -> Memory:
        """The same frames, through which no gradient flows back."""
        return Memory(self.sources, self.frames.detach())


# What a method is: sources (B, L + 1, C, H, W) and past frames (B, L, 3, H, W) to the next frame.
Step = Callable[[Tensor, Tensor], FrameOut]


def stream(
    step: Step, sources: Iterable[Tensor], memory: Memory, bptt: int = 1
) -> Iterator[FrameOut]:
    """Make one frame after another from sources (B, C, H, W), also from a camera that never ends.

    The memory is detached before every `bptt`-th frame: a loss on the last of `bptt` frames
    reaches `bptt` - 1 frames back. Under `torch.no_grad()` the cost in memory is constant.
    """
    for t, source in enumerate(sources):
        if t % bptt == 0:
            memory = memory.detach()
        frame = step(memory.window(source), memory.frames)
        yield frame
        memory = memory.after(source, frame.image)


def rollout(step: Step, sources: Tensor, memory: Memory, bptt: int = 1) -> VideoOut:
    """All frames of the sources (B, T, C, H, W), from a memory of what was before them."""
    if sources.dim() != 5 or sources.shape[1] == 0:
        raise CourseError(
            f"sources {tuple(sources.shape)} are no clip: give (B, T, C, H, W) with T >= 1"
        )
    return stack(stream(step, sources.unbind(1), memory, bptt))


def stack(frames: Iterable[FrameOut]) -> VideoOut:
    """Frames (B, C, H, W) one after the other as one video (B, T, C, H, W)."""
    frames = list(frames)
    parts: dict[str, Tensor | None] = {}
    for field in fields(FrameOut):
        found = [getattr(frame, field.name) for frame in frames]
        parts[field.name] = None if found[0] is None else torch.stack(found, dim=1)
    return VideoOut(**parts)
