import pytest
import torch

from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.measures import StyleGauge, affine_residual
from cvlib.stylization.photowct import Encoder


def test_style_distance_is_zero_for_the_style_and_grows_with_the_change(photo):
    torch.manual_seed(0)
    encoder = Encoder((8, 12), (2,))
    gauge = StyleGauge(encoder, photo)
    assert gauge.distance(photo) == 0
    near, far = (gauge.distance(photo * g) for g in (0.9, 0.3))
    assert 0 < near < far


def test_style_distance_by_region_sees_colours_that_changed_places(photo):
    torch.manual_seed(0)
    encoder = Encoder((8, 12), (2,))
    top = torch.zeros(48, 64, dtype=torch.int64)
    top[:24] = 1
    swapped = photo.roll(24, dims=1)  # the sky lies below: the statistics of the whole stay
    whole = StyleGauge(encoder, photo).distance(swapped)
    parts = StyleGauge(encoder, photo, (top, top)).distance(swapped)
    assert parts > 5 * whole
    assert StyleGauge(encoder, photo, (top, top)).distance(photo) == 0
    # A region may lie elsewhere in the style photo.
    assert StyleGauge(encoder, swapped, (top, 1 - top)).distance(photo) < 0.3 * parts
    sliver = torch.zeros_like(top)
    sliver[:1, :12] = 1  # vanishes at the deepest level: the rest of the photo is compared
    assert StyleGauge(encoder, photo, (sliver, sliver)).labels == [0]


def test_affine_residual(photo, generator):
    W = matting_affinity(photo)
    mix = torch.tensor([[0.5, 0.2, 0.1], [0.0, 0.6, 0.1], [0.3, 0.1, 0.2]])
    assert affine_residual(W, torch.einsum("ab,byx->ayx", mix, photo) + 0.1) < 1e-4
    noise = torch.rand(photo.shape, generator=generator)
    assert affine_residual(W, noise) == pytest.approx(5 / 9, abs=0.08)
    assert affine_residual(W, torch.full_like(photo, 0.5)) == 0
