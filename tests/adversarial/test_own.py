"""Photos of any size and mode; what is none is refused in one sentence."""

import pytest
from PIL import Image

from cvlib.adversarial.own import read_photo
from cvlib.course.errors import CourseError


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(90, 40), (33, 70)])
def test_any_picture_becomes_a_square(tmp_path, mode, size):
    kind = "tiff" if mode in ("CMYK", "I;16") else "png"
    Image.new(mode, size, 1).save(tmp_path / f"x.{kind}")
    got = read_photo(tmp_path / f"x.{kind}", 24)
    assert got.shape == (1, 3, 24, 24)
    assert 0 <= got.min() <= got.max() <= 1


def test_transparent_is_white_and_cameras_turn(tmp_path):
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_photo(tmp_path / "clear.png", 20).min() == 1
    picture = Image.new("RGB", (60, 60))
    picture.paste((255, 255, 255), (0, 0, 60, 30))
    exif = picture.getexif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "turned.png", exif=exif)
    got = read_photo(tmp_path / "turned.png", 20)
    assert got[0, 0, -1].mean() > 0.9 > 0.1 > got[0, 0, 0].mean()


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    Image.new("L", (5, 50)).save(tmp_path / "thin.png")
    for name, match in (("text.jpg", "no picture"), ("none.png", "no file"), ("thin.png", "16")):
        with pytest.raises(CourseError, match=match):
            read_photo(tmp_path / name, 24)
