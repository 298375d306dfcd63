"""The table of action units and what is computed with expressions."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.faces.aus import (
    EMOTION_RECIPES,
    NUMBERS,
    PLACE,
    UNITS,
    between,
    expression,
    sample_expressions,
    spread,
)
from cvlib.faces.blendshapes import BLENDSHAPES, ONE_SIDED, blendshapes_to_aus


def test_the_seventeen_units_of_the_public_estimators():
    assert NUMBERS == (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
    assert [unit.name for unit in UNITS][:3] == ["AU01", "AU02", "AU04"]
    assert {n for recipe in EMOTION_RECIPES.values() for n in recipe} <= set(NUMBERS)


def test_expressions_by_number():
    row = expression({12: 0.5, 45: 1.0})
    assert row.shape == (1, 17)
    assert (row[0, PLACE[12]], row[0, PLACE[45]], row.sum()) == (0.5, 1.0, 1.5)
    assert torch.equal(expression((1, 4)), expression({1: 1.0, 4: 1.0}))
    with pytest.raises(CourseError, match="no AU 3"):
        expression({3: 1.0})
    with pytest.raises(CourseError, match="between 0 and 1"):
        expression({12: 3.0})


def test_a_path_begins_and_ends_where_it_should():
    start, end = torch.rand(17), torch.rand(17)
    path = between(start, end, 5)
    assert path.shape == (5, 17)
    assert torch.equal(path[0], start)
    torch.testing.assert_close(path[-1], end)
    torch.testing.assert_close(path[2], (start + end) / 2)


def test_sampled_expressions_are_such_as_a_face_can_make():
    aus = sample_expressions(2000, torch.Generator().manual_seed(0))
    assert aus.shape == (2000, 17)
    assert aus.min() >= 0
    assert aus.max() <= 1

    def of(number):
        return aus[:, PLACE[number]]

    assert not ((of(12) >= 0.3) & (of(15) > 0)).any()
    assert not ((of(45) >= 0.2) & (of(5) > 0)).any()
    assert (of(25) >= 0.6 * of(26) - 1e-6).all(), "a dropped jaw parts the lips"
    assert 0.3 < (of(4) > 0).float().mean() < 0.4


def test_few_units_are_spread_and_the_lips_follow_the_jaw():
    aus = spread(torch.tensor([[0.2, 0.7]]), (12, 26))
    assert aus[0, PLACE[12]] == pytest.approx(0.2)
    assert aus[0, PLACE[25]] == aus[0, PLACE[26]] == pytest.approx(0.7)
    alone = spread(torch.tensor([[0.1, 0.7]]), (25, 26))
    assert alone[0, PLACE[25]] == pytest.approx(0.1)


@pytest.fixture
def neutral():
    names = {name for names in BLENDSHAPES.values() for name in names}
    names |= {"mouthLowerDown", "mouthClose"}
    keys = [n if n in ONE_SIDED else f"{n}{s}" for n in names for s in ("Left", "Right")]
    return dict.fromkeys(keys, 0.0)


def test_a_tracker_s_scores_become_controls(neutral):
    assert blendshapes_to_aus(neutral).abs().sum() == 0
    wink = blendshapes_to_aus({**neutral, "eyeBlinkLeft": 1.0})
    assert wink[0, PLACE[45]] == pytest.approx(0.5), "left and right are averaged"
    jaw = blendshapes_to_aus({**neutral, "jawOpen": 0.4})
    assert jaw[0, PLACE[26]] == pytest.approx(0.4)
    assert jaw[0, PLACE[25]] == pytest.approx(0.6)
    closed = blendshapes_to_aus({**neutral, "jawOpen": 0.4, "mouthClose": 0.5})
    assert closed[0, PLACE[25]] == pytest.approx(0.1)
    assert blendshapes_to_aus({**neutral, "jawOpen": 1.0})[0, PLACE[25]] == 1


def test_a_missing_score_is_named(neutral):
    del neutral["mouthSmileRight"]
    with pytest.raises(CourseError, match="no mouthSmileRight"):
        blendshapes_to_aus(neutral)
