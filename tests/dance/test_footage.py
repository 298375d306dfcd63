import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance.footage import (
    dance_keypoints,
    footage,
    jittered,
    near_sticks,
    rendered,
    sticks_of,
)  # fmt: skip
from cvlib.dance.material import TARGET, target_stage, track
from cvlib.synth.dancer import dance_clip
from tests.dance.tracks import scattered


def clip(frames, value=0.0):
    return torch.full((frames, 3, 16, 12), value), scattered(frames, size=12.0).float()


def test_neighbours_never_cross_from_one_clip_to_the_next():
    made = footage([clip(3, 0.1), clip(1, 0.2), clip(2, 0.3)])
    assert made.starts.tolist() == [0, 1, 4]
    for row in made.starts.tolist():
        assert torch.equal(made.frames[row], made.frames[row + 1])
    assert made.sticks.shape == made.frames.shape
    with pytest.raises(CourseError, match="no clip has two frames"):
        footage([clip(1)])


def test_a_rendered_clip_and_a_dance_without_frames_have_the_same_keypoints():
    stage = target_stage(32, 24)
    film = dance_clip(4, TARGET, stage, seed=5)
    kp = dance_keypoints(4, TARGET, stage, seed=5)
    torch.testing.assert_close(film.keypoints[..., :2].double(), kp[..., :2], atol=1e-3, rtol=0)
    assert rendered(film).frames.shape == (4, 3, 32, 24)


def test_the_truth_of_a_transfer_is_the_same_dance_in_another_body():
    t = track(200, 3, (11,), 64, 48)
    assert t.source.shape == t.truth.shape == (200, 21, 3)
    assert (t.source - t.truth).abs().max() > 1
    assert t.source_stats.close > t.source_stats.far


def test_jitter_is_normal_noise_on_places_only():
    kp = scattered(400)
    noisy = jittered(kp, 2.0, torch.Generator().manual_seed(0))
    assert (noisy - kp)[..., :2].std() == pytest.approx(2.0, rel=0.05)
    assert torch.equal(noisy[..., 2], kp[..., 2])
    assert torch.equal(jittered(kp, 0.0, torch.Generator()), kp)


def test_what_is_near_a_stick():
    sticks = torch.zeros(1, 3, 9, 9)
    sticks[0, 1, 4, 4] = 0.3
    near = near_sticks(sticks, 2)
    assert near.sum() == 25
    assert near[0, 0, 2:7, 2:7].all()
    assert sticks_of(scattered(2, size=20), 24, 20).shape == (2, 3, 24, 20)
