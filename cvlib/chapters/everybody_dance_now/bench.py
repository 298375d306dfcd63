"""Chapter 09's hot spots: sticks, rendered frames, a step of training, and the performance."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from cvlib.chapters.everybody_dance_now.config import CONFIG, Config
from cvlib.chapters.everybody_dance_now.train import adam, generator
from cvlib.dance import objective
from cvlib.dance.footage import dance_keypoints, sticks_of
from cvlib.dance.material import TARGET, target_stage
from cvlib.dance.nets import perform
from cvlib.dance.skeleton import BODY21
from cvlib.dance.stick import thickness_for
from cvlib.gan.patch import MultiscaleDiscriminator
from cvlib.synth.dancer import motion_clip
from cvlib.synth.motion_dance import synth_dance

SIZES = ((64, 48), (256, 192))  # height and width of the sticks
POSES = 16  # frames that one measurement draws


def seconds(work: Callable[[], object], device: torch.device, least: float) -> float:
    """Mean seconds of a call, over at least `least` seconds, after one that is not counted."""
    work()
    began = time.perf_counter()
    calls = 0
    while time.perf_counter() - began < least:
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        calls += 1
    return (time.perf_counter() - began) / calls


def plain_sticks(keypoints: Tensor, height: int, width: int) -> list[Image.Image]:
    """Sticks of keypoints (T, 21, 3) by Pillow: hard edges, and no gradient to the joints."""
    colors = (255 * BODY21.colors()).byte().tolist()
    pictures = []
    for pose in keypoints.tolist():
        picture = Image.new("RGB", (width, height))
        draw = ImageDraw.Draw(picture)
        for edge, color in zip(BODY21.edges, colors, strict=True):
            start, end = (tuple(pose[i][:2]) for i in BODY21.index(*edge))
            draw.line((start, end), tuple(color), round(thickness_for(height)))
        pictures.append(picture)
    return pictures


def bench(quick: bool = False) -> str:
    """Frames per second of what a run spends its time on."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    least = 0.1 if quick else 2.0
    sizes = SIZES[:1] if quick else SIZES
    lines = [f"device {device}, frames per second"]
    for height, width in sizes:
        lines += _sticks(height, width, device, least)
    config: Config = CONFIG["laptop"]
    lines.append(_dancer(config, least))
    for previous in (False, True):
        lines += _net(config, previous, device, least)
    return "\n".join(lines)


def _sticks(height: int, width: int, device: torch.device, least: float) -> list[str]:
    keypoints = dance_keypoints(POSES, TARGET, target_stage(height, width), seed=0).float()
    there = keypoints.to(device)
    soft = seconds(lambda: sticks_of(there, height, width), device, least)
    plain = seconds(lambda: plain_sticks(keypoints, height, width), device, least)
    name = f"sticks {height}x{width}"
    return [
        f"{name}, antialiased, differentiable: {POSES / soft:,.0f}",
        f"{name}, Pillow's lines: {POSES / plain:,.0f}",
    ]


def _dancer(config: Config, least: float) -> str:
    stage = target_stage(config.height, config.width)
    dance = synth_dance(4)
    took = seconds(lambda: motion_clip(dance, TARGET, stage), torch.device("cpu"), least)
    return f"dancer {config.height}x{config.width} with flow, on the CPU: {len(dance) / took:,.1f}"


def _net(config: Config, previous: bool, device: torch.device, least: float) -> list[str]:
    """A step on pairs of frames, and the performance of a clip."""
    G = generator(config, previous).to(device)
    D = MultiscaleDiscriminator(12 if previous else 6, config.d_widths, scales=2).to(device)
    opt_g = adam(G, config.lr)
    opt_d = adam(D, config.lr)
    keypoints = dance_keypoints(POSES, TARGET, target_stage(config.height, config.width), seed=0)
    sticks = sticks_of(keypoints.float(), config.height, config.width).to(device)  # (T, 3, H, W)
    x = torch.stack([sticks[: config.batch], sticks[1 : config.batch + 1]], 1)
    y = 2 * x - 1  # (B, 2, 3, H, W): any frames will do

    def step() -> None:
        opt_d.zero_grad(set_to_none=True)
        objective.discriminator_loss(G, D, x, y).backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        objective.generator_loss(G, D, x, y, config.weights).backward()
        opt_g.step()

    trained = 2 * config.batch / seconds(step, device, least)
    played = POSES / seconds(lambda: perform(G, sticks), device, least)
    name = "with the frame before" if previous else "frame by frame"
    return [f"training, {name}: {trained:,.0f}", f"performing, {name}: {played:,.0f}"]
