"""How a drawn video is judged: on the person, in the box of the pose, in that of the face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.dance.coherence import temporal_difference_error, warp_error
from cvlib.dance.face import crop
from cvlib.dance.footage import Footage
from cvlib.dance.nets import PoseToFrame, perform
from cvlib.metrics.person import box_ssim, mask_overlap, masked_psnr, person_mask, pose_boxes
from cvlib.metrics.structure import ssim
from cvlib.synth.dancer import Clip

MARGIN = 4  # pixels around the joints, of the box in which the body is judged


@dataclass(frozen=True)
class Verdict:
    """A video against the true clip of the same dance."""

    ssim: float  # in the box of the pose
    psnr: float  # on the person, dB
    tde: float  # on the person, along the true flow
    warp: float


def verdict(video: Tensor, clip: Clip) -> Verdict:
    """Judge a video (T, 3, H, W) in [-1, 1] against a clip with flow, both on the CPU."""
    where = moving(clip)
    return Verdict(
        body_ssim(video, clip),
        float(masked_psnr(video, clip.rgb, clip.person[:, 0]).mean()),
        temporal_difference_error(video, clip.rgb, clip.flow, where),
        warp_error(video, clip.flow, where),
    )


def moving(clip: Clip) -> Tensor:
    """Where a clip's motion is judged, (T, 1, H, W) bool: the person, where it was seen before."""
    return clip.visible & clip.person


def body_ssim(video: Tensor, clip: Clip) -> float:
    """Mean SSIM of a video (T, 3, H, W) with a clip's frames, in the box of the pose."""
    boxes = pose_boxes(clip.keypoints, MARGIN, *video.shape[-2:])
    return float(box_ssim(video, clip.rgb, boxes).mean())


def likeness(video: Tensor, truth: Clip) -> tuple[float, float]:
    """PSNR in dB where either person is, and overlap of the persons, of a transfer (T, 3, H, W).

    The drawn person is where the video differs from the empty stage.
    """
    drawn = person_mask(video, truth.background)  # (T, H, W)
    true = truth.person[:, 0]
    psnr = masked_psnr(video, truth.rgb, drawn | true).mean()
    return float(psnr), float(mask_overlap(drawn, true).mean())


def face_ssim(video: Tensor, truth: Footage, corners: Tensor, size: int) -> float:
    """Mean SSIM of a video's (T, 3, H, W) face boxes, at corners (T, 2), with the true ones."""
    made = crop(video, corners, size)
    true = crop(truth.frames, corners, size)
    return float(ssim(made, true, data_range=2.0).mean())


def perform_clips(G: PoseToFrame, footage: Footage) -> Tensor:
    """All frames (N, 3, H, W) of footage as G draws them, every clip from its own beginning."""
    inner = set(footage.starts.tolist())
    ends = [row for row in range(len(footage.frames)) if row not in inner]
    lengths = torch.tensor([-1, *ends]).diff().tolist()
    return torch.cat([perform(G, sticks) for sticks in footage.sticks.split(lengths)])


def away(video: Tensor, truth: Tensor) -> Tensor:
    """Root mean square difference (T,) of two videos (T, 3, H, W), frame by frame."""
    return (video - truth).square().flatten(1).mean(1).sqrt()


def nearest(video: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """For each frame of (T, 3, H, W) the nearest of (N, 3, H, W): its row (T,), its distance (T,).

    Distances are root mean squares over all pixels. A generator that copies what it was trained on
    lies nearer to a training frame than to the true one.
    """
    apart = torch.cdist(video.flatten(1)[None], training.flatten(1)[None])[0]  # (T, N)
    least = apart.min(dim=1)
    return least.indices, least.values / video[0].numel() ** 0.5
