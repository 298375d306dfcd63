"""The index sets and the four identities between the family's members."""

import math
import statistics

import pytest
import torch
from torch.nn import functional as F

from cvlib.course.errors import CourseError
from cvlib.normalization.reference import AXES, normalize, set_size


@pytest.fixture
def x():
    return torch.randn(3, 6, 4, 5, dtype=torch.double, generator=torch.Generator().manual_seed(0))


def members(kind, shape, at, groups):
    """S_i by the paper's definition, index by index."""
    n, c, _, _ = at
    block = shape[1] // groups
    test = {
        "bn": lambda k: k[1] == c,
        "ln": lambda k: k[0] == n,
        "in": lambda k: k[:2] == (n, c),
        "gn": lambda k: k[0] == n and k[1] // block == c // block,
    }[kind]
    return [k for k in torch.cartesian_prod(*map(torch.arange, shape)).tolist() if test((*k[:2],))]


@pytest.mark.parametrize("kind", AXES)
def test_the_definition_index_by_index(x, kind):
    y = normalize(x, kind, groups=3)
    for at in ((0, 0, 0, 0), (2, 5, 3, 4), (1, 3, 2, 0)):
        values = [x[tuple(k)].item() for k in members(kind, x.shape, at, 3)]
        mean, variance = statistics.fmean(values), statistics.pvariance(values)
        assert len(values) == set_size(kind, tuple(x.shape), 3)
        expected = (x[at].item() - mean) / math.sqrt(variance + 1e-5)
        assert y[at].item() == pytest.approx(expected, abs=1e-12)


def test_bn_is_torchs_batch_norm(x):
    torch.testing.assert_close(
        normalize(x, "bn"), F.batch_norm(x, None, None, training=True), rtol=0, atol=1e-12
    )


def test_ln_is_torchs_layer_norm_and_one_group(x):
    y = normalize(x, "ln")
    torch.testing.assert_close(y, F.layer_norm(x, x.shape[1:]), rtol=0, atol=1e-12)
    assert torch.equal(y, normalize(x, "gn", groups=1))


def test_in_is_torchs_instance_norm_and_a_group_per_channel(x):
    y = normalize(x, "in")
    torch.testing.assert_close(y, F.instance_norm(x), rtol=0, atol=1e-12)
    torch.testing.assert_close(y, normalize(x, "gn", groups=6), rtol=0, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_gn_is_batch_norm_of_groups_seen_as_channels(x, groups):
    as_channels = F.batch_norm(x.view(1, 3 * groups, -1), None, None, training=True)
    torch.testing.assert_close(
        normalize(x, "gn", groups=groups), as_channels.view_as(x), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 5), (4, 6, 3, 2, 2)])
def test_any_number_of_trailing_dimensions(shape):
    x = torch.randn(shape, dtype=torch.double)
    y = normalize(x, "gn", groups=2)
    torch.testing.assert_close(y, F.group_norm(x, 2), rtol=0, atol=1e-12)
    assert set_size("gn", shape, 2) == 3 * x[0, 0].numel()


def test_halves_are_reduced_in_float32():
    x = 300 + 10 * torch.randn(2, 4, 8, 8)  # the squares overflow float16
    y = normalize(x.half(), "gn", groups=2)
    assert y.dtype == torch.half
    torch.testing.assert_close(
        y.float(), normalize(x.half().float(), "gn", groups=2), rtol=1e-3, atol=1e-3
    )


def test_m_of_the_four_kinds():
    shape = (2, 64, 7, 7)
    assert [set_size(k, shape, 32) for k in ("bn", "ln", "in", "gn")] == [98, 3136, 49, 98]


def test_bad_input_is_named(x):
    with pytest.raises(CourseError, match=r"6 channels do not divide into 4 groups.*choose_groups"):
        normalize(x, "gn", groups=4)
    with pytest.raises(CourseError, match="no normalisation 'wn'"):
        normalize(x, "wn")
    with pytest.raises(CourseError, match="into 0 groups"):
        normalize(x, "gn", groups=0)
