"""A learner's own video: read only with consent, and marked when it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.dance.placing import normalize, pose_stats
from cvlib.dance.pose import estimate_pose
from cvlib.dance.smoothing import gaussian
from cvlib.video.io import read_frames, write_video


@dataclass(frozen=True)
class OwnVideo:
    """Frames (T, 3, H, W) in [-1, 1] and smoothed keypoints (T, 21, 3)."""

    frames: Tensor
    keypoints: Tensor


def own_video(
    path: str | Path, consent: bool, size: tuple[int, int], backend: str = "torchvision",
    sigma: float = 1.3,
) -> OwnVideo:  # fmt: skip
    """Read a video of yourself at `size` (H, W), find the poses and smooth them.

    `consent` says that whoever is seen in it has agreed to what is made of it. Raises `CourseError`
    without, for a video without anybody, and for a single frame.
    """
    if consent is not True:
        raise CourseError("nobody agreed: set I_HAVE_CONSENT = True once all people in it did")
    frames = read_frames(path, size)
    if len(frames) < 2:
        raise CourseError(f"{Path(path).name} has one frame: a dance needs more")
    keypoints = gaussian(estimate_pose(frames, backend), sigma)
    if not (keypoints[..., 2] > 0).any():
        raise CourseError(f"nobody was found in {Path(path).name}: film the whole body, well lit")
    return OwnVideo(frames, keypoints)


def retargeted(source: OwnVideo, target: OwnVideo) -> Tensor:
    """The source's keypoints (T, 21, 3) where the target would stand, in frames of one size."""
    if source.frames.shape[-2:] != target.frames.shape[-2:]:
        raise CourseError("source and target have frames of two sizes: read both at the same size")
    S, T = pose_stats(source.keypoints), pose_stats(target.keypoints)
    return normalize(source.keypoints, S, T, target.frames.shape[-1])


def write_marked(path: str | Path, video: Tensor, fps: float) -> Path:
    """Write a generated video (T, 3, H, W), marked in its corner and in its metadata."""
    return write_video(path, video, fps, mark=True)
