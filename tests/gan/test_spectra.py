"""Singular values of stored weights: against SVD, warm-started, and not of the divided weight."""

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.gan.norm import spectral_norm, stored_weight
from cvlib.gan.spectra import PowerTracker, sigma_table, singular_values, weight_matrices


@pytest.mark.parametrize("shape", [(20, 300), (300, 20), (64, 64)])
def test_the_gram_matrix_gives_what_svd_gives(shape):
    W = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(singular_values(W), torch.linalg.svdvals(W)[:3], rtol=1e-5)


def test_a_small_matrix_is_filled_up_with_zeros():
    assert singular_values(torch.eye(2)).tolist() == [1, 1, 0]
    assert singular_values(torch.zeros(4, 5)).tolist() == [0, 0, 0]
    with pytest.raises(CourseError, match="flatten it"):
        singular_values(torch.zeros(4, 5, 3))


def test_the_tracker_follows_close_values_of_a_moving_matrix():
    draw = torch.Generator().manual_seed(0)
    W = torch.randn(256, 2304, generator=draw)
    track = PowerTracker()
    for _ in range(5):
        W = W + 0.01 * torch.randn(W.shape, generator=draw)
        found = track(W)
    assert torch.allclose(found, torch.linalg.svdvals(W)[:3], rtol=2e-2)
    for _ in range(40):
        found = track(W)
    assert torch.allclose(found, torch.linalg.svdvals(W)[:3], rtol=1e-3)


def test_two_cold_iterations_are_not_enough_for_close_values():
    W = torch.randn(256, 2304, generator=torch.Generator().manual_seed(1))
    V = torch.linalg.qr(torch.randn(2304, 3, generator=torch.Generator().manual_seed(2))).Q
    for _ in range(2):
        V = torch.linalg.qr(W.T @ (W @ V)).Q
    cold = torch.linalg.svdvals(W @ V)
    assert (cold / torch.linalg.svdvals(W)[:3] - 1).abs().max() > 0.02, "so the warm start matters"


def test_the_tracker_refuses_a_matrix_with_too_few_values():
    with pytest.raises(CourseError, match="no 3 singular values"):
        PowerTracker()(torch.ones(2, 9))


def test_the_stored_weight_is_watched_not_the_divided_one():
    layer = spectral_norm(nn.Linear(30, 20))
    with torch.no_grad():
        stored_weight(layer).mul_(5)
    table = sigma_table(nn.Sequential(layer))
    true = torch.linalg.svdvals(stored_weight(layer))
    assert table["0"] == pytest.approx(true[:3].tolist(), rel=1e-4)
    assert torch.linalg.svdvals(layer.weight)[0] < 0.5 * table["0"][0]


def test_every_map_is_there_and_no_class_table():
    net = nn.ModuleDict(
        {
            "conv": nn.Conv2d(3, 4, 3),
            "up": nn.ConvTranspose2d(5, 6, 2),
            "linear": nn.Linear(7, 8),
            "table": nn.Embedding(9, 10),
        }
    )
    shapes = {name: tuple(W.shape) for name, W in weight_matrices(net)}
    assert shapes == {"conv": (4, 27), "up": (6, 20), "linear": (8, 7)}
