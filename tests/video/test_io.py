import builtins
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.video.io import (
    corner_mark,
    html_video,
    read_frames,
    says_synthetic,
    to_bytes,
    write_video,
)


def needs_ffmpeg():
    if not shutil.which("ffmpeg"):
        pytest.importorskip("imageio_ffmpeg")


def video(T=5, H=24, W=40):
    """Smooth colours that drift: video codecs like them."""
    t, y, x = torch.meshgrid(*(torch.arange(n) for n in (T, H, W)), indexing="ij")
    waves = [torch.sin(0.1 * x + 0.3 * t), torch.cos(0.15 * y + 0.2 * t), torch.sin(0.05 * (x + y))]
    return torch.stack(waves, 1).float()


def folder_of(tmp_path, numbers, size=(8, 6)):
    for n in numbers:
        Image.new("RGB", size, (n, 0, 0)).save(tmp_path / f"frame{n}.png")
    return tmp_path


def test_an_animation_comes_back(tmp_path):
    path = write_video(tmp_path / "a.webp", video(), fps=10, mark=False)
    back = read_frames(path)
    assert back.shape == (5, 3, 24, 40)
    assert (back - video()).abs().mean() < 0.05
    assert says_synthetic(path)


def test_an_mp4_comes_back(tmp_path):
    needs_ffmpeg()
    path = write_video(tmp_path / "a.mp4", video(), mark=False)
    back = read_frames(path)
    assert back.shape == (5, 3, 24, 40)
    assert (back - video()).abs().mean() < 0.05
    assert says_synthetic(path)
    assert torch.equal(read_frames(path, limit=2), back[:2])


def test_odd_sides_of_an_mp4_get_their_border_twice(tmp_path):
    needs_ffmpeg()
    odd = video(3, 33, 65)
    back = read_frames(write_video(tmp_path / "a.mp4", odd, mark=False))
    assert back.shape == (3, 3, 34, 66)
    assert (back[..., :33, :65] - odd).abs().mean() < 0.06


def test_without_ffmpeg_one_sentence_says_what_helps(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "imageio_ffmpeg":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(CourseError, match=r"pip install imageio-ffmpeg.*webp"):
        write_video(tmp_path / "a.mp4", video())
    (tmp_path / "b.mp4").write_bytes(b"something")
    with pytest.raises(CourseError, match="pip install imageio-ffmpeg"):
        read_frames(tmp_path / "b.mp4")


def test_the_mark_is_in_the_corner_of_every_frame_by_default(tmp_path):
    grey = torch.zeros(3, 3, 40, 60)
    marked = corner_mark(grey)
    assert (grey == 0).all(), "the video that was handed in is left alone"
    assert (marked[..., -7:, -11:].abs() == 1).all()
    rest = marked.clone()
    rest[..., -7:, -11:] = 0
    assert (rest == 0).all()
    back = read_frames(write_video(tmp_path / "a.webp", grey))
    assert (back[..., -7:, -11:].abs() > 0.5).float().mean() > 0.8
    assert corner_mark(torch.zeros(1, 3, 128, 256))[0, 0, -14:, -22:].abs().min() == 1


def test_bytes_round_and_stay_in_range():
    frames = to_bytes(torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5))
    assert frames.shape == (1, 1, 5, 3)
    assert frames[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_a_folder_is_read_by_numbers_not_by_letters(tmp_path):
    frames = read_frames(folder_of(tmp_path, [8, 9, 10, 11]))
    reds = ((frames[:, 0, 0, 0] + 1) * 127.5).round().tolist()
    assert reds == [8, 9, 10, 11]
    assert read_frames(tmp_path, limit=2).shape == (2, 3, 6, 8)


def test_a_folder_may_count_in_steps(tmp_path):
    assert len(read_frames(folder_of(tmp_path, [10, 12, 14]))) == 3


def test_a_missing_frame_is_named(tmp_path):
    with pytest.raises(CourseError, match="after number 3 is missing"):
        read_frames(folder_of(tmp_path, [1, 2, 3, 5, 6]))


def test_the_middle_is_cut_out(tmp_path):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 15:25] = 255
    Image.fromarray(wide).save(tmp_path / "1.png")
    found = read_frames(tmp_path, size=(10, 10))
    assert found.shape == (1, 3, 10, 10)
    assert found.min() == 1


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: folder / "absent.mp4", "no video absent.mp4"),
        (lambda folder: folder, "no frames"),
        (lambda folder: _write(folder / "a.webp", b"not a film"), "cannot be read"),
        (lambda folder: _two_sizes(folder), "several sizes"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path, prepare, words):
    with pytest.raises(CourseError, match=words):
        read_frames(prepare(tmp_path))


def test_an_unreadable_mp4_is_said_in_a_sentence(tmp_path):
    needs_ffmpeg()
    with pytest.raises(CourseError, match="cannot be read"):
        read_frames(_write(tmp_path / "a.mp4", b"not a film"))


@pytest.mark.parametrize(
    ("name", "frames", "words"),
    [
        ("a.avi", torch.zeros(2, 3, 16, 16), "as .mp4 or as .webp"),
        ("a.webp", torch.zeros(3, 16, 16), "a video"),
        ("a.webp", torch.zeros(0, 3, 16, 16), "a video"),
        ("a.webp", torch.zeros(2, 3, 5, 16), "too small for the mark"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path, name, frames, words):
    with pytest.raises(CourseError, match=words):
        write_video(tmp_path / name, frames)


def test_a_page_embeds_only_small_files(tmp_path):
    path = write_video(tmp_path / "a.webp", video())
    page = html_video(path, "a drifting pattern")
    assert 'alt="a drifting pattern"' in page
    assert "data:image/webp;base64," in page
    _write(tmp_path / "b.mp4", b"small")
    assert "<video loop muted autoplay" in html_video(tmp_path / "b.mp4", "x")
    _write(tmp_path / "c.mp4", bytes(2_000_001))
    with pytest.raises(CourseError, match="at most 2"):
        html_video(tmp_path / "c.mp4", "x")


def _write(path, data):
    path.write_bytes(data)
    return path


def _two_sizes(folder):
    folder_of(folder, [1], (8, 6))
    return folder_of(folder, [2], (9, 6))
