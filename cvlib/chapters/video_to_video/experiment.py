"""Chapter 08: what memory, flow and the video discriminator buy, against true motion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from cvlib.chapters.video_to_video.claims import (
    CARS,
    CLAIMS,
    EVERY_VIDEO,
    METRICS,
    OWN_START,
    PAPER,
    RECURRENT,
    REMEMBER,
    WITH_CARS,
)
from cvlib.chapters.video_to_video.config import CONFIG, Arm, Config
from cvlib.chapters.video_to_video.train import build_generator, generate, train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.synth.street import CAR
from cvlib.video.features import Random3D
from cvlib.video.flow import warp
from cvlib.video.footage import Batch
from cvlib.video.metrics import (
    frechet_video,
    hf_ratio,
    mask_iou,
    psnr,
    psnr_where,
    temporal_difference_error,
    warp_error,
)
from cvlib.video.repaint import paint_kept
from cvlib.video.sequential import VideoOut
from cvlib.video.streets import Streets, Watched, class_means, film_streets

FIRST = 8  # frames in which a memory is fresh


def streets(run: Run) -> Streets:
    """The streets of this run's profile, filmed once in a process."""
    c: Config = run.config
    run.data_label = f"{c.clips} rendered drives of {c.frames} frames, {c.held_out} held out"
    length = c.memory + c.horizon
    stay = min(length, c.memory + c.stay)
    return run.shared(
        "streets",
        lambda: film_streets(c.clips, c.frames, c.held_out, length, stay, c.size, run.device),
    )


# -- scores of a video ---------------------------------------------------------------------------


def measure_video(run: Run, name: str, frames: Tensor, clip: Batch) -> None:
    """All scores of generated frames (B, n, 3, H, W) against the last n frames of their clips."""
    real = clip.after(clip.frames.shape[1] - frames.shape[1])
    quality = psnr(frames, real.frames).mean(0)  # (n,), over clips
    flicker = temporal_difference_error(frames, real.frames, real.flow, real.visible)
    run.measure(f"tde_{name}", flicker, frames[:, :, 0].shape[:2].numel())
    run.measure(f"warp_{name}", warp_error(frames, real.flow, real.visible))
    run.measure(f"psnr8_{name}", quality[:FIRST].mean(), len(frames))
    run.measure(f"psnr_{name}", quality.mean(), len(frames))
    run.measure(f"last8_{name}", quality[-FIRST:].mean(), len(frames))
    run.measure(f"hf_{name}", hf_ratio(frames, real.frames))
    distance = frechet_video(frames, real.frames, Random3D().to(run.device))
    run.measure(f"frechet_{name}", distance, len(frames))
    run.note("psnr", quality)


def measure_motion(run: Run, video: VideoOut, clip: Batch) -> None:
    """Flow and mask of a roll-out against the true ones; the baselines beside them."""
    real = clip.after(clip.frames.shape[1] - video.image.shape[1])
    seen = real.visible.bool()  # (B, n, 1, H, W)
    error = (video.flow - real.flow).norm(dim=2, keepdim=True)  # (B, n, 1, H, W)
    moved = real.flow.norm(dim=2, keepdim=True)
    run.measure("epe", error[seen].mean(), int(seen.sum()))
    run.measure("epe_zero", moved[seen].mean(), int(seen.sum()))

    hidden = 1 - real.visible
    run.measure("iou", 100 * mask_iou(video.mask, hidden), int(hidden.sum()))
    run.measure("iou_all", 100 * hidden.mean())
    run.measure("mask_hidden", video.mask[~seen].mean())
    run.measure("mask_seen", video.mask[seen].mean())


def measure_cars(run: Run, name: str, frames: Tensor, clip: Batch) -> None:
    """Scores of frames (B, n, 3, H, W) on the pixels of cars, which the prior is for."""
    real = clip.after(clip.frames.shape[1] - frames.shape[1])
    cars = real.sources[:, :, CAR : CAR + 1]  # (B, n, 1, H, W)
    run.measure(f"cars_{name}", psnr_where(frames, real.frames, cars), int(cars.sum()))
    seen = real.visible * cars
    run.measure(f"cars_tde_{name}", temporal_difference_error(frames, real.frames, real.flow, seen))


@torch.no_grad()
def measure_paint(run: Run, G: nn.Module, arm: Arm, watched: Watched, L: int) -> None:
    """How much of a repainted car's colour is left, frame by frame."""
    plain = generate(G, arm, watched.plain.sources, watched.plain.frames[:, :L]).image
    painted = generate(G, arm, watched.plain.sources, watched.painted.frames[:, :L]).image
    left = paint_kept(plain, painted, watched.plain.frames[:, L:], watched.painted.frames[:, L:])
    run.measure(f"paint_{arm.name}", 100 * left[-1], len(plain))
    run.note("paint", 100 * left)


# -- units ---------------------------------------------------------------------------------------


def run_arm(run: Run, arm: Arm) -> None:
    """Train an arm; score its roll-outs from true first frames and from its own."""
    c: Config = run.config
    L = c.memory
    found = streets(run)
    clip = found.held_out

    def look(G: nn.Module) -> dict[str, float]:
        """Mask and flow after true frames: what the history keeps."""
        return one_step(G, clip, L) if arm.flow else {}

    G, history = train(run, arm, found.train, look)
    run.note("looks", [line for line in history if "iou" in line])
    with torch.no_grad():
        video = generate(G, arm, clip.sources, clip.frames[:, :L])
    measure_video(run, arm.name, video.image, clip)
    if arm.name == "full":
        measure_motion(run, video, clip)
    if arm.name in WITH_CARS:
        measure_cars(run, arm.name, video.image, clip)
    if arm.name in RECURRENT:
        measure_own_start(run, G, arm, clip)
    if arm.name in REMEMBER and found.watched:
        measure_paint(run, G, arm, found.watched, L)
    run.weights("G", G)


@torch.no_grad()
def one_step(G: nn.Module, clip: Batch, L: int) -> dict[str, float]:
    """IoU (%) and flow error (px) in frames whose past is real, one frame in eight."""
    masks, errors, hidden = [], [], []
    for t in range(L, clip.frames.shape[1], 8):
        out = G(clip.sources[:, t - L : t + 1], clip.frames[:, t - L : t])
        error = (out.flow - clip.flow[:, t]).norm(dim=1, keepdim=True)  # (B, 1, H, W)
        masks.append(out.mask)
        errors.append(error[clip.visible[:, t].bool()].mean())
        hidden.append(1 - clip.visible[:, t])
    iou = 100 * mask_iou(torch.stack(masks, 1), torch.stack(hidden, 1))
    return {"iou": iou, "epe": float(torch.stack(errors).mean())}


@torch.no_grad()
def measure_own_start(run: Run, G: nn.Module, arm: Arm, clip: Batch) -> None:
    """The same roll-out from pictures of the frame-by-frame translator instead of true ones."""
    c: Config = run.config
    L = c.memory
    frames = next(other for other in c.arms if other.name == "frames")
    translator = build_generator(frames, c, clip.sources.shape[2])
    translator.load_state_dict(run.load_weights("frames", "G"))
    translator = translator.to(run.device).eval()
    first = torch.stack([translator(clip.sources[:, t]) for t in range(L)], dim=1)

    made = generate(G, arm, clip.sources, first).image
    real = clip.after(L)
    quality = psnr(made, real.frames).mean(0)  # (n,), over clips
    flicker = temporal_difference_error(made, real.frames, real.flow, real.visible)
    run.measure(f"own8_{arm.name}", quality[:FIRST].mean(), len(made))
    run.measure(f"own_tde_{arm.name}", flicker)
    run.note("psnr, own start", quality)


def run_trap(run: Run) -> None:
    """The metric trap: every pixel has its class's mean colour of the training clips."""
    c: Config = run.config
    found = streets(run)
    clip = found.held_out
    measure_video(run, "trap", class_means(found, clip)[:, c.memory :], clip)
    real = clip.after(c.memory)
    run.measure("warp_real", warp_error(real.frames, real.flow, real.visible))


@torch.no_grad()
def run_copy(run: Run) -> None:
    """A photocopy of a photocopy: the last true frame, moved again and again by the true flow."""
    c: Config = run.config
    clip = streets(run).held_out
    frame = clip.frames[:, c.memory - 1]  # (B, 3, H, W)
    copies = []
    for t in range(c.memory, clip.frames.shape[1]):
        frame = warp(frame, clip.flow[:, t])
        copies.append(frame)
    measure_video(run, "copy", torch.stack(copies, dim=1), clip)


def measured(arm: Arm) -> tuple[str, ...]:
    """The metrics that an arm's unit measures."""
    names = [f"{kind}_{arm.name}" for kind in EVERY_VIDEO]
    if arm.name == "full":
        names += ["epe", "epe_zero", "iou", "iou_all", "mask_hidden", "mask_seen"]
    if arm.name in WITH_CARS:
        names += [f"{kind}_{arm.name}" for kind in CARS]
    if arm.name in RECURRENT:
        names += [f"{kind}_{arm.name}" for kind in OWN_START]
    if arm.name in REMEMBER:
        names += [f"paint_{arm.name}"]
    return tuple(names)


def units(config: Config) -> Sequence[Unit]:
    """The baselines, and a unit an arm."""
    trap = tuple(f"{kind}_trap" for kind in EVERY_VIDEO)
    copy = tuple(f"{kind}_copy" for kind in EVERY_VIDEO)
    offered = [Unit("trap", run_trap, (*trap, "warp_real")), Unit("copy", run_copy, copy)]
    for arm in config.arms:
        after = ("frames",) if arm.name in RECURRENT else ()
        work = partial(run_arm, arm=arm)
        offered.append(Unit(arm.name, work, measured(arm), config.steps, arm.priority, after=after))
    return offered


EXPERIMENT = Experiment(
    chapter=8,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    seeds={"laptop": 3, "workshop": 1, "full": 3},
    precision="fp32",
    fixed_shapes=False,
    differs=(
        "rendered streets at 32 x 64 px with true labels, flow and visibility instead of "
        "Cityscapes at 512 x 256 to 2048 x 1024 px with estimated ones; nets of some 300,000 "
        "weights, trained for minutes, instead of hundreds of millions; a loss on colours and "
        "edges instead of VGG-19; the mask is told what was hidden; the foreground prior, "
        "for cars, stands in an arm of its own; no people judge"
    ),
)
