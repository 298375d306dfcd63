"""What a generated frame costs: training, streaming, warping, rendering; and a wrong corner."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.chapters.video_to_video.config import CONFIG, Arm, Config
from cvlib.chapters.video_to_video.train import (
    Nets,
    build,
    discriminator_loss,
    generate,
    generator_loss,
    method,
)
from cvlib.course.run.timing import median_over
from cvlib.gan.train import frozen
from cvlib.synth.clip import stacked
from cvlib.synth.street import street_clip
from cvlib.video.flow import source_points, warp
from cvlib.video.footage import Batch
from cvlib.video.sequential import Memory, stream
from cvlib.video.streets import footage_of

FRAMES = 4  # generated in a training step
REPEATS = (1, 5, 10)  # warps by a zero flow


def bench(quick: bool = False) -> str:
    """Frames a second of training, streaming and rendering; what warping adds to grid_sample."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = CONFIG["smoke" if quick else "laptop" if device.type == "cpu" else "workshop"]
    least = 0.1 if quick else 2.0
    clip = _clip(config, device)
    lines = [f"device {device}, frames of {config.size[0]} x {config.size[1]} px"]
    lines += _training(config, clip, device, least)
    lines += _streaming(config, clip, device, least)
    lines += _warping(clip, least)
    lines += _rendering(config, least)
    return "\n".join([*lines, wrong_corner(clip.frames[0, :1])])


def _clip(config: Config, device: torch.device) -> Batch:
    length = config.memory + FRAMES
    one = street_clip(0, length, config.size)
    return footage_of(stacked([one] * config.batch)).to(device).whole()


def training_step(nets: Nets, arm: Arm, clip: Batch, config: Config) -> None:
    """One step of G and one of all Ds, as the loop does them."""
    with frozen(nets.D):
        video = generate(nets.G, arm, clip.sources, clip.frames[:, : config.memory])
        loss = generator_loss(nets.D, clip, video, config)
        nets.opt_g.zero_grad(set_to_none=True)
        loss.backward()
        nets.opt_g.step()

    loss = discriminator_loss(nets.D, clip, video.image.detach())
    nets.opt_d.zero_grad(set_to_none=True)
    loss.backward()
    nets.opt_d.step()


def _training(config: Config, clip: Batch, device: torch.device, least: float) -> list[str]:
    lines = []
    for arm in config.arms:
        nets = build(arm, config, clip.sources.shape[2], device, seed=0)
        took = median_over(lambda nets=nets, arm=arm: training_step(nets, arm, clip, config), least)
        rate = config.batch * FRAMES / took
        lines.append(f"training, {arm.title}: {rate:,.0f} frames/s")
    return lines


def _streaming(config: Config, clip: Batch, device: torch.device, least: float) -> list[str]:
    """One video at a time; twice as many frames take twice as long and no more memory."""
    arm = next(arm for arm in config.arms if arm.name == "full")
    G = build(arm, config, clip.sources.shape[2], device, seed=0).G.eval()
    sources = clip.sources[:1]  # (1, T, C, H, W)
    first = clip.frames[:1, : config.memory]

    def last_of(count: int) -> Tensor:
        memory = Memory.start(sources, first, config.memory)
        with torch.no_grad():
            for frame in stream(method(G, arm, first), _repeated(sources, count), memory):
                image = frame.image
        return image

    rates = [count / median_over(lambda count=count: last_of(count), least) for count in (10, 20)]
    return [f"streaming, 10 frames: {rates[0]:,.0f} frames/s, 20 frames: {rates[1]:,.0f} frames/s"]


def _repeated(sources: Tensor, count: int) -> Iterator[Tensor]:
    """Sources (1, C, H, W), one after the other, from those of a clip (1, T, C, H, W)."""
    for t in range(count):
        yield sources[:, t % sources.shape[1]]


def _warping(clip: Batch, least: float) -> list[str]:
    """The library's warp beside `grid_sample` alone, which is given its grid."""
    x = clip.frames.flatten(0, 1)  # (N, 3, H, W)
    flow = clip.flow.flatten(0, 1)
    grid = _grid(flow)
    whole = median_over(lambda: warp(x, flow), least)
    alone = median_over(lambda: F.grid_sample(x, grid, align_corners=True), least)
    return [f"warp: {1e6 * whole / len(x):.0f} us a frame, of it grid_sample {alone / whole:.0%}"]


def _grid(flow: Tensor) -> Tensor:
    """The grid (N, H, W, 2) of a flow, from -1 at the first pixel's centre to 1 at the last's."""
    height, width = flow.shape[-2:]
    last = flow.new_tensor([width - 1, height - 1]).view(1, 2, 1, 1)
    return (2 * source_points(flow) / last - 1).movedim(1, -1)


def _rendering(config: Config, least: float) -> list[str]:
    lines = []
    for size in (config.size, (64, 128)):
        took = median_over(lambda size=size: street_clip(0, 2, size), least) / 2
        lines.append(f"rendering {size[0]} x {size[1]} with flow and visibility: {1 / took:.0f} /s")
    return lines


def wrong_corner(frame: Tensor) -> str:
    """How far a frame (1, 3, H, W) is from itself after zero flows, with corners mismatched.

    The authors' code makes its grid for `align_corners=True`; since torch 1.3 `grid_sample` reads
    it as False unless told otherwise.
    """
    still = torch.zeros_like(frame[:, :2])
    grid = _grid(still)
    mended = frame
    mismatched = frame
    errors = []
    for times in range(1, max(REPEATS) + 1):
        mended = warp(mended, still)
        mismatched = F.grid_sample(mismatched, grid, padding_mode="border", align_corners=False)
        if times in REPEATS:
            errors.append(f"{(mismatched - frame).abs().max() / 2:.2f} after {times}")
    right = (mended - frame).abs().max() / 2
    return (
        f"zero flow, largest error: {', '.join(errors)} with mismatched corners; ours {right:.0e}"
    )
