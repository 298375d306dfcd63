"""What the video discriminator sees: K frames of a video at several paces (Eq. 7)."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.video.flow import chain


def temporal_index(T: int, K: int = 3, scale: int = 0) -> list[list[int]]:
    """All runs of K frames that lie `K**scale` apart in a video of T frames, by their first frame.

    K = 3: scale 0 sees frames 0 1 2, 1 2 3, ...; scale 1 sees 0 3 6, ...; scale 2 sees 0 9 18, ....
    No run fits where the video is not longer than `(K - 1) K**scale`.
    """
    stride = K**scale
    span = (K - 1) * stride
    return [list(range(first, first + span + 1, stride)) for first in range(T - span)]


def runs(frames: Tensor, K: int, stride: int) -> Tensor | None:
    """All runs of K frames `stride` apart as channels, (B, n, K C, H, W), from (B, T, C, H, W).

    None where no run fits. Slices, not indices: on a GPU nothing has to be copied there.
    """
    count = frames.shape[1] - (K - 1) * stride
    if count < 1:
        return None
    shifted = [frames[:, k * stride : k * stride + count] for k in range(K)]
    return torch.cat(shifted, dim=2)


def temporal_clips(frames: Tensor, K: int = 3, scales: int = 2) -> list[Tensor | None]:
    """The runs of each scale, (B n_s, K C, H, W); None where the video is too short.

    `frames` is (B, T, C, H, W). Real and generated videos of one length give the same runs, those
    of `temporal_index`.
    """
    found = [runs(frames, K, K**scale) for scale in range(scales)]
    return [None if run is None else run.flatten(0, 1) for run in found]


def flow_over(flow: Tensor, steps: int) -> Tensor:
    """Flows (B, T, 2, H, W) of one step each, chained over `steps`: (B, T - steps + 1, 2, H, W).

    The first result leads from frame `steps - 1` to the frame before frame 0.
    """
    B, T = flow.shape[:2]
    count = T - steps + 1
    total = flow[:, steps - 1 :].flatten(0, 1)  # (B count, 2, H, W)
    for back in range(1, steps):
        first = steps - 1 - back
        earlier = flow[:, first : first + count].flatten(0, 1)
        total = chain(total, earlier)
    return total.unflatten(0, (B, count))


def conditioned_clips(
    frames: Tensor, flow: Tensor, K: int = 3, scales: int = 1, unit: float = 8.0
) -> list[Tensor | None]:
    """The runs of each scale with the flow between their frames: (B n_s, 3 K + 2 (K - 1), H, W).

    `frames` (B, T, 3, H, W) may be real or generated, `flow` (B, T, 2, H, W) is always that of the
    real video, in pixels; it is given in units of `unit` pixels.
    """
    clips: list[Tensor | None] = []
    for scale, run in enumerate(temporal_clips(frames, K, scales)):
        if run is None:
            clips.append(None)
            continue
        stride = K**scale
        between = flow_over(flow[:, 1:], stride)  # flow j leads from frame j + stride to frame j
        chosen = runs(between, K - 1, stride).flatten(0, 1)  # (B n_s, 2 (K - 1), H, W)
        clips.append(torch.cat([run, chosen / unit], dim=1))
    return clips
