"""The downloaded sets, read from small archives of the same layout."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.course.errors import DataMissing
from cvlib.stylization import pairs as sets
from cvlib.stylization.photos import to_image


def packed(path, pictures):
    with zipfile.ZipFile(path, "w") as archive:
        for name, picture in pictures.items():
            stream = io.BytesIO()
            picture.save(stream, "JPEG" if name.endswith("jpg") else "PNG")
            archive.writestr(name, stream.getvalue())
    return path


@pytest.fixture
def archive(tmp_path, monkeypatch):
    def put(pictures):
        path = packed(tmp_path / "set.zip", pictures)

        def found(name):
            if name.startswith("deep-photo-12"):
                raise DataMissing("no reduced copies")
            return path

        monkeypatch.setattr(sets.data, "path", found)

    return put


def test_deep_photo_pairs_come_with_their_masks(archive, photo):
    content, style = to_image(photo), to_image(photo.flip(0)[:, :40, :50])
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, 32:] = (0, 0, 255)
    root = "deep-photo-styletransfer-master/examples"
    pictures = {
        f"{root}/input/in7.png": content,
        f"{root}/style/tar7.png": style,
        f"{root}/segmentation/in7.png": Image.fromarray(mask),
        f"{root}/segmentation/tar7.png": Image.fromarray(mask).resize((50, 40)),
        f"{root}/input/in17.png": content,
        f"{root}/final_results/best7_t_1000.png": content,
    }
    archive(pictures)
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(sets.deep_photo_results((7,))["pair 7"]))), content
    )
    (pair,) = sets.deep_photo_pairs((7,), 10**6)
    assert pair.name == "pair 7"
    np.testing.assert_array_equal(to_image(pair.content), content)
    assert pair.style.shape == (3, 40, 50)
    assert [tuple(m.shape) for m in pair.masks] == [(48, 64), (40, 50)]
    assert pair.masks[0][0].unique_consecutive().tolist() == [0, 1]


def test_coco_squares_are_centred_and_counted(archive):
    archive({f"val2017/{i:012d}.jpg": Image.new("RGB", (90, 60), (50 * i, 0, 0)) for i in range(4)})
    squares = sets.coco_squares(40, 3)
    assert squares.shape == (3, 3, 40, 40)
    assert squares.dtype == torch.uint8
    assert squares[2, 0].float().mean() == pytest.approx(100, abs=3)
    assert len(sets.coco_squares(40, 0)) == 4


def test_sample_pairs_are_small_and_two_have_sky_and_land():
    pairs = sets.sample_pairs(48 * 64)
    assert [p.masks is None for p in pairs] == [False, False, True]
    for pair in pairs:
        assert pair.content[0].numel() <= 48 * 64
        assert pair.content.shape[1] % 2 == pair.content.shape[2] % 2 == 0
    for pair in pairs[:2]:
        content_sky, style_sky = (m.double().mean() for m in pair.masks)
        assert 0.1 < content_sky < 0.4
        assert 0.1 < style_sky < 0.6
        # The sky is brighter than the land in all three photos.
        sky = pair.masks[0] == 1
        assert pair.content[:, sky].mean() > pair.content[:, ~sky].mean()


def test_a_pair_moves_with_its_masks():
    pair = sets.sample_pairs(24 * 32)[0].to(torch.device("meta"))
    assert {t.device.type for t in (pair.content, pair.style, *pair.masks)} == {"meta"}


def test_imagenet_squares_come_from_the_packed_jpegs(tmp_path, monkeypatch):
    jpegs = []
    for grey in (20, 200):
        stream = io.BytesIO()
        Image.new("RGB", (90, 60), (grey, grey, grey)).save(stream, "JPEG")
        jpegs.append(np.frombuffer(stream.getvalue(), np.uint8))
    offset = np.cumsum([0, *map(len, jpegs)])
    np.savez(tmp_path / "photos.npz", jpeg=np.concatenate(jpegs), offset=offset)
    monkeypatch.setattr(sets.data, "path", lambda name: tmp_path / "photos.npz")
    squares = sets.imagenet_squares(40, 0)
    assert squares.shape == (2, 3, 40, 40)
    assert squares.float().mean((1, 2, 3)).tolist() == pytest.approx([20, 200], abs=2)
