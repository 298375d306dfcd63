import io

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.chapters.fast_photo_style.sets import read_mask, sample_pairs, sample_photo
from cvlib.course.errors import CourseError
from cvlib.stylization.photos import cover, read_photo, resize, to_image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def picture():
    ramp = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)
    return Image.fromarray(ramp)


def test_plain_photo(picture):
    photo = read_photo(encoded(picture))
    assert photo.shape == (3, 48, 64)
    assert photo.dtype == torch.float32
    np.testing.assert_array_equal(to_image(photo), picture)


def test_exif_rotation_is_applied(picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: the sensor's left is the photo's top
    photo = read_photo(encoded(picture, exif=exif))
    np.testing.assert_array_equal(to_image(photo), picture.transpose(Image.Transpose.ROTATE_270))


def test_transparency_is_laid_on_white(picture):
    clear = picture.convert("RGBA")
    clear.putalpha(0)
    assert read_photo(encoded(clear)).min() == 1
    palette = picture.convert("P")
    palette.info["transparency"] = 0
    assert read_photo(encoded(palette, transparency=0)).shape == (3, 48, 64)


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "CMYK", "YCbCr"])
def test_every_mode_becomes_rgb(picture, mode):
    # Packed, since Pillow up to 12.2 cannot read back its own unpacked YCbCr TIFF.
    tiff = {"kind": "TIFF", "compression": "tiff_lzw"} if mode in ("CMYK", "YCbCr") else {}
    photo = read_photo(encoded(picture.convert(mode), **tiff))
    assert photo.shape == (3, 48, 64)
    assert abs(float(photo.mean()) - 0.5) < 0.06


def test_sixteen_bits_keep_their_range():
    deep = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    photo = read_photo(encoded(Image.fromarray(deep)))
    assert photo.shape == (3, 48, 64)
    torch.testing.assert_close(photo[0], torch.from_numpy(deep / 65535).float(), atol=1e-4, rtol=0)


def test_forty_megapixels_are_reduced():
    large = Image.new("RGB", (7680, 5208), (200, 100, 50))
    photo = read_photo(encoded(large, "JPEG"), pixels=500_000)
    assert 450_000 < photo[0].numel() <= 500_000
    assert photo.shape[2] / photo.shape[1] == pytest.approx(7680 / 5208, rel=0.01)
    assert photo[:, 5, 5].tolist() == pytest.approx([200 / 255, 100 / 255, 50 / 255], abs=0.02)


def test_small_photos_are_never_enlarged(picture):
    assert read_photo(encoded(picture), pixels=10**6).shape == (3, 48, 64)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (encoded(Image.new("RGB", (1, 400))), "1x400 pixels, but a photo needs at least 32"),
        (b"not a picture", "cannot be read as a picture"),
        (encoded(Image.new("RGB", (64, 64)), "JPEG")[:300], "cannot be read as a picture"),
        (encoded(Image.new("1", (20000, 8000))), "160 megapixels, more than the 120"),
    ],
)
def test_what_is_no_photo_is_refused_in_one_sentence(data, text):
    with pytest.raises(CourseError, match=text) as caught:
        read_photo(data)
    assert str(caught.value).count("\n") == 0


def test_a_missing_file_is_named():
    with pytest.raises(CourseError, match=r"holiday\.jpg cannot be read"):
        read_photo("holiday.jpg")


def test_sample_pairs_have_one_size():
    pairs = sample_pairs(24, 32)
    assert [p.name for p in pairs] == ["china as flower", "china as coffee", "rocket as china"]
    assert {p.content.shape for p in pairs} | {p.style.shape for p in pairs} == {(3, 24, 32)}


def test_cover_cuts_the_centre():
    photo = torch.zeros(3, 100, 300)
    photo[:, :, 100:200] = 1
    assert cover(photo, 20, 20)[:, 2:-2, 2:-2].min() > 0.99


def test_resize_keeps_the_shape():
    photo = resize(sample_photo("coffee"), 24000)
    assert photo.shape == (3, 126, 189)


def test_masks_read_the_eight_pure_colours(tmp_path):
    colours = [(0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 250, 255)]
    image = Image.new("RGB", (8, 2))
    for x in range(8):
        for y in range(2):
            image.putpixel((x, y), colours[x // 2])
    image.save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", 1, 4).tolist() == [[0, 1, 2, 7]]
