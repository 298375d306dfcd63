"""Probes against cases that can be worked out by hand."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from cvlib.course.errors import CourseError
from cvlib.gan.nets import ProjectionDiscriminator, ResGenerator, count_parameters
from cvlib.gan.probe import (
    attention_distance,
    conv_norms,
    layer_table,
    local_map,
    operator_norm,
    power_path,
    receptive_fields,
    uniform_map,
    with_gamma,
)
from cvlib.gan.sizes import TINY16, GANConfig


def test_distance_of_a_map_that_looks_at_itself_is_zero():
    assert attention_distance(torch.eye(16)[None], 4).abs().max() < 1e-6


def test_distance_of_a_map_that_looks_at_the_far_corner():
    beta = torch.zeros(1, 16, 16)
    beta[:, :, 15] = 1
    assert attention_distance(beta, 4)[0, 0].item() == pytest.approx(math.hypot(3, 3))


def test_pooled_keys_stand_at_their_centres():
    assert attention_distance(local_map(8), 8).unique().tolist() == pytest.approx([0.5**0.5])
    uniform = attention_distance(uniform_map(8), 8).mean()
    full = attention_distance(torch.full((1, 64, 64), 1 / 64), 8).mean()
    assert uniform.item() == pytest.approx(full.item(), rel=0.05)


def test_wrong_map_is_refused():
    with pytest.raises(CourseError, match="cannot be"):
        attention_distance(torch.rand(1, 16, 8), 4)


def test_operator_norm_equals_the_dense_matrix():
    torch.manual_seed(0)
    kernel, size = torch.randn(3, 2, 3, 3), 5
    basis = torch.eye(2 * size * size).view(-1, 2, size, size)
    rows = F.conv2d(F.pad(basis, (1, 1, 1, 1), mode="circular"), kernel).flatten(1)
    torch.testing.assert_close(operator_norm(kernel, size), torch.linalg.svdvals(rows)[0])


def test_operator_norm_is_at_most_three_times_the_matrix_norm():
    torch.manual_seed(0)
    kernel = torch.randn(16, 16, 3, 3) / 12
    ratio = operator_norm(kernel, 16) / torch.linalg.svdvals(kernel.flatten(1))[0]
    assert 1 < ratio < 3
    assert operator_norm(torch.ones(1, 1, 3, 3), 8).item() == pytest.approx(9)  # the bound, met


def test_power_path_converges_at_the_rate_of_the_theory():
    matrix = torch.diag(torch.tensor([2.0, 1.0]))
    path, sigma = power_path(matrix, torch.tensor([1.0, 1.0]), 6)
    tangent = (path[:, 1] / path[:, 0]).abs()
    torch.testing.assert_close(tangent[1:] / tangent[:-1], torch.full((6,), 0.25))
    assert sigma[-1].item() == pytest.approx(2, abs=1e-4)
    assert (sigma.diff() > 0).all()


def test_conv_norms_of_a_normalised_net_lie_between_one_and_three():
    torch.manual_seed(0)
    norms = conv_norms(ProjectionDiscriminator(TINY16).eval(), 16)
    assert len(norms) == 6
    for matrix, operator in norms.values():
        assert matrix == pytest.approx(1, abs=0.1)
        assert matrix - 1e-4 <= operator <= 3 * matrix


def test_gamma_zero_switches_attention_off_and_leaves_the_original():
    torch.manual_seed(0)
    G = ResGenerator(TINY16).eval()
    torch.nn.init.constant_(G.mixers["8"].gamma, 0.5)
    z, y = torch.randn(4, 32), torch.arange(4)
    off = with_gamma(G, 0, n=100)
    kept = off(z, y)
    torch.nn.init.normal_(off.mixers["8"].out.parametrizations.weight.original)
    assert torch.equal(off(z, y), kept)
    assert G.mixers["8"].gamma == 0.5
    assert torch.equal(with_gamma(G, 1, n=100)(z, y), with_gamma(G, 1, n=100)(z, y))


def test_receptive_fields_are_those_of_the_strides_and_attention_sees_all():
    plain = GANConfig(
        resolution=64, g_mult=(1,) * 5, d_mult=(1,) * 5, g_width=8, d_width=8, classes=1
    )
    # 3x3, 3x3, 2x2 pool: a block at stride s adds 2 s for each layer and s for the pool.
    found = receptive_fields(ProjectionDiscriminator(plain), 64)
    assert found[:3] == [(2, 6), (4, 16), (6, 36)]
    with_map = replace(plain, attention_d=(16,))
    D = ProjectionDiscriminator(with_map)
    torch.nn.init.ones_(D.mixers["16"].gamma)
    assert receptive_fields(D, 64)[:2] == [(2, 6), (4, 64)]


def test_the_layer_table_counts_every_parameter_once():
    G = ResGenerator(TINY16)
    table = layer_table(G, torch.randn(2, 32), torch.arange(2))
    lines = table.splitlines()
    assert [line.split()[0] for line in lines] == [
        "linear", "blocks.0", "mixers.8", "blocks.1", "bn", "out",
    ]  # fmt: skip
    assert "48 x" not in lines[0]
    assert "32 x 8 x 8" in lines[1]
    counted = sum(int(line.split()[-1].replace(",", "")) for line in lines)
    assert counted == count_parameters(G)
