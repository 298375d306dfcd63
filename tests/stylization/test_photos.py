import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from cvlib.course.errors import CourseError
from cvlib.stylization.pairs import sample_photo
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


def test_cover_cuts_the_centre():
    photo = torch.zeros(3, 100, 300)
    photo[:, :, 100:200] = 1
    assert cover(photo, 20, 20)[:, 2:-2, 2:-2].min() > 0.99


def test_resize_keeps_the_shape():
    photo = resize(sample_photo("coffee"), 24000)
    assert photo.shape == (3, 126, 189)


def test_dark_sixteen_bit_photos_stay_dark():
    """The scale comes from the mode: one bright pixel must not change all the others."""
    dark = np.full((48, 64), 130, np.uint16)
    photo = read_photo(encoded(Image.fromarray(dark)))
    assert photo.max() == pytest.approx(130 / 65535, rel=1e-3)
    as_float = Image.fromarray(np.full((48, 64), 0.25, np.float32))
    assert read_photo(encoded(as_float, "TIFF")).mean() == pytest.approx(0.25)


def swapped_profile():
    """An sRGB profile whose red and blue primaries have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def test_colour_profiles_are_converted_to_srgb():
    red = Image.new("RGB", (64, 48), (230, 10, 10))
    photo = read_photo(encoded(red, icc_profile=swapped_profile()))
    assert photo[2].mean() > 0.8 > 0.2 > photo[0].mean()
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = read_photo(encoded(red, icc_profile=same))
    torch.testing.assert_close(kept[:, 0, 0] * 255, torch.tensor([230.0, 10, 10]), atol=2, rtol=0)


def test_a_broken_profile_is_left_out_with_a_word():
    red = Image.new("RGB", (64, 48), (230, 10, 10))
    with pytest.warns(UserWarning, match="the photo: its colour profile cannot be used"):
        photo = read_photo(encoded(red, icc_profile=b"nonsense" * 30))
    assert photo[0].mean() == pytest.approx(230 / 255, abs=1e-3)


def test_heic_is_named_with_the_remedy(tmp_path):
    file = tmp_path / "IMG_1.heic"
    file.write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    with pytest.raises(CourseError, match=r"IMG_1\.heic is a HEIC file.*export it as JPEG"):
        read_photo(file)
