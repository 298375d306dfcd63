"""Chapter 09: coherence, the face, normalisation, jitter and a detector, against rendered truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from cvlib.chapters.everybody_dance_now import claims
from cvlib.chapters.everybody_dance_now import train as loops
from cvlib.chapters.everybody_dance_now.config import CONFIG, Config
from cvlib.chapters.everybody_dance_now.train import LABEL, boxes_of, heads, material, play, train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.dance import rival
from cvlib.dance.face import changed_outside, with_face
from cvlib.dance.footage import jittered, sticks_of
from cvlib.dance.forensics import compressed, detector_auc, pairs_at, pairs_of
from cvlib.dance.judge import away, face_ssim, likeness, nearest, perform_clips, verdict
from cvlib.dance.material import Material, track
from cvlib.dance.nets import perform
from cvlib.dance.placing import ANKLES, foot_line, normalize, placing
from cvlib.dance.reader import pose_missed
from cvlib.dance.skeleton import BODY21
from cvlib.dance.smoothing import acceleration, gaussian, median
from cvlib.metrics.person import pose_distance

QUALITY, SHRINK = 30, 2  # of the compression

# -- poses alone: no training ----------------------------------------------------------------------


def run_poses(run: Run) -> None:
    """Normalisation and smoothing on exact keypoints; every seed has dances of its own."""
    c: Config = run.config
    run.data_label = LABEL
    shift = 100 * run.seed
    seeds = [seed + shift for seed in c.dances.train]
    t = track(c.stats_frames, c.dances.source_seed + shift, seeds, c.height, c.width)
    S, T = t.source_stats, t.target_stats
    first = float(foot_line(t.source)[0][0])
    placed = normalize(t.source, S, T, c.width)
    turned = normalize(t.source, S, T, c.width, pivot=first)

    n = len(t.truth)
    ankles = BODY21.index(*ANKLES)
    for name, keypoints in (("raw", t.source), ("normalized", placed)):
        run.measure(f"keypoints_{name}", pose_distance(keypoints, t.truth), n)
        distance = pose_distance(keypoints[:, ankles], t.truth[:, ankles])
        run.measure(f"ankles_{name}", distance, n)
    run.measure("keypoints_pivot", pose_distance(turned, t.truth), n)
    missed = foot_line(turned)[0] - placing(t.source, S, T).foot
    run.measure("pivot_miss", missed.abs().max(), n)
    measure_jitter(run, t.truth)


def measure_jitter(run: Run, exact: Tensor) -> None:
    """What noise does to a track (T, 21, 3), and what smoothing takes back."""
    draw = torch.Generator().manual_seed(run.seed)
    run.measure("shake_true", acceleration(exact), len(exact))
    for sigma in (1, 2):
        noisy = jittered(exact, sigma, draw)
        smooth = gaussian(noisy, run.config.sigma)
        run.measure(f"jitter_error_{sigma}", pose_distance(noisy, exact), len(exact))
        run.measure(f"jitter_error_{sigma}_smooth", pose_distance(smooth, exact), len(exact))
    run.measure("jitter_error_2_median", pose_distance(median(noisy, 7), exact), len(exact))
    run.measure("shake_2", acceleration(noisy), len(exact))
    run.measure("shake_2_smooth", acceleration(smooth), len(exact))


# -- the pose reader, and the main generator in two ways -------------------------------------------


def run_reader(run: Run) -> None:
    """Train the pose reader on real frames; what it gets wrong on the held-out dance is a floor."""
    m = material(run)
    n = len(m.test)
    P = loops.train_reader(run, m.target)
    run.weights("P", P)
    run.measure("pose_real", pose_missed(P, m.test.rgb.to(run.device), m.test.keypoints), n)
    run.measure("warp_real", verdict(m.test.rgb, m.test).warp, n)
    still = m.target.frames.mean(0).cpu().expand_as(m.test.rgb)
    of_still = verdict(still, m.test)
    run.measure("tde_still", of_still.tde, n)
    run.measure("ssim_still", of_still.ssim, n)


def run_arm(run: Run, arm: str) -> None:
    """Train G frame by frame or with temporal smoothing, and judge it on the held-out dance."""
    c: Config = run.config
    m = material(run)
    G = train(run, arm, m.target, c.steps, previous=arm == "ts", batch=c.batch)
    run.weights("G", G)
    video = play(run, G, m.test.keypoints)
    measure_video(run, arm, video, m)
    if arm == "ts":
        measure_copying(run, video, m)


def run_vid2vid(run: Run) -> None:
    """Train vid2vid on the same footage; the frame-by-frame net draws its first frames."""
    c: Config = run.config
    m = material(run)
    G = loops.train_vid2vid(run, m)
    run.weights("G", G)

    sticks = sticks_of(m.test.keypoints, c.height, c.width).to(run.device)
    first = perform(loops.trained(run, "fbf"), sticks[: rival.L])
    video = rival.perform(G, sticks, first).cpu()
    measure_video(run, "vid", video, m)


def measure_video(run: Run, arm: str, video: Tensor, m: Material) -> None:
    """Quality and coherence of a video (T, 3, H, W) of the held-out dance, and its poses."""
    judged = verdict(video, m.test)
    for name in ("ssim", "psnr", "tde", "warp"):
        run.measure(f"{name}_{arm}", getattr(judged, name), len(video))
    missed = pose_missed(loops.trained_reader(run), video.to(run.device), m.test.keypoints)
    run.measure(f"pose_{arm}", missed, len(video))


def measure_copying(run: Run, video: Tensor, m: Material) -> None:
    """Whether a video (T, 3, H, W) is copied: how near the nearest training frame and the truth."""
    training = m.target.frames.cpu()
    rows, apart = nearest(video, training)
    run.measure("copying", (away(video, m.test.rgb) / apart).mean(), len(video))
    shown = torch.linspace(0, len(video) - 1, 6).long()
    pictures = {"output": video, "truth": m.test.rgb, "nearest": training[rows]}
    run.weights("nearest", {name: frames[shown] for name, frames in pictures.items()})


# -- the transfer, and noise -----------------------------------------------------------------------


def run_transfer(run: Run) -> None:
    """Another body's dance with and without normalisation, and detector noise on the joints."""
    c: Config = run.config
    m = material(run)
    G = loops.trained(run, "ts")
    d = c.dances
    t = track(c.stats_frames, d.source_seed, d.train, c.height, c.width)
    placed = normalize(m.source.keypoints, t.source_stats, t.target_stats, c.width)
    for name, keypoints in (("raw", m.source.keypoints), ("normalized", placed)):
        psnr, overlap = likeness(play(run, G, keypoints), m.truth)
        run.measure(f"transfer_{name}", psnr, d.transfer)
        run.measure(f"overlap_{name}", overlap, d.transfer)

    run.measure("overlap_real", likeness(m.truth.rgb, m.truth)[1], d.transfer)
    draw = torch.Generator().manual_seed(run.seed)
    for sigma in (1, 2):
        noisy = jittered(m.test.keypoints, sigma, draw)
        for kind, keypoints in (("", noisy), ("_smooth", gaussian(noisy, c.sigma))):
            judged = verdict(play(run, G, keypoints), m.test)
            run.measure(f"noise_tde_{sigma}{kind}", judged.tde, d.test)
            run.measure(f"noise_ssim_{sigma}{kind}", judged.ssim, d.test)


# -- the face --------------------------------------------------------------------------------------


def run_portrait(run: Run) -> None:
    """The main generator on the portrait stage, then the face residual on top of it, frozen."""
    p = run.config.portrait
    h = heads(run)
    G = train(run, "main", h.target, p.steps, previous=True, batch=p.batch)
    drawn = perform_clips(G, h.target)
    G_f = loops.train_face(run, h.target, drawn, boxes_of(run, h.target))
    run.weights("G", G)
    run.weights("G_f", G_f)

    image = perform(G, h.test.sticks)
    corners = boxes_of(run, h.test)
    with torch.no_grad():
        better = with_face(G_f, image, h.test.sticks, corners, p.face)
    run.measure("face_main", face_ssim(image, h.test, corners, p.face), len(image))
    run.measure("face_residual", face_ssim(better, h.test, corners, p.face), len(image))
    run.measure("face_outside", changed_outside(image, better, corners, p.face), len(image))


def run_longer(run: Run) -> None:
    """The control of the face: the main generator gets the face's steps as well."""
    p = run.config.portrait
    h = heads(run)
    G = train(run, "longer", h.target, p.steps + p.face_steps, previous=True, batch=p.batch)
    image = perform(G, h.test.sticks)
    score = face_ssim(image, h.test, boxes_of(run, h.test), p.face)
    run.measure("face_longer", score, len(image))


# -- the detector ----------------------------------------------------------------------------------


def run_detector(run: Run) -> None:
    """Train on the target's training dances, real and generated; judge on the held-out dance."""
    m = material(run)
    G = loops.trained(run, "ts")
    real, fake = m.target.frames, perform_clips(G, m.target)
    real_test = m.test.rgb.to(run.device)
    fake_test = play(run, G, m.test.keypoints).to(run.device)
    pairs = partial(pairs_at, starts=m.target.starts)
    squeezed = partial(compressed, quality=QUALITY, shrink=SHRINK)

    D = loops.train_detector(run, "detector", pairs(real), pairs(fake))
    small = pairs_of(squeezed(real_test)), pairs_of(squeezed(fake_test))
    n = len(small[0]) + len(small[1])
    run.measure("auc_clean", detector_auc(D, pairs_of(real_test), pairs_of(fake_test)), n)
    run.measure("auc_compressed", detector_auc(D, *small), n)

    hardened = loops.train_detector(run, "hardened", pairs(squeezed(real)), pairs(squeezed(fake)))
    run.measure("auc_hardened", detector_auc(hardened, *small), n)
    run.weights("D", D)


def units(config: Config) -> Sequence[Unit]:
    """All units of one seed: poses, two main generators, the transfer, vid2vid, face, detector."""
    steps = config.steps
    rival_steps = config.rival_steps
    p = config.portrait
    return [
        Unit("poses", run_poses, claims.POSES),
        Unit("reader", run_reader, claims.OF_REAL, config.reader_steps),
        Unit("fbf", partial(run_arm, arm="fbf"), claims.OF_ARM["fbf"], steps, after=("reader",)),
        Unit("ts", partial(run_arm, arm="ts"), claims.OF_ARM["ts"], steps, after=("reader",)),
        Unit("transfer", run_transfer, claims.TRANSFER, after=("ts",)),
        Unit("vid", run_vid2vid, claims.OF_ARM["vid"], rival_steps, 1, after=("reader", "fbf")),
        Unit("portrait", run_portrait, claims.FACE, p.steps + p.face_steps),
        Unit("detector", run_detector, claims.AUC, 2 * config.detector_steps, 1, after=("ts",)),
        Unit("longer", run_longer, ("face_longer",), p.steps + p.face_steps, 2),
    ]


EXPERIMENT = Experiment(
    chapter=9,
    config=CONFIG,
    units=units,
    metrics=claims.METRICS,
    paper=claims.PAPER,
    claims=claims.CLAIMS,
    derived=claims.DERIVED,
    seeds={"laptop": 3, "workshop": 1, "full": 3},
    precision="fp32",  # D's instance norm would sum in bfloat16
    differs=(
        "rendered dancers at 64x48 px with exact keypoints, 360 frames of the target and minutes "
        "of training instead of real video at 1024x512, 20 minutes of it and days; an L1 distance "
        "instead of a perceptual one; no hands; face points are nose, eyes and ears; poses are "
        "read by a small net trained on the target; vid2vid is told the true flow"
    ),
)
