import pytest
import torch

from cvlib.stylization.affinity import matting_affinity
from cvlib.stylization.measures import affine_residual, style_distance
from cvlib.stylization.photowct import Encoder


def test_style_distance_is_zero_for_the_style_and_grows_with_the_change(photo):
    torch.manual_seed(0)
    encoder = Encoder((8, 12), (2,))
    assert style_distance(encoder, photo, photo) == 0
    near, far = (style_distance(encoder, photo * g, photo) for g in (0.9, 0.3))
    assert 0 < near < far


def test_affine_residual(photo, generator):
    W = matting_affinity(photo)
    mix = torch.tensor([[0.5, 0.2, 0.1], [0.0, 0.6, 0.1], [0.3, 0.1, 0.2]])
    assert affine_residual(W, torch.einsum("ab,byx->ayx", mix, photo) + 0.1) < 1e-4
    noise = torch.rand(photo.shape, generator=generator)
    assert affine_residual(W, noise) == pytest.approx(5 / 9, abs=0.08)
    assert affine_residual(W, torch.full_like(photo, 0.5)) == 0
