import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.coherence import flicker, temporal_difference_error, warp_error
from cvlib.dance.footage import rendered
from cvlib.dance.judge import (
    away,
    body_ssim,
    face_ssim,
    likeness,
    moving,
    nearest,
    perform_clips,
    verdict,
)
from cvlib.dance.material import TARGET, target_stage
from cvlib.dance.nets import PoseToFrame, perform
from cvlib.synth.dancer import dance_clip


@pytest.fixture(scope="module")
def clip():
    return dance_clip(5, TARGET, target_stage(48, 36), seed=2, flow=True)


def test_the_true_video_is_perfect(clip):
    told = verdict(clip.rgb, clip)
    assert told.ssim == pytest.approx(1)
    assert told.tde == 0
    assert told.psnr > 90
    assert 0 < told.warp < 0.08, "shading and resampling"
    psnr, overlap = likeness(clip.rgb, clip)
    assert psnr > 90
    assert overlap > 0.6, "her shadow differs from the empty stage, too"


def test_noise_flickers_and_an_empty_stage_has_nobody(clip):
    noisy = clip.rgb + 0.3 * torch.randn_like(clip.rgb)
    told = verdict(noisy, clip)
    assert told.tde > 0.1
    assert told.ssim < 0.8
    assert told.warp > verdict(clip.rgb, clip).warp
    _, overlap = likeness(clip.background.expand_as(clip.rgb), clip)
    assert overlap == 0


def test_a_constant_change_of_brightness_is_no_flicker(clip):
    brighter = clip.rgb + 0.2
    where = moving(clip)
    assert temporal_difference_error(brighter, clip.rgb, clip.flow, where) < 1e-6
    assert body_ssim(brighter, clip) < 1


def test_a_picture_that_moves_with_the_flow_does_not_flicker():
    x = torch.arange(12.0).expand(1, 3, 8, 12) / 12
    video = torch.cat([x, x.roll(1, -1), x.roll(2, -1)])
    flow = torch.zeros(3, 2, 8, 12)
    flow[:, 0] = -1  # what is here was one pixel to the left
    assert flicker(video, flow)[..., 3:].abs().max() < 1e-6
    where = torch.zeros(3, 1, 8, 12, dtype=torch.bool)
    where[..., 3:] = True
    assert warp_error(video, flow, where) < 1e-6
    assert warp_error(video, torch.zeros_like(flow), where) > 0.02
    with pytest.raises(CourseError, match="no motion to judge"):
        warp_error(video, flow, where & False)
    with pytest.raises(CourseError, match="does not flicker"):
        flicker(video[:1], flow[:1])


def test_the_person_is_where_it_is_judged(clip):
    where = moving(clip)
    assert where.shape == (5, 1, 48, 36)
    assert not where[0].any()
    assert (where & ~clip.person).sum() == 0
    assert where[1:].any()


def test_every_clip_is_drawn_from_its_own_beginning(clip):
    G = PoseToFrame(8, 1, 1, previous=True).eval()
    both = rendered(clip, clip)
    drawn = perform_clips(G, both)
    assert drawn.shape == both.frames.shape
    torch.testing.assert_close(drawn[:5], drawn[5:])
    torch.testing.assert_close(drawn[5:], perform(G, both.sticks[5:]))
    corners = torch.zeros(10, 2, dtype=torch.long)
    assert face_ssim(both.frames, both, corners, 16) == pytest.approx(1)
    assert face_ssim(drawn, both, corners, 16) < 0.9


def test_the_nearest_frame_is_found(clip):
    frame, distance = nearest(clip.rgb[3:5] + 0.1, clip.rgb)
    assert frame.tolist() == [3, 4]
    torch.testing.assert_close(distance, torch.full((2,), 0.1))
    torch.testing.assert_close(away(clip.rgb + 0.1, clip.rgb), torch.full((5,), 0.1))
