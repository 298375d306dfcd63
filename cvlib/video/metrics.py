"""What a video is worth: frame by frame, from frame to frame, and as one of many.

Videos are (T, 3, H, W) or (B, T, 3, H, W) in [-1, 1]; errors are on the scale of [0, 1] colours.
Flow (T, 2, H, W) and visibility (T, 1, H, W), or with B, are those of the *real* video; those of
frame 0 lead out of the video and are not used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.course.errors import CourseError
from cvlib.metrics.frechet import frechet_from_features
from cvlib.video.features import VideoFeatures
from cvlib.video.flow import warp


def psnr(fake: Tensor, real: Tensor) -> Tensor:
    """Peak signal to noise ratio of every frame in decibels, (T,) or (B, T)."""
    _same(fake, real)
    error = ((fake - real) / 2).square().mean((-3, -2, -1))
    return -10 * torch.log10(error.clamp(min=1e-10))


def psnr_where(fake: Tensor, real: Tensor, where: Tensor) -> float:
    """The same over the pixels of all frames together where `where` (T, 1, H, W), or with B, is 1.

    Frames without such a pixel count for nothing; CourseError where no frame has one.
    """
    _same(fake, real)
    if where.shape != (*real.shape[:-3], 1, *real.shape[-2:]):
        raise CourseError(
            f"{tuple(where.shape)} does not choose pixels of videos {tuple(real.shape)}: "
            "one map (1, H, W) per frame is needed"
        )
    weight = where.to(real.dtype).expand_as(real)
    if not weight.sum() > 0:
        raise CourseError("no pixel is chosen: there is nothing to compare")
    error = (((fake - real) / 2).square() * weight).sum() / weight.sum()
    return float(-10 * torch.log10(error.clamp(min=1e-10)))


def innovation(video: Tensor, flow: Tensor) -> Tensor:
    """What each frame from the second on adds to the one before, moved by the flow.

    `x_t - w_t(x_{t-1})` in [0, 1] colours, (T - 1, 3, H, W) or with B. It is 0 where a video only
    moves, and holds flicker where it flickers.
    """
    if video.ndim not in (4, 5) or video.shape[-4] < 2:
        raise CourseError(
            f"a video of at least two frames (T, 3, H, W) is needed, not {tuple(video.shape)}"
        )
    if flow.shape != (*video.shape[:-3], 2, *video.shape[-2:]):
        raise CourseError(
            f"the flow {tuple(flow.shape)} does not fit the video {tuple(video.shape)}: "
            "one field (2, H, W) per frame is needed"
        )
    before = video[..., :-1, :, :, :].reshape(-1, *video.shape[-3:])  # (N, 3, H, W)
    now = video[..., 1:, :, :, :]
    motion = flow[..., 1:, :, :, :].reshape(-1, *flow.shape[-3:])  # (N, 2, H, W)
    return (now - warp(before, motion).reshape(now.shape)) / 2


def warp_error(video: Tensor, flow: Tensor, visible: Tensor) -> float:
    """Mean |x_t - w_t(x_{t-1})| over what was visible in the frame before (E_warp).

    A blurred or constant video has less of it than the real one: never read it alone. Videos
    (T, 3, H, W) or (B, T, 3, H, W).
    """
    return _mean_where_visible(innovation(video, flow).abs(), visible)


def temporal_difference_error(fake: Tensor, real: Tensor, flow: Tensor, visible: Tensor) -> float:
    """Mean |innovation of the fake - innovation of the real video| over the visible (TDE).

    It counts flicker that the real video has not *and* change that the fake lacks, such as detail
    that comes nearer. Videos (T, 3, H, W) or (B, T, 3, H, W); 0 for the real video itself.
    """
    _same(fake, real)
    apart = innovation(fake, flow) - innovation(real, flow)
    return _mean_where_visible(apart.abs(), visible)


def hf_ratio(fake: Tensor, real: Tensor) -> float:
    """How much fine detail a video has for one unit of the real one's: 1 as sharp, 0 none.

    Detail is the mean |x - box(x)| with a box of 3 x 3 pixels; videos (T, 3, H, W) or with B.
    """
    _same(fake, real)
    return float(_detail(fake) / _detail(real).clamp(min=1e-8))


def mask_iou(mask: Tensor, truth: Tensor) -> float:
    """Overlap of `mask > 1/2` with `truth` (any shape, the same): intersection over union.

    1 when both are empty.
    """
    if mask.shape != truth.shape:
        raise CourseError(f"masks {tuple(mask.shape)} and {tuple(truth.shape)} differ in shape")
    guess = mask > 0.5
    right = truth > 0.5
    either = (guess | right).sum()
    return float((guess & right).sum() / either) if either else 1.0


def frechet_video(fake: Tensor, real: Tensor, extractor: VideoFeatures) -> float:
    """The Fréchet distance of two sets of videos (B, T, 3, H, W) in the extractor's features.

    Exact also for fewer videos than features, and then biased upwards: compare only equal B, and
    report it with `extractor.name`.
    """
    return frechet_from_features(extractor(fake), extractor(real))


def _detail(video: Tensor) -> Tensor:
    x = video.reshape(-1, *video.shape[-3:])  # (N, 3, H, W)
    smooth = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    return (x - smooth).abs().mean()


def _mean_where_visible(error: Tensor, visible: Tensor) -> float:
    """The mean of errors (..., T - 1, 3, H, W) where visibility (..., T, 1, H, W) is 1."""
    weight = visible[..., 1:, :, :, :].to(error.dtype)
    if weight.shape[:-3] != error.shape[:-3] or weight.shape[-2:] != error.shape[-2:]:
        raise CourseError(
            f"the visibility {tuple(visible.shape)} does not fit: one map (1, H, W) per frame"
        )
    total = weight.sum() * error.shape[-3]
    if not total > 0:
        raise CourseError("nothing was visible in the frame before: there is no error to average")
    return float((error * weight).sum() / total)


def _same(fake: Tensor, real: Tensor) -> None:
    if fake.shape != real.shape:
        raise CourseError(
            f"two videos of one shape are compared, not {tuple(fake.shape)} and {tuple(real.shape)}"
        )
