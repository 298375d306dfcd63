from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.course.errors import CourseError
from cvlib.taskonomy.ordinal import affinity, borda, bradley_terry, odds, perron, tournament

SAATY = [[1, 5, 6, 7], [1 / 5, 1, 4, 6], [1 / 6, 1 / 4, 1, 4], [1 / 7, 1 / 6, 1 / 4, 1]]


def reciprocal(a12, a13, a23):
    return [[1, a12, a13], [1 / a12, 1, a23], [1 / a13, 1 / a23, 1]]


def test_two_players_with_odds_r():
    for r in (1.0, 3.0, 0.2):
        found = perron([[1, r], [1 / r, 1]])
        np.testing.assert_allclose(found.vector, [r / (r + 1), 1 / (r + 1)], atol=1e-15)
        assert found.value == pytest.approx(2)


def test_three_players_have_a_closed_form():
    a12, a13, a23 = 3, 7, 2.5
    found = perron(reciprocal(a12, a13, a23))
    t = (a13 / (a12 * a23)) ** (1 / 3)
    means = np.cbrt([a12 * a13, a23 / a12, 1 / (a13 * a23)])
    np.testing.assert_allclose(found.vector, means / means.sum(), atol=1e-14)
    assert found.value == pytest.approx(1 + t + 1 / t, abs=1e-12)
    assert found.value == pytest.approx(3.000528914012637, abs=1e-12)
    np.testing.assert_allclose(found.vector, [0.67535748, 0.23035636, 0.09428616], atol=1e-8)


def test_four_players_as_in_saatys_scale():
    found = perron(SAATY)
    assert found.value == pytest.approx(4.39073022, abs=1e-8)
    expected = [0.61866878, 0.23532282, 0.10093397, 0.04507443]
    np.testing.assert_allclose(found.vector, expected, atol=1e-8)
    assert found.inconsistency == pytest.approx(0.13024341, abs=1e-8)


def test_consistent_odds_give_the_scale_back_and_the_eigenvalue_n():
    s = np.array([0.5, 0.2, 0.2, 0.07, 0.03])
    found = perron(s[:, None] / s)
    np.testing.assert_allclose(found.vector, s, atol=1e-14)
    assert found.value == pytest.approx(5, abs=1e-12)
    assert found.inconsistency == pytest.approx(0, abs=1e-12)
    wins = s[:, None] / (s[:, None] + s)
    np.testing.assert_allclose(perron(odds(wins)).vector, s, atol=1e-14)
    np.testing.assert_allclose(bradley_terry(wins), s, atol=1e-9)


def test_a_tournament_counts_pictures_and_halves_ties():
    losses = [[1, 2, 3, 4, 5, 6], [2, 1, 3, 5, 4, 7], [9, 9, 9, 9, 9, 0]]
    wins = tournament(losses)
    assert wins[0, 1] == float(Fraction(7, 12))
    assert wins[0, 2] == float(Fraction(5, 6))
    np.testing.assert_array_equal(wins + wins.T, 1)


losses_of = st.lists(
    st.lists(st.floats(0.01, 10), min_size=12, max_size=12), min_size=3, max_size=5
).map(np.array)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(losses_of, st.randoms(use_true_random=False))
def test_affinities_are_ordinal_and_do_not_know_the_order_of_players_or_pictures(losses, random):
    p = affinity(losses)
    assert p.sum() == pytest.approx(1)
    assert (p > 0).all()
    # No row of the odds is more than 999 ** 2 times another, entry by entry.
    assert p.max() / p.min() <= 999**2 * (1 + 1e-9)
    np.testing.assert_allclose(
        affinity(np.round(losses, 6) ** 3 + 5), affinity(np.round(losses, 6))
    )
    np.testing.assert_allclose(affinity(np.tile(losses, 3)), p, atol=1e-12)
    order = list(range(len(losses)))
    random.shuffle(order)
    np.testing.assert_allclose(affinity(losses[order]), p[order], atol=1e-12)
    pictures = list(range(losses.shape[1]))
    random.shuffle(pictures)
    np.testing.assert_allclose(affinity(losses[:, pictures]), p, atol=1e-12)


def test_clipping_sets_the_longest_odds():
    losses = np.array([[0.0] * 50, [1.0] * 50])
    for clip in (1e-3, 0.05):
        p = affinity(losses, clip)
        assert p[0] / p[1] == pytest.approx((1 - clip) / clip)


def test_three_scales_agree_on_the_order():
    rng = np.random.default_rng(0)
    wins = tournament(rng.gamma(2, size=(6, 400)) * np.linspace(1, 2, 6)[:, None])
    orders = {tuple(np.argsort(f(wins))) for f in (borda, bradley_terry)}
    assert orders == {tuple(np.argsort(perron(odds(wins)).vector))}
    assert borda(wins).sum() == pytest.approx(1)


def test_one_player_alone_takes_all():
    for found in (affinity([[1.0, 2.0]]), borda([[0.5]]), bradley_terry([[0.5]])):
        np.testing.assert_array_equal(found, [1.0])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: tournament([[1.0, float("nan")]]), "not finite"),
        (lambda: tournament([1.0, 2.0]), "players, images"),
        (lambda: tournament(np.zeros((3, 0))), "players, images"),
        (lambda: odds([[0.5, 0.9], [0.1, 0.5]], 0.5), "between 0 and 1/2"),
        (lambda: odds([[0.5, 0.9], [0.2, 0.5]]), "add up to 1"),
        (lambda: odds([[0.5, np.nan], [0.2, 0.5]]), "between 0 and 1"),
        (lambda: odds([[0.5, 0.9]]), "square"),
        (lambda: perron([[1, 0], [1, 1]]), "positive entries"),
        (lambda: perron([[1, 2, 3]]), "square"),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(CourseError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
