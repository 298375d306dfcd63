import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.dance import own
from cvlib.dance.own import OwnVideo, own_video, retargeted, write_marked
from cvlib.video.io import corner_mark, read_frames, says_synthetic
from tests.dance.tracks import standing


def test_without_consent_nothing_is_read(tmp_path):
    for consent in (False, None, "yes", 1):
        with pytest.raises(CourseError, match="nobody agreed"):
            own_video(tmp_path / "missing.mp4", consent, (32, 24))


@pytest.fixture
def film(tmp_path, monkeypatch):
    """A function that writes so many frames and sets what the pose detector finds in them."""

    def make(frames, keypoints):
        path = write_marked(tmp_path / "me.webp", torch.rand(frames, 3, 32, 24), 10)
        monkeypatch.setattr(own, "estimate_pose", lambda video, backend: keypoints)
        return path

    return make


def test_a_video_of_oneself_has_smoothed_poses(film):
    kp = standing([20.0, 22.0, 20.0, 22.0], 12.0, 24).float()
    me = own_video(film(4, kp), True, (32, 24))
    assert me.frames.shape == (4, 3, 32, 24)
    assert me.keypoints[:, 11, 1].diff().abs().max() < 1


def test_one_frame_and_nobody_are_said_in_a_sentence(film):
    with pytest.raises(CourseError, match="has one frame"):
        own_video(film(1, torch.zeros(1, 21, 3)), True, (32, 24))
    with pytest.raises(CourseError, match="nobody was found"):
        own_video(film(3, torch.zeros(3, 21, 3)), True, (32, 24))
    with pytest.raises(CourseError, match="there is no video"):
        own_video("missing.mp4", True, (32, 24))


def test_one_person_goes_to_the_others_stage():
    frames = torch.zeros(5, 3, 64, 64)
    near = OwnVideo(frames, standing([40.0, 44, 48, 52, 60], 30.0))
    far = OwnVideo(frames, standing([30.0, 31, 32, 33, 36], 15.0))
    assert retargeted(near, far)[:, 11, 1].max() == pytest.approx(36)
    small = OwnVideo(frames[..., :32], far.keypoints)
    with pytest.raises(CourseError, match="frames of two sizes"):
        retargeted(near, small)


def test_what_is_written_is_marked(tmp_path):
    video = torch.zeros(2, 3, 32, 24)
    video[1] = 0.3
    path = write_marked(tmp_path / "made.webp", video, 10)
    assert says_synthetic(path)
    back = read_frames(path)
    assert (back[0] - corner_mark(video)[0]).abs().mean() < 0.1
    assert back[..., -7:, -11:].std() > 0.5
