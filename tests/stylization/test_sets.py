"""The downloaded sets, read from small archives of the same layout."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.chapters.fast_photo_style import sets
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
        monkeypatch.setattr(sets.data, "path", lambda name: path)

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
