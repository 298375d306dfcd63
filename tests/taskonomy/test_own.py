import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.taskonomy.own import LEAST, read_folder, write_folder


@pytest.fixture
def folder(tmp_path):
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(LEAST, 3, 16, 16, generator=generator)
    return write_folder(tmp_path / "own", rgb, rgb.mean(1, keepdim=True))


def test_what_was_written_is_read(folder):
    rgb, label = read_folder(folder, 16)
    assert rgb.shape == (LEAST, 3, 16, 16)
    assert label.shape == (LEAST, 1, 16, 16)
    torch.testing.assert_close(rgb.mean(1, keepdim=True), label, atol=4e-3, rtol=0)
    small, _ = read_folder(folder, 8)
    assert small.shape[-1] == 8


def test_sixteen_bit_depth_keeps_its_range(folder):
    ramp = np.linspace(0, 65535, 16 * 24).reshape(16, 24).astype(np.uint16)
    Image.fromarray(ramp).save(folder / "label" / "0000.png")
    _, label = read_folder(folder, 16)
    assert label.shape == (LEAST, 1, 16, 16)
    assert 0.4 < label[0].mean() < 0.6
    assert label[0].max() > 0.9


def test_bad_folders_are_one_sentence(folder, tmp_path):
    with pytest.raises(CourseError, match="there is no folder"):
        read_folder(tmp_path / "nowhere", 16)
    (folder / "rgb" / "extra.png").write_bytes((folder / "rgb" / "0000.png").read_bytes())
    with pytest.raises(CourseError, match="extra is in only one"):
        read_folder(folder, 16)
    (folder / "rgb" / "extra.png").unlink()
    (folder / "label" / "0003.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match=r"0003.png is no picture"):
        read_folder(folder, 16)


def test_too_few_pairs_and_constant_labels(tmp_path):
    few = write_folder(tmp_path / "few", torch.rand(3, 3, 8, 8), torch.rand(3, 1, 8, 8))
    with pytest.raises(CourseError, match="holds 3 pairs"):
        read_folder(few, 8)
    flat = write_folder(
        tmp_path / "flat", torch.rand(LEAST, 3, 8, 8), torch.full((LEAST, 1, 8, 8), 0.5)
    )
    with pytest.raises(CourseError, match="same constant"):
        read_folder(flat, 8)
