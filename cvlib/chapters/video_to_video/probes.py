"""Measurements on chapter 08's nets and records, for the pictures.

`python -m cvlib.chapters.video_to_video.probes FOLDER` copies the generators of a laptop run's
median seed beside its record.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.video_to_video.config import ARMS, CONFIG, Arm
from cvlib.chapters.video_to_video.train import build_generator, generate
from cvlib.course.chapters import chapter
from cvlib.course.run import record, weights
from cvlib.synth.clip import Clip
from cvlib.synth.raycast import motion
from cvlib.synth.street import CLASSES, PALETTE, draw_street, film, repainted
from cvlib.video.flow import fb_consistency, to_rgb, warp
from cvlib.video.footage import Batch
from cvlib.video.io import write_video
from cvlib.video.metrics import mask_iou
from cvlib.video.sequential import VideoOut
from cvlib.video.streets import HELD_OUT, footage_of

SHOWN = ("frames", "no_flow", "full")  # arms whose generators stand beside the record
PLANES = len(CLASSES) + 1
L = CONFIG["laptop"].memory
FLOW_SCALE = 6.0  # pixels at which the wheel's colours are full
SHOWN_DRIVE = HELD_OUT  # the first held-out street: no choice of ours
SHOWN_CAR = 1  # the one that stays in its picture


# -- the recorded nets ---------------------------------------------------------------------------


def arm(name: str) -> Arm:
    """The arm of this name."""
    return next(one for one in ARMS if one.name == name)


def median_seed(told: Mapping[str, Any]) -> int:
    """The seed whose vid2vid has the median TDE: the one whose nets the page shows."""
    return record.median_seed(told, "tde_full")


def recorded_generators() -> dict[str, nn.Module]:
    """The generators of the recorded run's median seed, frozen, by the names of their arms."""
    nets = {}
    for name in SHOWN:
        net = build_generator(arm(name), CONFIG["laptop"], PLANES)
        net.load_state_dict(weights.beside(chapter(8), f"{name}-G"))
        nets[name] = net.eval().requires_grad_(False)
    return nets


def keep_median(run_folder: Path) -> None:
    """Copy the generators of the median seed of a finished laptop run beside its record."""
    here = chapter(8)
    seed = median_seed(record.recorded(here, "laptop"))
    for name in SHOWN:
        weights.keep_beside(here, run_folder / f"seed{seed}", name, "G")
    every_fourth = side_by_side(recorded_generators())[::4]  # a page stays small
    write_video(here.recorded / "drive.webp", every_fourth, fps=2.5)


def side_by_side(nets: Mapping[str, nn.Module]) -> Tensor:
    """The shown drive (T, 3, H, 2 W + 2): frame by frame, and vid2vid."""
    clip = seen(drive())
    first = clip.frames[:, :L]
    left, right = (made(nets, name, clip, first).image[0] for name in ("frames", "full"))
    return torch.cat([F.pad(left, (0, 2), value=1.0), right], dim=3)


# -- videos --------------------------------------------------------------------------------------


def drive(frames: int = 42, seed: int = SHOWN_DRIVE) -> Clip:
    """A drive at the recorded nets' size, (T, ...)."""
    return film(draw_street(seed, CONFIG["laptop"].size), frames)


def seen(clip: Clip) -> Batch:
    """A clip (T, ...) as the nets see it, with a batch axis of 1."""
    batched = Clip(**{name: value[None] for name, value in vars(clip).items()})
    return footage_of(batched).whole()


@torch.no_grad()
def made(nets: Mapping[str, nn.Module], name: str, clip: Batch, first: Tensor) -> VideoOut:
    """What a recorded arm makes of a clip after the frames `first` (1, L, 3, H, W)."""
    return generate(nets[name], arm(name), clip.sources, first)


@torch.no_grad()
def photocopies(clip: Batch) -> Tensor:
    """The last given frame moved again and again by the true flow: (T - L, 3, H, W)."""
    frame = clip.frames[:, L - 1]  # (1, 3, H, W)
    copies = []
    for t in range(L, clip.frames.shape[1]):
        frame = warp(frame, clip.flow[:, t])
        copies.append(frame[0])
    return torch.stack(copies)


def detail(frame: Tensor) -> float:
    """Mean distance of an image (3, H, W) from its 3 x 3 means: what blur takes away."""
    smooth = F.avg_pool2d(frame[None], 3, stride=1, padding=1, count_include_pad=False)[0]
    return float((frame - smooth).abs().mean())


def colored(labels: Tensor) -> Tensor:
    """Labels (H, W) in the colours of the palette, (3, H, W) in [-1, 1]."""
    return 2 * PALETTE[labels].movedim(-1, 0) - 1


def wheel(flow: Tensor) -> Tensor:
    """A flow (2, H, W) on the wheel of colours, (3, H, W) in [-1, 1]."""
    return 2 * to_rgb(flow[None], FLOW_SCALE)[0] - 1


def repainted_first(color: tuple[float, float, float]) -> Tensor:
    """The first L frames (1, L, 3, H, W) of the shown drive with its steady car in a colour."""
    street = repainted(draw_street(SHOWN_DRIVE, CONFIG["laptop"].size), SHOWN_CAR, color)
    return film(street, L).rgb[None]


def origin(clip: Clip, t: int, x: int, y: int) -> tuple[float, float, bool]:
    """Where pixel (x, y) of frame t was one frame before, and whether it could be seen there."""
    dx, dy = clip.flow[t, :, y, x].tolist()
    return x + dx, y + dy, bool(clip.visible[t, 0, y, x])


def forward_flow(frames: int) -> Tensor:
    """The true flow (T, 2, H, W) of the shown drive from each frame's past to the frame itself."""
    street = draw_street(SHOWN_DRIVE, CONFIG["laptop"].size)
    flows = []
    for t in range(frames):
        before, now = street.moment(t - 1), street.moment(t)
        pixels = before.camera.pixels()  # (H W, 2)
        moved, _ = motion(pixels, before.cast(pixels), before, now)  # (H W, 2)
        flows.append(moved.T.reshape(2, *street.size).float())
    return torch.stack(flows)


def textbook(clip: Clip, video: VideoOut, frames: int = 14) -> str:
    """Two ways to find what was hidden in the first frames made: overlap with the truth, in %."""
    part = slice(L, L + frames)
    hidden = ~clip.visible[part]  # (T, 1, H, W)
    check = fb_consistency(clip.flow[part], forward_flow(L + frames)[part])
    mask = video.mask[0, :frames]
    return (
        f"overlap: vid2vid's mask {100 * mask_iou(mask, hidden):.0f} %, forward-backward check "
        f"of the two true flows {100 * mask_iou(1 - check, hidden):.0f} %"
    )


# -- what a record says --------------------------------------------------------------------------


def curves(told: Mapping[str, Any], unit: str, key: str) -> list[list[float]]:
    """A curve that a unit noted, for every seed of a record."""
    return [record.note(told, unit, key, seed) for seed in told["seeds"]]


def means(told: Mapping[str, Any], kind: str, names: Sequence[str]) -> dict[str, float]:
    """The recorded means of one kind of score for several videos."""
    return {name: told["metrics"][f"{kind}_{name}"]["mean"] for name in names}


def reading(told: Mapping[str, Any]) -> str:
    """The recorded means behind the scoreboard, one video a line."""
    lines = [f"{'':36s}{'TDE':>7s}{'warp':>8s}{'first 8':>9s}{'all 40':>8s}{'detail':>8s}"]
    titles = {**{one.name: one.title for one in ARMS}, "trap": "class-mean colours",
              "copy": "first frame moved by true flow"}  # fmt: skip
    for name, title in titles.items():
        tde, error, first, every, fine = (
            told["metrics"][f"{kind}_{name}"]["mean"]
            for kind in ("tde", "warp", "psnr8", "psnr", "hf")
        )
        lines.append(f"{title:36s}{tde:7.4f}{error:8.4f}{first:9.1f}{every:8.1f}{fine:8.2f}")
    return "\n".join(lines)


def layers(G: nn.Module, clip: Batch) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Yield the parts of a vid2vid generator with the shape each gives, and its parameters."""
    window, past = clip.sources[:, : L + 1], clip.frames[:, :L]
    parts = {
        "encode_sources": window.flatten(1, 2),
        "encode_past": past.flatten(1, 2),
    }
    codes = []
    for name, x in parts.items():
        codes.append(getattr(G, name)(x))
        yield name, tuple(codes[-1].shape[1:]), _count(getattr(G, name))
    h = codes[0] + codes[1]
    for name in ("paint", "move"):
        part = getattr(G, name)
        yield name, tuple(part(h).shape[1:]), _count(part)


def _count(part: nn.Module) -> int:
    return sum(p.numel() for p in part.parameters())


def layer_table(G: nn.Module, clip: Batch) -> str:
    """A generator part by part: the shape that each gives, and its parameters."""
    lines = [f"{'part':15s} {'gives':>14s} {'parameters':>11s}"]
    for name, shape, count in layers(G, clip):
        lines.append(f"{name:15s} {' x '.join(map(str, shape)):>14s} {count:11,d}")
    return "\n".join(lines)


if __name__ == "__main__":
    keep_median(Path(sys.argv[1]))
