"""vid2vid (chapter 08) on the same dancer: it moves pixels along where others draw them anew.

Sticks, losses and the judge of single frames are those of Everybody Dance Now. What differs is the
memory, two frames that are warped, and the judge of time, which sees the motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cvlib.dance.footage import Footage, Motion
from cvlib.dance.nets import coordinates
from cvlib.dance.objective import Weights, weighted_l1
from cvlib.gan.losses import feature_matching, lsgan_d, lsgan_g
from cvlib.gan.patch import MultiscaleDiscriminator
from cvlib.video.clips import conditioned_clips
from cvlib.video.generator import SequentialGenerator
from cvlib.video.objective import flow_loss, mask_loss
from cvlib.video.sequential import Memory, VideoOut, rollout

L = 2  # frames that it remembers
NEW = 3  # frames that it draws in a step of training
K = 3  # frames that the judge of time sees at once
FLOW, MASK, HIDDEN = 10.0, 5.0, 8.0  # chapter 08's weights of flow, mask, and a hidden pixel


@dataclass(frozen=True)
class Runs:
    """B runs of T neighbouring frames."""

    sources: Tensor  # (B, T, 5, H, W): sticks, and where a pixel is
    frames: Tensor  # (B, T, 3, H, W)
    flow: Tensor  # (B, T, 2, H, W)
    visible: Tensor  # (B, T, 1, H, W), 1 where a pixel was seen before

    def drawn(self) -> Runs:
        """The frames that are drawn: all but the first `L`."""
        return Runs(self.sources[:, L:], self.frames[:, L:], self.flow[:, L:], self.visible[:, L:])


def generator(width: int, blocks: int) -> SequentialGenerator:
    """vid2vid's F for sticks and coordinates."""
    return SequentialGenerator(5, width, L, blocks=blocks)


def judges(widths: tuple[int, ...]) -> nn.ModuleDict:
    """D_I for sticks with a frame, D_V for K frames and the true flows between them."""
    frames = MultiscaleDiscriminator(6, widths, scales=2)
    time = MultiscaleDiscriminator(3 * K + 2 * (K - 1), widths, scales=1)
    return nn.ModuleDict({"frames": frames, "time": time})


def placed(sticks: Tensor) -> Tensor:
    """Sticks (B, 3, H, W) with the coordinates of every pixel, (B, 5, H, W)."""
    return torch.cat([sticks, coordinates(sticks)], dim=1)


def first_frames(target: Footage) -> Tensor:
    """The frames (n,) from which on `L + NEW` frames of one clip follow each other."""
    inner = torch.zeros(len(target.frames), dtype=torch.bool, device=target.starts.device)
    inner[target.starts] = True
    whole = inner.unfold(0, L + NEW - 1, 1).all(1)
    return whole.nonzero()[:, 0]


def cut(target: Footage, motion: Motion, first: Tensor) -> Runs:
    """The runs of `L + NEW` frames that begin at rows `first` (B,)."""
    rows = first[:, None] + torch.arange(L + NEW, device=first.device)  # (B, T)
    sources = placed(target.sticks[rows].flatten(0, 1)).unflatten(0, rows.shape)
    frames, visible = target.frames[rows], motion.visible[rows]
    return Runs(sources, frames, motion.flow[rows], visible.to(frames))


def drawn_by(G: SequentialGenerator, runs: Runs) -> VideoOut:
    """`NEW` frames after the true first ones; no gradient flows from one to the next."""
    memory = Memory.start(runs.sources, runs.frames, L)
    return rollout(G, runs.sources[:, L:], memory)


def judged(D: nn.ModuleDict, runs: Runs, frames: Tensor) -> list[list[Tensor]]:
    """All layers of both judges, a list a scale, on frames (B, NEW, 3, H, W) of the runs."""
    sticks = runs.sources[:, L:, :3]
    pairs = torch.cat([sticks, frames], dim=2).flatten(0, 1)  # (B NEW, 6, H, W)
    video = torch.cat([runs.frames[:, :L], frames], dim=1)  # (B, T, 3, H, W)
    (clips,) = conditioned_clips(video, runs.flow, K)  # (B n, 13, H, W)
    return [*D["frames"](pairs), *D["time"](clips)]


def generator_loss(
    G: SequentialGenerator, D: nn.ModuleDict, runs: Runs, weights: Weights
) -> Tensor:
    """The generator's loss () with Everybody Dance Now's terms, and flow and mask."""
    video = drawn_by(G, runs)
    on_fake = judged(D, runs, video.image)
    with torch.no_grad():
        on_real = judged(D, runs, runs.drawn().frames)

    real, sticks = runs.drawn().frames.flatten(0, 1), runs.sources[:, L:, :3].flatten(0, 1)
    picture = weighted_l1(video.image.flatten(0, 1), real, sticks, weights)
    painted = weighted_l1(video.raw.flatten(0, 1), real, sticks, weights)
    loss = lsgan_g([layers[-1] for layers in on_fake])
    loss = loss + weights.features * feature_matching(on_real, on_fake)
    loss = loss + weights.image * (picture + painted / 2)
    return loss + motion_loss(video, runs)


def motion_loss(video: VideoOut, runs: Runs) -> Tensor:
    """The flow against the true one, the mask against what was hidden: ()."""
    true = runs.drawn()
    seen = true.visible.flatten(0, 1)  # (B NEW, 1, H, W)
    frames, before = true.frames.flatten(0, 1), runs.frames[:, L - 1 : -1].flatten(0, 1)
    moved = flow_loss(video.flow.flatten(0, 1), true.flow.flatten(0, 1), frames, before, seen)
    return FLOW * moved + MASK * mask_loss(video.mask.flatten(0, 1), seen, HIDDEN)


def discriminator_loss(G: SequentialGenerator, D: nn.ModuleDict, runs: Runs) -> Tensor:
    """Both judges' loss () on true frames and drawn ones."""
    with torch.no_grad():
        fake = drawn_by(G, runs).image
    on_real = judged(D, runs, runs.drawn().frames)
    on_fake = judged(D, runs, fake)
    return lsgan_d([layers[-1] for layers in on_real], [layers[-1] for layers in on_fake])


@torch.no_grad()
def perform(G: SequentialGenerator, sticks: Tensor, first: Tensor) -> Tensor:
    """The clip (T, 3, H, W) of sticks (T, 3, H, W), whose `first` (L, 3, H, W) others drew."""
    sources = placed(sticks)[None]
    memory = Memory.start(sources, first[None], L)
    made = rollout(G, sources[:, L:], memory).image[0]
    return torch.cat([first, made])
