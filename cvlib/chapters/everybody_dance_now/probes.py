"""What the pages of chapter 09 look at: recorded nets, the clips they perform, small measurements.

`python -m cvlib.chapters.everybody_dance_now.probes FOLDER` copies the nets of a laptop run's
median seed beside its record.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cvlib.chapters.everybody_dance_now.config import CONFIG
from cvlib.chapters.everybody_dance_now.train import generator
from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import record, weights
from cvlib.dance.face import FaceResidual, crop, face_boxes, with_face
from cvlib.dance.footage import sticks_of
from cvlib.dance.material import SOURCE, TARGET, Tracks, source_stage, target_stage, track
from cvlib.dance.nets import PoseToFrame, perform
from cvlib.dance.placing import normalize
from cvlib.dance.skeleton import BODY21
from cvlib.synth.dancer import Clip, dance_clip, portrait_stage

LAPTOP = CONFIG["laptop"]
SHOWN = {"fbf": "fbf-G", "ts": "ts-G", "main": "portrait-G", "face": "portrait-G_f"}
SEEN = 36  # frames of the clips on the page


@dataclass(frozen=True)
class Nets:
    """The recorded run's nets, of its median seed."""

    fbf: PoseToFrame
    ts: PoseToFrame
    main: PoseToFrame  # of the portrait stage
    face: FaceResidual


def recorded_nets() -> Nets:
    """The nets that stand beside the laptop record, frozen."""
    made = {
        "fbf": generator(LAPTOP, previous=False),
        "ts": generator(LAPTOP, previous=True),
        "main": generator(LAPTOP, previous=True),
        "face": FaceResidual(LAPTOP.portrait.face_width),
    }
    here = chapter(9)
    for name, net in made.items():
        path = record.recorded_file(here, f"{SHOWN[name]}.pt")
        if path is None:
            raise CourseError(
                f"{here.recorded.name} has no {SHOWN[name]}.pt: restore the repository"
            )
        net.load_state_dict(weights.read(path))
        net.eval().requires_grad_(False)
    return Nets(**made)


def median_seed(told: Mapping[str, Any]) -> int:
    """The seed with the median flicker of the smoothed video: the one whose nets the page shows."""
    values = dict(zip(told["seeds"], told["metrics"]["tde_ts"]["values"], strict=True))
    ranked = sorted(values, key=lambda seed: values[seed])
    return ranked[(len(ranked) - 1) // 2]


def keep_median(run_folder: Path) -> None:
    """Copy the nets of the median seed of a finished laptop run beside its record."""
    here = chapter(9)
    seed = median_seed(record.recorded(here, "laptop"))
    for name in SHOWN.values():
        unit, _, net = name.partition("-")
        kept = weights.file_of(run_folder / f"seed{seed}", unit, net)
        shutil.copyfile(kept, here.recorded / f"{name}.pt")


@dataclass(frozen=True)
class Show:
    """A transfer, performed: the source's clip, the target's truth, and what G made of it."""

    source: Clip
    truth: Clip
    raw: Tensor  # (T, 21, 3) keypoints of the source
    placed: Tensor  # the same, normalised
    from_raw: Tensor  # (T, 3, H, W), what G draws of them
    from_placed: Tensor


def transfer(G: PoseToFrame, tracks: Tracks, frames: int = SEEN) -> Show:
    """Perform the source's dance by the target, with and without normalisation."""
    height, width = LAPTOP.height, LAPTOP.width
    seed = LAPTOP.dances.source_seed
    source = dance_clip(frames, SOURCE, source_stage(height, width), seed=seed)
    truth = dance_clip(frames, TARGET, target_stage(height, width), seed=seed)
    raw = source.keypoints
    placed = normalize(raw, tracks.source_stats, tracks.target_stats, width)
    drawn = [perform(G, sticks_of(kp, height, width)) for kp in (raw, placed)]
    return Show(source, truth, raw, placed, *drawn)


def tracks() -> Tracks:
    """The long keypoint tracks behind the page's pose statistics."""
    d = LAPTOP.dances
    return track(LAPTOP.stats_frames, d.source_seed, d.train, LAPTOP.height, LAPTOP.width)


def held_out(frames: int = SEEN) -> Clip:
    """The beginning of the target's held-out dance, with flow."""
    stage = target_stage(LAPTOP.height, LAPTOP.width)
    return dance_clip(frames, TARGET, stage, seed=LAPTOP.dances.test_seed, flow=True)


@dataclass(frozen=True)
class Faces:
    """Faces (T, 3, s, s) of the portrait stage: main generator, corrected, true."""

    main: Tensor
    corrected: Tensor
    true: Tensor


def faces(nets: Nets, frames: int) -> Faces:
    """The face residual at work on the held-out portrait dance."""
    p = LAPTOP.portrait
    stage = portrait_stage(p.height, p.width, TARGET)
    clip = dance_clip(frames, TARGET, stage, seed=p.dances.test_seed)
    sticks = sticks_of(clip.keypoints, p.height, p.width)
    corners = face_boxes(clip.keypoints, p.face, p.height, p.width)
    image = perform(nets.main, sticks)
    with torch.no_grad():
        better = with_face(nets.face, image, sticks, corners, p.face)
    return Faces(*(crop(video, corners, p.face) for video in (image, better, clip.rgb)))


def raised(keypoints: Tensor, degrees: float) -> Tensor:
    """One pose (21, 3) with the left arm turned about the shoulder by an angle, (1, 21, 3)."""
    shoulder, elbow, wrist = BODY21.index("left_shoulder", "left_elbow", "left_wrist")
    angle = math.radians(degrees)
    turn = torch.tensor(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    ).to(keypoints)
    moved = keypoints.clone()
    for joint in (elbow, wrist):
        arm = keypoints[joint, :2] - keypoints[shoulder, :2]
        moved[joint, :2] = keypoints[shoulder, :2] + turn @ arm
    return moved[None]


def spectrum(keypoints: Tensor, fps: float) -> tuple[Tensor, Tensor]:
    """Mean amplitude of the accelerations of (T, K, 3) at every frequency: Hz (F,), pixels (F,)."""
    second = keypoints[2:, :, :2] - 2 * keypoints[1:-1, :, :2] + keypoints[:-2, :, :2]
    window = torch.hann_window(len(second), dtype=second.dtype)[:, None, None]
    amplitude = torch.fft.rfft(second * window, dim=0).abs().mean(dim=(1, 2)) / len(second)
    return torch.fft.rfftfreq(len(second), 1 / fps), amplitude


def layer_table(G: PoseToFrame) -> str:
    """G part by part: what comes out for one frame, and how many numbers it holds."""
    height, width = LAPTOP.height, LAPTOP.width
    lines = [f"{'part':10s} {'gives':>14s} {'parameters':>11s}"]
    x = torch.zeros(1, 3, height, width)
    parts = {"enter": G.enter, "middle": G.middle, "out": G.out}
    parts |= {f"down.{i}": part for i, part in enumerate(G.down)}
    parts |= {f"up.{i}": part for i, part in enumerate(G.up)}
    hooks = [
        part.register_forward_hook(
            lambda module, _, out, name=name: lines.append(
                f"{name:10s} {' x '.join(map(str, out.shape[1:])):>14s} "
                f"{sum(p.numel() for p in module.parameters()):11,d}"
            )
        )
        for name, part in parts.items()
    ]
    with torch.no_grad():
        G(x)
    for hook in hooks:
        hook.remove()
    return "\n".join(lines)


def verdicts(told: Mapping[str, Any]) -> str:
    """The recorded means of the two generators beside each other, in words."""
    mean = {name: entry["mean"] for name, entry in told["metrics"].items()}
    rows = (
        ("SSIM of the body", "ssim", ".3f"), ("TDE on the person", "tde", ".4f"),
        ("warp error", "warp", ".4f"), ("pose distance, px", "pose", ".2f"),
    )  # fmt: skip
    lines = [f"{'':20s} {'frame by frame':>15s} {'smoothed':>9s}"]
    for title, key, form in rows:
        before, after = mean[f"{key}_fbf"], mean[f"{key}_ts"]
        lines.append(f"{title:20s} {before:>15{form}} {after:>9{form}}")
    return "\n".join(lines)


if __name__ == "__main__":
    keep_median(Path(sys.argv[1]))
