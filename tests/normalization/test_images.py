"""Augmentation on the device, and the scale of the images."""

import torch
import torch.nn.functional as F

from cvlib.normalization.images import Sets, crop_and_flip, load_sets, mirrored

X = torch.randn(3, 2, 6, 5, generator=torch.Generator().manual_seed(0))
NO, ALL = torch.zeros(3, dtype=torch.bool), torch.ones(3, dtype=torch.bool)


def shifts(*pairs):
    return torch.tensor(pairs)


def test_the_middle_shift_without_flip_is_the_identity():
    assert torch.equal(crop_and_flip(X, torch.full((3, 2), 2), NO, 2), X)


def test_the_flip_is_torchs_and_of_the_chosen_images_only():
    middle = torch.full((3, 2), 2)
    assert torch.equal(crop_and_flip(X, middle, ALL, 2), X.flip(-1))
    some = crop_and_flip(X, middle, torch.tensor([False, True, False]), 2)
    assert torch.equal(some, torch.stack([X[0], X[1].flip(-1), X[2]]))


def test_a_shift_by_one_pixel_and_its_reflected_border():
    y = crop_and_flip(X, shifts((3, 2), (2, 1), (1, 3)), NO, 2)
    assert torch.equal(y[0, :, :-1], X[0, :, 1:])  # one row down the image
    assert torch.equal(y[0, :, -1], X[0, :, -2])  # mirrored, the edge itself not repeated
    assert torch.equal(y[1, :, :, 1:], X[1, :, :, :-1])
    assert torch.equal(y[1, :, :, 0], X[1, :, :, 1])
    assert torch.equal(y[2, :, 1:, :-1], X[2, :, :-1, 1:])


def test_every_shift_is_a_crop_of_the_padded_image_and_then_mirrored():
    padded = F.pad(X, (2, 2, 2, 2), mode="reflect")
    for top in range(5):
        for left in range(5):
            window = padded[:, :, top : top + 6, left : left + 5]
            where = torch.tensor([[top, left]]).expand(3, 2)
            assert torch.equal(crop_and_flip(X, where, NO, 2), window)
            assert torch.equal(crop_and_flip(X, where, ALL, 2), window.flip(-1))


def test_training_images_get_mean_0_and_standard_deviation_1_per_channel():
    sets = load_sets("digits", 1437, torch.device("cpu"))
    assert sets.x.dtype == torch.uint8
    x = sets.normalized(sets.x)
    assert x.mean((0, 2, 3)).abs().max() < 1e-5
    assert (x.std((0, 2, 3)) - 1).abs().max() < 1e-5
    test_x, test_y = sets.test()
    assert (len(sets.x), len(test_x), len(test_y)) == (1437, 360, 360)
    torch.testing.assert_close(test_x, sets.normalized(sets.test_x))
    assert test_x.mean().abs() > 1e-5, "the scale is that of training, not of the test images"


def test_the_first_images_are_said_in_the_label():
    whole = load_sets("digits", 1437, torch.device("cpu"))
    part = load_sets("digits", 100, torch.device("cpu"))
    assert torch.equal(part.x, whole.x[:100])
    assert torch.equal(part.test_x, whole.test_x)
    assert part.label == f"{whole.label}, the first 100 of 1,437 training images"


def test_mirrored_maps_of_classes_follow_their_images():
    flip = torch.tensor([False, True, False])
    maps = X[:, 0]
    assert torch.equal(mirrored(X, flip)[:, 0], mirrored(maps, flip))
    assert torch.equal(mirrored(maps, flip)[1], maps[1].flip(-1))
    assert torch.equal(mirrored(maps, flip)[::2], maps[::2])


def test_channels_have_their_own_scale():
    generator = torch.Generator().manual_seed(0)
    low, high = (torch.randint(*r, (9, 1, 4, 4), generator=generator) for r in ((0, 9), (90, 250)))
    x = torch.cat([low, high], 1).to(torch.uint8)
    sets = Sets("", x, x, x, x, ())
    assert sets.normalized(x).mean((0, 2, 3)).abs().max() < 1e-5
