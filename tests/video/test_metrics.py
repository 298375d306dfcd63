import math

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.synth.street import street_clip
from cvlib.video.features import Random3D
from cvlib.video.metrics import (
    frechet_video,
    hf_ratio,
    innovation,
    mask_iou,
    psnr,
    psnr_where,
    temporal_difference_error,
    warp_error,
)


@pytest.fixture(scope="module")
def clip():
    return street_clip(0, 6, (32, 64))


def still(clip):
    """A constant video with a flow and everything visible."""
    return torch.full_like(clip.rgb, 0.3)


def class_means(clip):
    """Every pixel in the mean colour of its class over the clip."""
    colors = torch.stack([
        clip.rgb.movedim(1, -1)[clip.labels == name].mean(0)
        if (clip.labels == name).any() else torch.zeros(3)
        for name in range(7)
    ])  # fmt: skip
    return colors[clip.labels].movedim(-1, 1)


def test_the_real_video_has_no_temporal_difference_to_itself(clip):
    assert temporal_difference_error(clip.rgb, clip.rgb, clip.flow, clip.visible) == 0


def test_a_constant_video_wins_the_warp_error_and_not_the_tde(clip):
    constant = still(clip)
    assert warp_error(constant, clip.flow, clip.visible) < 1e-6
    assert temporal_difference_error(constant, clip.rgb, clip.flow, clip.visible) > 0.005


def test_the_class_mean_video_beats_the_real_one_at_the_warp_error_alone(clip):
    """The trap of Sec. 5: less warp error than the truth, by being a poster of it."""
    poster = class_means(clip)
    assert warp_error(poster, clip.flow, clip.visible) < warp_error(
        clip.rgb, clip.flow, clip.visible
    )
    assert hf_ratio(poster, clip.rgb) < 1
    assert psnr(poster, clip.rgb).mean() < 25


def test_psnr_of_a_part_counts_its_pixels_alone():
    """Errors of 0.2 on four pixels of sixteen and of 1 on the rest: 20 dB there, 0 dB elsewhere."""
    real = torch.zeros(2, 3, 4, 4)
    where = torch.zeros(2, 1, 4, 4)
    where[0, :, :2, :2] = 1  # the second frame has no such pixel
    fake = torch.where(where.bool(), torch.tensor(0.2), torch.tensor(2.0)).expand(2, 3, 4, 4)
    assert psnr_where(fake, real, where) == pytest.approx(20.0, abs=1e-4)
    assert psnr_where(fake, real, 1 - where) == pytest.approx(0.0, abs=1e-4)
    assert psnr_where(fake[None], real[None], where[None]) == pytest.approx(20.0, abs=1e-4)


@pytest.mark.parametrize(
    ("where", "said"),
    [(torch.zeros(2, 1, 4, 4), "no pixel is chosen"), (torch.ones(2, 4, 4), "does not choose")],
)
def test_psnr_of_nothing_is_refused(where, said):
    with pytest.raises(CourseError, match=said):
        psnr_where(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4), where)


def test_flicker_shows_in_both(clip):
    draw = torch.Generator().manual_seed(0)
    noisy = (clip.rgb + 0.1 * torch.randn(clip.rgb.shape, generator=draw)).clamp(-1, 1)
    calm = warp_error(clip.rgb, clip.flow, clip.visible)
    assert warp_error(noisy, clip.flow, clip.visible) > 2 * calm
    tde = temporal_difference_error(noisy, clip.rgb, clip.flow, clip.visible)
    assert 0.02 < tde < 0.1


def test_what_moves_with_the_flow_adds_nothing():
    picture = torch.rand(3, 12, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    video = torch.stack([picture.roll(2 * t, dims=-1) for t in range(4)])
    flow = torch.zeros(4, 2, 12, 24)
    flow[:, 0] = -2
    new = innovation(video, flow)
    assert new[..., 2:].abs().max() < 1e-5
    visible = torch.ones(4, 1, 12, 24)
    visible[..., :2] = 0
    assert warp_error(video, flow, visible) < 1e-6
    assert warp_error(video, 0 * flow, visible) > 0.1
    assert warp_error(video, -flow, visible) > 0.1, "the flow leads to the frame before"


def test_any_flow_explains_a_constant_picture():
    video = torch.full((3, 3, 8, 8), -0.4)
    visible = torch.ones(3, 1, 8, 8)
    for flow in (0.0, 1.7, -20.0):
        field = torch.full((3, 2, 8, 8), flow)
        assert warp_error(video, field, visible) < 1e-6
        assert temporal_difference_error(video, video, field, visible) == 0


def test_hidden_pixels_and_the_first_flow_do_not_count(clip):
    spoiled = clip.rgb.clone()
    visible = clip.visible.clone()
    visible[..., :8] = False
    flow = clip.flow.clone()
    flow[0] = 1e3
    spoiled[..., :4] = 1  # left of every pixel that counts, and of its source
    near = warp_error(clip.rgb, flow, visible), warp_error(spoiled, clip.flow, visible)
    assert abs(near[0] - near[1]) < 2e-3
    values = torch.zeros(2, 3, 4, 4)
    values[1, :, 0, 0] = 1
    seen = torch.zeros(2, 1, 4, 4)
    seen[1, 0, 0, :2] = 1
    assert warp_error(values, torch.zeros(2, 2, 4, 4), seen) == pytest.approx(0.25)


def test_a_batch_is_the_mean_of_its_clips(clip):
    both = torch.stack([clip.rgb, clip.rgb.flip(-1)])
    flow = torch.stack([clip.flow, clip.flow])
    seen = torch.ones(2, 6, 1, 32, 64)
    alone = [warp_error(both[i], flow[i], seen[i]) for i in (0, 1)]
    assert warp_error(both, flow, seen) == pytest.approx(sum(alone) / 2, rel=1e-5)
    assert psnr(both, both.roll(1, 0)).shape == (2, 6)


def test_psnr_of_a_known_error():
    real = torch.zeros(2, 3, 4, 4)
    fake = real.clone()
    fake[1] += 0.2  # 0.1 on the scale of [0, 1]
    found = psnr(fake, real)
    assert found[1].item() == pytest.approx(20, abs=1e-4)
    assert found[0] >= 99


def test_sharpness_is_relative(clip):
    assert hf_ratio(clip.rgb, clip.rgb) == pytest.approx(1)
    assert hf_ratio(0.5 * clip.rgb, clip.rgb) == pytest.approx(0.5, rel=1e-4)
    blurred = torch.nn.functional.avg_pool2d(clip.rgb, 3, 1, 1)
    assert hf_ratio(blurred, clip.rgb) < 0.6
    assert hf_ratio(still(clip), clip.rgb) < 1e-5


def test_iou_of_masks():
    mask = torch.tensor([0.9, 0.8, 0.1, 0.2])
    truth = torch.tensor([1, 0, 1, 0])
    assert mask_iou(mask, truth) == pytest.approx(1 / 3)
    assert mask_iou(mask, mask > 0.5) == 1
    assert mask_iou(torch.zeros(3), torch.zeros(3)) == 1
    assert mask_iou(torch.ones(3), torch.zeros(3)) == 0


class Means:
    """Features whose distribution a test can choose: the first pixel's colours."""

    name = "first pixels"

    def __call__(self, videos):
        return videos[:, 0, :, 0, 0]


def test_frechet_of_known_gaussians():
    draw = torch.Generator().manual_seed(0)
    base = torch.randn(40, 3, generator=draw, dtype=torch.float64)
    base = (base - base.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(base.T.cov().T)).T
    scale = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    shift = torch.tensor([0.3, 0.0, -0.4], dtype=torch.float64)
    one = torch.zeros(40, 1, 3, 1, 1, dtype=torch.float64)
    two = one.clone()
    one[:, 0, :, 0, 0] = base
    two[:, 0, :, 0, 0] = base * scale + shift
    closed = shift.square().sum() + (1 - scale).square().sum()
    assert frechet_video(two, one, Means()) == pytest.approx(float(closed), rel=1e-6)
    assert frechet_video(one, one, Means()) == pytest.approx(0, abs=1e-9)


def test_random_features_are_the_seed_s():
    videos = torch.rand(3, 4, 3, 16, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    state = torch.get_rng_state()
    one, again, other = Random3D(0)(videos), Random3D(0)(videos), Random3D(1)(videos)
    assert torch.equal(torch.get_rng_state(), state)
    assert one.shape == (3, 64)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert "seed 1" in Random3D(1).name
    assert frechet_video(videos, videos, Random3D()) == pytest.approx(0, abs=1e-6)
    moved = videos.flip(1)
    assert not torch.allclose(Random3D(0)(moved), one), "time has a direction"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda v, f, s: warp_error(v[:1], f[:1], s[:1]), "at least two frames"),
        (lambda v, f, s: warp_error(v, f[1:], s), "one field"),
        (lambda v, f, s: warp_error(v, f, s[:, :, :4]), "one map"),
        (lambda v, f, s: warp_error(v, f, 0 * s), "nothing was visible"),
        (lambda v, f, s: hf_ratio(v, v[1:]), "one shape"),
        (lambda v, f, s: mask_iou(s, s[1:]), "differ"),
        (lambda v, f, s: frechet_video(v, v, Random3D()), r"\(B, T, 3, H, W\)"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, words):
    inputs = torch.zeros(3, 3, 8, 8), torch.zeros(3, 2, 8, 8), torch.ones(3, 1, 8, 8)
    with pytest.raises(CourseError, match=words):
        call(*inputs)


def test_errors_are_on_the_scale_of_0_to_1():
    video = torch.zeros(2, 3, 4, 4)
    video[1] = 2  # from the middle by a whole range
    assert warp_error(video, torch.zeros(2, 2, 4, 4), torch.ones(2, 1, 4, 4)) == 1
    assert math.isclose(float(psnr(video[1], video[1] - 2)), 0, abs_tol=1e-5)
