"""What the pages of chapter 09 look at: recorded nets, the clips they perform, small measurements.

`python -m cvlib.chapters.everybody_dance_now.probes FOLDER` copies the nets of a laptop run's
median seed beside its record, and judges both generators of every seed under noise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.chapters.everybody_dance_now.config import CONFIG
from cvlib.chapters.everybody_dance_now.train import generator
from cvlib.course import atomic
from cvlib.course.chapters import chapter
from cvlib.course.run import record, tensors, weights
from cvlib.dance import rival
from cvlib.dance.face import FaceResidual, crop, face_boxes, with_face
from cvlib.dance.footage import dance_keypoints, jittered, sticks_of
from cvlib.dance.forensics import PairDetector
from cvlib.dance.judge import verdict
from cvlib.dance.material import SOURCE, TARGET, Tracks, source_stage, target_stage, track
from cvlib.dance.nets import PoseToFrame, perform
from cvlib.dance.placing import PoseStats, normalize, pose_stats
from cvlib.synth.dancer import Clip, dance_clip, portrait_stage

LAPTOP = CONFIG["laptop"]
SHOWN = {"fbf": "fbf-G", "ts": "ts-G", "detector": "detector-D"}
JUDGED = {"fbf": "frame by frame", "ts": "smoothed", "alone": "without its memory"}
SEEN = 36  # frames of the clips on the page
CUT = 26  # the row of pixels, at chest height, that the page shows over time
HEADS = (2, 15, 28, 41)  # frames of the held-out portrait dance that the page shows


@dataclass(frozen=True)
class Nets:
    """The recorded run's nets, of its median seed."""

    fbf: PoseToFrame
    ts: PoseToFrame
    detector: PairDetector


def recorded_nets() -> Nets:
    """The nets that stand beside the laptop record, frozen."""
    made = {
        "fbf": generator(LAPTOP, previous=False),
        "ts": generator(LAPTOP, previous=True),
        "detector": PairDetector(),
    }
    for name, net in made.items():
        net.load_state_dict(weights.beside(chapter(9), SHOWN[name]))
        net.eval().requires_grad_(False)
    return Nets(**made)


def median_seed(told: Mapping[str, Any]) -> int:
    """The seed with the median flicker of the smoothed video, whose nets the page shows."""
    return record.median_seed(told, "tde_ts")


def keep_median(run_folder: Path) -> None:
    """Copy the nets of a finished laptop run's median seed, and what it drew, to its record."""
    here = chapter(9)
    folder = run_folder / f"seed{median_seed(record.recorded(here, 'laptop'))}"
    for name in (*SHOWN.values(), "ts-nearest"):
        unit, _, net = name.partition("-")
        weights.keep_beside(here, folder, unit, net)
    keep_cut(folder)
    main, residual = generator(LAPTOP, previous=True), FaceResidual(LAPTOP.portrait.face_width)
    main.load_state_dict(weights.load(folder, "portrait", "G"))
    residual.load_state_dict(weights.load(folder, "portrait", "G_f"))
    faces = vars(draw_faces(main.eval(), residual.eval()))
    small = {name: video[list(HEADS)].half() for name, video in faces.items()}
    atomic.write(here.recorded / "faces.pt", tensors.dump(small))


def keep_cut(folder: Path) -> None:
    """Write one row of pixels of vid2vid's held-out dance, (T, 3, W), beside the record."""
    G = rival.generator(LAPTOP.rival_width, LAPTOP.blocks)
    G.load_state_dict(weights.load(folder, "vid", "G"))
    starter = generator(LAPTOP, previous=False)
    starter.load_state_dict(weights.load(folder, "fbf", "G"))
    sticks = sticks_of(held_out().keypoints, LAPTOP.height, LAPTOP.width)
    cut = rival.perform(G.eval(), sticks, perform(starter.eval(), sticks[: rival.L]))[:, :, CUT]
    atomic.write(chapter(9).recorded / "vid-cut.pt", tensors.dump({"cut": cut.half()}))


def rival_cut() -> Tensor:
    """That row, (T, 3, W), of the recorded run's median seed."""
    return weights.beside(chapter(9), "vid-cut")["cut"]


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


def from_distance(distance: float, target: PoseStats, frames: int) -> tuple[Tensor, Tensor]:
    """The source's keypoints (T, 21, 3) filmed from so many metres: raw, and normalised."""
    away = replace(source_stage(LAPTOP.height, LAPTOP.width), distance=distance)
    raw = dance_keypoints(frames, SOURCE, away, LAPTOP.dances.source_seed)
    return raw, normalize(raw, pose_stats(raw), target, LAPTOP.width)


@dataclass(frozen=True)
class Faces:
    """Faces (T, 3, s, s) of the portrait stage."""

    main: Tensor
    corrected: Tensor
    true: Tensor


@torch.no_grad()
def draw_faces(main: PoseToFrame, residual: FaceResidual) -> Faces:
    """The face residual at work on the held-out portrait dance."""
    p = LAPTOP.portrait
    stage = portrait_stage(p.height, p.width, TARGET)
    clip = dance_clip(p.dances.test, TARGET, stage, seed=p.dances.test_seed)
    sticks = sticks_of(clip.keypoints, p.height, p.width)
    corners = face_boxes(clip.keypoints, p.face, p.height, p.width)
    image = perform(main, sticks)
    better = with_face(residual, image, sticks, corners, p.face)
    return Faces(*(crop(video, corners, p.face) for video in (image, better, clip.rgb)))


def faces() -> Faces:
    """Four of them, as the recorded run's median seed drew them."""
    return Faces(**weights.beside(chapter(9), "faces"))


def nearest_frames() -> dict[str, Tensor]:
    """Six outputs of the held-out dance, their truth, and the nearest in training, (6, 3, H, W)."""
    return weights.beside(chapter(9), "ts-nearest")


def layer_table(G: PoseToFrame) -> str:
    """G part by part: what comes out for one frame, and how many numbers it holds."""
    lines = [f"{'part':10s} {'gives':>14s} {'parameters':>11s}"]

    def tell(part: nn.Module, _: object, out: Tensor, name: str) -> None:
        shape = " x ".join(map(str, out.shape[1:]))
        lines.append(f"{name:10s} {shape:>14s} {sum(p.numel() for p in part.parameters()):11,d}")

    parts = {"enter": G.enter, "middle": G.middle, "out": G.out}
    parts |= {f"down.{i}": part for i, part in enumerate(G.down)}
    parts |= {f"up.{i}": part for i, part in enumerate(G.up)}
    hooks = [part.register_forward_hook(partial(tell, name=name)) for name, part in parts.items()]
    with torch.no_grad():
        G(torch.zeros(1, 3, LAPTOP.height, LAPTOP.width))
    for hook in hooks:
        hook.remove()
    return "\n".join(lines)


def verdicts(told: Mapping[str, Any]) -> str:
    """The recorded means of the three generators beside each other, in words."""
    mean = {name: entry["mean"] for name, entry in told["metrics"].items()}
    rows = (
        ("SSIM of the body", "ssim", ".3f"), ("TDE on the person", "tde", ".4f"),
        ("warp error", "warp", ".4f"), ("pose distance, px", "pose", ".2f"),
    )  # fmt: skip
    lines = [f"{'':20s} {'frame by frame':>15s} {'smoothed':>9s} {'vid2vid':>9s}"]
    for title, key, form in rows:
        frame, smooth, flow = (mean[f"{key}_{arm}"] for arm in ("fbf", "ts", "vid"))
        lines.append(f"{title:20s} {frame:>15{form}} {smooth:>9{form}} {flow:>9{form}}")
    return "\n".join(lines)


def arms(kind: str) -> dict[str, str]:
    """The metrics of one kind, "tde" or "ssim", by the names under their dots."""
    short = (("still", "still"), ("frame", "fbf"), ("smooth", "ts"), ("vid2vid", "vid"))
    return {name: f"{kind}_{arm}" for name, arm in short}


@torch.no_grad()
def judge_under_noise(run_folder: Path) -> None:
    """TDE of every seed's nets with noise on the joints; "alone", G never sees its last frame."""
    clip = held_out(LAPTOP.dances.test)
    seeds = record.recorded(chapter(9), "laptop")["seeds"]
    found: dict[str, dict[str, list[float]]] = {arm: {} for arm in JUDGED}
    for arm, sigma, seed in product(found, (0, 1, 2), seeds):
        unit = "fbf" if arm == "fbf" else "ts"
        G = generator(LAPTOP, previous=unit == "ts").eval()
        G.load_state_dict(weights.load(run_folder / f"seed{seed}", unit, "G"))
        noisy = jittered(clip.keypoints, sigma, torch.Generator().manual_seed(seed))
        sticks = sticks_of(noisy, LAPTOP.height, LAPTOP.width)
        video = G(sticks) if arm == "alone" else perform(G, sticks)
        found[arm].setdefault(str(sigma), []).append(round(verdict(video, clip).tde, 5))
    atomic.write(chapter(9).recorded / "noise.json", json.dumps(found, indent=1))


def under_noise() -> str:
    """What `judge_under_noise` found: the mean over seeds, least and most in brackets."""
    found = json.loads((chapter(9).recorded / "noise.json").read_text(encoding="utf-8"))
    lines = ["noise" + "".join(f"{title:>23s}" for title in JUDGED.values())]
    for sigma in found["fbf"]:
        line = f"{sigma} px "
        for values in (found[arm][sigma] for arm in JUDGED):
            told = f"{fmean(values):.3f} ({min(values):.3f}-{max(values):.3f})"
            line += f"{told:>23s}"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    keep_median(Path(sys.argv[1]))
    judge_under_noise(Path(sys.argv[1]))
