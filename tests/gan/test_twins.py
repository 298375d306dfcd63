"""The twins data have the relation that their score measures."""

from dataclasses import astuple

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.gan.probe import local_map, uniform_map
from cvlib.gan.twins import (
    Shares,
    attention_shares,
    has_two_glyphs,
    make_twins,
    quadrant_shares,
    score_twins,
)


def unit(x):
    return x.float() / 127.5 - 1


def test_real_twins_score_one_and_classmates_about_seven_tenths():
    real = score_twins(unit(make_twins(2000, seed=0)[0]))
    assert real.pair == pytest.approx(1, abs=1e-5)
    assert real.two == 1
    mates = score_twins(unit(make_twins(2000, seed=0, same_instance=False)[0]))
    assert mates.pair == pytest.approx(0.707, abs=0.02)


def test_the_two_glyphs_are_equal_and_the_rest_is_empty():
    x, y = make_twins(50, seed=1)
    assert x.shape == (50, 1, 16, 16)
    assert x.dtype == torch.uint8
    assert y.shape == (50,)
    quadrants = [x[:, 0, r : r + 8, c : c + 8] for r in (0, 8) for c in (0, 8)]
    for i in range(50):
        filled = [q[i] for q in quadrants if q[i].any()]
        assert len(filled) == 2
        assert torch.equal(*filled)


def test_all_pairs_of_places_occur_and_the_seed_decides():
    x, _ = make_twins(200, seed=2)
    filled = torch.stack(
        [x[:, 0, r : r + 8, c : c + 8].flatten(1).any(1) for r in (0, 8) for c in (0, 8)], 1
    )
    assert len({tuple(row.tolist()) for row in filled}) == 6
    assert torch.equal(x, make_twins(200, seed=2)[0])
    assert not torch.equal(x, make_twins(200, seed=3)[0])


def test_score_counts_glyphs():
    one = unit(make_twins(10, seed=0)[0])
    one[:, :, :, 8:] = -1
    one[:, :, 8:] = -1
    assert score_twins(one).two == 0
    noise = torch.rand(100, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert score_twins(noise).two == 0
    assert abs(score_twins(noise).pair) < 0.1


def test_attention_shares_of_known_maps():
    x = unit(make_twins(20, seed=0)[0])
    alike = attention_shares(x, uniform_map(8).expand(20, -1, -1))
    for shares in alike.values():
        assert astuple(shares) == pytest.approx((0.25, 0.25, 0.25))
    own = attention_shares(x, local_map(8).expand(20, -1, -1))
    assert own["glyph"] == own["void"] == Shares(1, 0, 0)


def test_attention_shares_see_the_other_copy():
    x = unit(make_twins(20, seed=0)[0])
    filled = (x.view(20, 2, 8, 2, 8).amax((2, 4)) > -1).flatten(1)  # (20, 4) quadrants
    cells = filled.view(20, 2, 1, 2, 1).expand(-1, -1, 2, -1, 2).reshape(20, 1, 16)
    shares = attention_shares(x, (cells / cells.sum(-1, keepdim=True)).expand(-1, 64, -1))
    assert shares["glyph"] == Shares(0.5, 0.5, 0)
    assert shares["void"] == Shares(0, 0, 0.5)


def test_canvases_without_two_glyphs_are_left_out():
    x = unit(make_twins(20, seed=0)[0])
    one = x.clone()
    one[:10, :, :8] = -1  # the upper half: some lose one glyph, some both, some none
    kept = has_two_glyphs(one)
    assert 0 < int(kept[:10].sum()) < 10
    assert kept[10:].all()
    beta = local_map(8).expand(20, -1, -1)
    assert len(quadrant_shares(one, beta)["glyph"]) == int(kept.sum())
    assert attention_shares(one, beta)["glyph"] == Shares(1, 0, 0)


def test_a_canvas_of_no_numbers_has_no_score():
    with pytest.raises(CourseError, match="finite"):
        score_twins(torch.full((2, 1, 16, 16), float("nan")))
