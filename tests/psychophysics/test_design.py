from collections import Counter

import numpy as np
import pytest

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import CONDITIONS, Picture, plan_session
from tests.psychophysics.pictures import OPTIONS, flat, labelled, neither, stimuli


def planned(observer=0, seed=0, pictures=None, **more):
    return plan_session(pictures or stimuli(), OPTIONS, observer=observer, seed=seed, **more)


def test_each_picture_once_and_each_condition_equally_often():
    for observer in range(6):
        session = planned(observer)
        assert sorted(t.picture for t in session.trials) == list(range(16))
        cells = Counter((t.condition, t.label) for t in session.trials)
        assert cells == {
            **{(c, option): 2 for c in CONDITIONS for option in OPTIONS},
            ("false", None): 4,
        }


def test_over_three_observers_each_picture_is_seen_in_each_condition():
    seen = Counter((t.picture, t.condition) for s in range(3) for t in planned(s).trials)
    assert all(seen[i, c] == 1 for i in range(12) for c in CONDITIONS)


def test_false_is_symmetric_within_and_between_observers():
    first, second = (planned(s) for s in (0, 1))
    for session in (first, second):
        targets = Counter(t.target for t in session.trials if t.condition == "false")
        assert targets == dict.fromkeys(OPTIONS, 2)
    of = [{t.picture: t.target for t in s.trials if t.label is None} for s in (first, second)]
    assert all(of[0][i] != of[1][i] for i in of[0])


def test_the_version_shown_is_the_trials():
    pictures = stimuli()
    session = planned(pictures=pictures)
    for trial, version in zip(session.trials, session.shown, strict=True):
        name = trial.target if trial.condition == "false" else trial.condition
        assert version is pictures[trial.picture].versions[name]
        if trial.condition in ("adv", "flip"):
            assert {trial.target, trial.label} == set(OPTIONS)
        assert (trial.target is None) == (trial.condition == "image")
        assert 500 <= trial.fixation_ms <= 1000


def test_practice_comes_first_and_order_and_keys_change():
    practice = [labelled("four", 100), labelled("nine", 110)]
    session = planned(practice=practice)
    assert [t.practice for t in session.trials[:3]] == [True, True, False]
    assert session.trials[0].picture == -1
    orders = {tuple(t.picture for t in planned(seed=s).trials) for s in range(5)}
    assert len(orders) == 5
    assert {planned(seed=s).keys["f"] for s in range(20)} == set(OPTIONS)
    assert planned(seed=3) == planned(seed=3)


def test_the_header_holds_no_picture():
    header = planned().header()
    assert header["trials"][0].keys() >= {"id", "condition", "label", "target", "seed"}
    assert not any(isinstance(v, np.ndarray) for t in header["trials"] for v in t.values())


@pytest.mark.parametrize(
    ("pictures", "sentence"),
    [
        ([], "needs pictures"),
        (stimuli(each=5), "a multiple of three"),
        (stimuli()[1:], "equally many of both"),
        (stimuli(false=3), "leave one out"),
        ([Picture("seven", {})], "labelled 'seven'"),
        ([Picture("four", {"image": flat(0)})], "lacks the versions"),
        ([Picture(None, {"four": flat(0)})], "lacks the versions"),
        ([Picture(None, {o: flat(0).astype(float) for o in OPTIONS})], "give uint8"),
        ([Picture(None, {o: flat(0)[None] for o in OPTIONS})], "give uint8"),
        ([neither(0), Picture(None, {o: flat(0)[:4] for o in OPTIONS})], "equally large"),
    ],
)
def test_what_cannot_be_balanced_is_refused(pictures, sentence):
    with pytest.raises(CourseError, match=sentence):
        plan_session(pictures, OPTIONS, observer=0, seed=0)


def test_more_refusals():
    with pytest.raises(CourseError, match="two different words"):
        plan_session(stimuli(), ("four", "four"), observer=0, seed=0)
    with pytest.raises(CourseError, match="practice picture"):
        planned(practice=[Picture(None, {"image": flat(0)})])
