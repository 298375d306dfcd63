import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.course.errors import CourseError
from cvlib.stylization.regions import (
    PALETTE,
    draw_regions,
    per_region,
    read_mask,
    resize_labels,
    valid_labels,
)
from cvlib.stylization.wct import covariance, wct


@pytest.fixture
def content(generator):
    return torch.randn(6, 2000, generator=generator, dtype=torch.float64).cumsum(0)


@pytest.fixture
def style(generator):
    return 2 * torch.rand(6, 1500, generator=generator, dtype=torch.float64).cumsum(0)


def error(got, wanted):
    return float((covariance(got)[1] - covariance(wanted)[1]).norm() / covariance(wanted)[1].norm())


def test_one_label_everywhere_is_no_mask(content, style):
    labels = torch.full((2000,), 5), torch.full((1500,), 5)
    torch.testing.assert_close(per_region(wct, content, style, *labels), wct(content, style))


def test_regions_take_their_own_style_and_the_rest_stays(content, style):
    labels_c = torch.arange(2000) % 3
    labels_s = torch.where(torch.arange(1500) % 2 == 0, 0, 7)
    out = per_region(wct, content, style, labels_c, labels_s)
    assert valid_labels(labels_c, labels_s) == [0]
    assert torch.equal(out[:, labels_c != 0], content[:, labels_c != 0])
    assert error(out[:, labels_c == 0], style[:, labels_s == 0]) < 1e-9


def test_names_of_labels_do_not_matter(content, style):
    labels_c, labels_s = torch.arange(2000) % 2, torch.arange(1500) % 2
    one = per_region(wct, content, style, labels_c, labels_s)
    two = per_region(wct, content, style, 1 - labels_c, 1 - labels_s)
    torch.testing.assert_close(one, two)


def test_tiny_and_lopsided_regions_are_left_alone():
    big = torch.zeros(5000).long()
    assert valid_labels(big, torch.zeros(10).long()) == []
    assert valid_labels(big, torch.zeros(40).long()) == []
    assert valid_labels(big, torch.zeros(60).long()) == [0]


def test_labels_for_another_size_are_refused(content, style):
    with pytest.raises(CourseError, match="resize the mask"):
        per_region(wct, content, style, torch.zeros(10).long(), torch.zeros(1500).long())


def saved(tmp_path, image, kind="png"):
    image.save(tmp_path / f"mask.{kind}")
    return tmp_path / f"mask.{kind}"


def test_masks_take_the_nearest_of_nine_colours(tmp_path):
    near = [(3, 0, 2), (0, 4, 250), (250, 251, 255), (125, 130, 128), (140, 120, 122)]
    image = Image.fromarray(np.array([near], np.uint8).repeat(2, 0))
    labels = read_mask(saved(tmp_path, image), 2, 5)[0]
    wanted = [(0, 0, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128), (128, 128, 128)]
    assert [PALETTE[i] for i in labels.tolist()] == wanted


def test_a_jpeg_mask_keeps_its_regions(tmp_path):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 30:] = (255, 0, 0)
    labels = read_mask(saved(tmp_path, Image.fromarray(pixels), "jpg"), 40, 60)
    right = torch.zeros(40, 60).long()
    right[:, 30:] = PALETTE.index((255, 0, 0))
    assert (labels != right).double().mean() < 0.05


@pytest.mark.parametrize("mode", ["L", "P"])
def test_values_of_a_grey_or_palette_mask_are_the_labels(tmp_path, mode):
    """As labelme and others save them: three regions that are all nearly black to the eye."""
    image = Image.fromarray(np.array([[0, 1, 2, 2]], np.uint8))
    if mode == "P":
        image = image.convert("L")
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    assert read_mask(saved(tmp_path, image), 1, 4).tolist() == [[0, 1, 2, 2]]


def test_what_is_no_mask_is_refused_in_one_sentence(tmp_path, photo):
    from cvlib.stylization.photos import to_image

    with pytest.raises(CourseError, match="is a picture, not a mask"):
        read_mask(saved(tmp_path, to_image(photo)), 48, 64)
    with pytest.raises(CourseError, match="is not a mask: save it as PNG"):
        read_mask(saved(tmp_path, to_image(photo).convert("L")), 48, 64)
    with pytest.raises(CourseError, match="the mask cannot be read"):
        read_mask(b"not a picture", 48, 64)


def test_drawn_regions_cover_their_polygons():
    labels = draw_regions(40, 60, [(0, 0), (1, 0), (1, 0.5), (0, 0.5)], [(0, 0), (0.2, 0), (0, 1)])
    assert labels.dtype == torch.int64
    assert labels[10, 50] == 1
    assert labels[30, 50] == 0
    assert labels[1, 1] == 2
    assert (labels == 1).double().mean() == pytest.approx(0.42, abs=0.05)


def test_labels_are_never_mixed():
    labels = torch.tensor([[0, 5], [5, 9]]).repeat_interleave(6, 0).repeat_interleave(6, 1)
    assert resize_labels(labels, 7, 5).unique().tolist() == [0, 5, 9]
    assert torch.equal(resize_labels(resize_labels(labels, 2, 2), 12, 12), labels)
