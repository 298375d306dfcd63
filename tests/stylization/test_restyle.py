"""The whole way from two photos to a third, and the trained networks that ship."""

import pytest
import torch

from cvlib.stylization import restyle
from cvlib.stylization.backbones import backbone
from cvlib.stylization.baselines import affine_map
from cvlib.stylization.methods import networks
from cvlib.stylization.pairs import sample_photo, sky_and_land
from cvlib.stylization.photos import cover
from cvlib.stylization.restyle import restyle_photo


@pytest.fixture(scope="module")
def nets():
    return networks(*backbone("tiny", torch.zeros(1, 3, 32, 32)))


@pytest.fixture
def mountain():
    return cover(sample_photo("picosdeeuropa"), 72, 96)


@pytest.fixture
def sunset():
    return cover(sample_photo("sunset"), 64, 96)


def test_a_colour_map_of_the_whole_photo_passes_through_unchanged(mountain, sunset):
    """One affine map of the content is what smoothing keeps, at any size."""
    mapped = affine_map(mountain.flatten(1), sunset.flatten(1)).view_as(mountain).clamp(0, 1)
    small_eps = (restyle_photo(mountain, sunset) - mapped).abs()
    assert small_eps.mean() < 0.02


@pytest.mark.parametrize("with_networks", [False, True])
def test_every_region_takes_the_light_of_its_own(mountain, sunset, nets, with_networks):
    masks = sky_and_land("picosdeeuropa", 72, 96), sky_and_land("sunset", 64, 96)
    out = restyle_photo(mountain, sunset, masks, nets if with_networks else None)
    assert out.shape == mountain.shape
    assert out.min() >= 0
    assert out.max() <= 1
    for label in (0, 1):
        wanted = sunset[:, masks[1] == label].mean()
        before = mountain[:, masks[0] == label].mean()
        after = out[:, masks[0] == label].mean()
        assert (after - wanted).abs() < 0.6 * (before - wanted).abs() + 0.03


def test_a_large_photo_is_styled_small_and_keeps_its_detail(mountain, sunset, monkeypatch):
    at_full_size = restyle_photo(mountain, sunset)
    monkeypatch.setattr(restyle, "WORKING", 36 * 48)
    carried = restyle_photo(mountain, sunset)
    assert carried.shape == mountain.shape
    assert (carried - at_full_size).abs().mean() < 0.03
