"""A reader's own pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.gan.folder import nets_for, read_folder
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator


def paint(folder, n, color, size=(40, 30)):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        pixels = np.full((size[1], size[0], 3), color, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def test_subfolders_are_classes(tmp_path):
    paint(tmp_path / "red", 40, (255, 0, 0))
    paint(tmp_path / "blue", 30, (0, 0, 255))
    (tmp_path / "red" / "notes.txt").write_text("not a picture")
    x, y, names = read_folder(tmp_path, 16)
    assert names == ["blue", "red"]
    assert x.shape == (70, 3, 16, 16)
    assert y.bincount().tolist() == [30, 40]
    assert x[y == 1].float().mean((0, 2, 3)).tolist() == [255, 0, 0]


def test_a_flat_folder_is_one_class(tmp_path):
    paint(tmp_path, 64, (1, 2, 3))
    _, y, names = read_folder(tmp_path, 32)
    assert names == [tmp_path.name]
    assert not y.any()


def test_what_cannot_train_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="is no folder"):
        read_folder(tmp_path / "nowhere", 32)
    paint(tmp_path, 3, (1, 2, 3))
    with pytest.raises(CourseError, match="holds 3 pictures"):
        read_folder(tmp_path, 32)
    paint(tmp_path, 64, (1, 2, 3))
    (tmp_path / "zz.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(CourseError, match=r"zz.png cannot be read"):
        read_folder(tmp_path, 32)


@pytest.mark.parametrize(("size", "classes"), [(16, 1), (32, 3), (64, 1), (128, 2)])
def test_nets_fit_every_size(size, classes):
    config = nets_for(size, classes, width=8)
    G, D = ResGenerator(config), ProjectionDiscriminator(config)
    y = None if classes == 1 else torch.zeros(2, dtype=torch.long)
    x = G(torch.randn(2, config.z_dim), y)
    assert x.shape == (2, 3, size, size)
    assert D(x, y).shape == (2,)
