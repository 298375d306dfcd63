import numpy as np
import pytest

from cvlib.course.errors import CourseError
from cvlib.psychophysics.design import CONDITIONS, plan_session
from cvlib.psychophysics.log import responses
from cvlib.psychophysics.observers import SimulatedObserver, simulated_cohort
from cvlib.psychophysics.shares import accuracy, pushed
from tests.psychophysics.pictures import OPTIONS, stimuli

SHARES = {"image": 0.95, "adv": 0.6, "flip": 0.85, "false": 0.65}


def test_the_analysis_finds_the_known_truth():
    observer = SimulatedObserver(SHARES, lapse=0.1)
    rows = []
    for seed in range(60):
        session = plan_session(stimuli(), OPTIONS, observer=seed, seed=seed)
        rows += responses(observer.sit(session, seed))
    found = {name: share.value for name, share in accuracy(rows).items()}
    found["false"] = pushed(rows).value
    for condition, share in SHARES.items():
        assert found[condition] == pytest.approx(0.05 + 0.9 * share, abs=0.07), condition


def test_extremes_and_seeds():
    session = plan_session(stimuli(), OPTIONS, observer=1, seed=1)
    sure = SimulatedObserver(dict.fromkeys(SHARES, 1.0), lapse=0)
    rows = responses(sure.sit(session, seed=0))
    assert all(r.right for r in rows if r.condition != "false")
    assert all(r.pushed for r in rows if r.condition == "false")
    observer = SimulatedObserver(SHARES)
    assert observer.sit(session, 3) == observer.sit(session, 3)
    assert observer.sit(session, 3) != observer.sit(session, 4)


def test_bad_observers():
    with pytest.raises(CourseError, match="between 0 and 1"):
        SimulatedObserver({"image": 1.2})
    session = plan_session(stimuli(), OPTIONS, observer=0, seed=0)
    with pytest.raises(CourseError, match="no share for"):
        SimulatedObserver({"image": 0.9}).sit(session, 0)


def test_a_cohort_is_a_latin_square():
    rows = simulated_cohort(3, 6, {"adv": -1.0}, seed=0)
    assert len(rows) == 18
    for i in range(6):
        assert sorted(r.condition for r in rows if r.picture == i) == sorted(CONDITIONS)
    calm = simulated_cohort(40, 60, {"adv": -9.0}, seed=0)
    assert np.mean([r.right for r in calm if r.condition == "adv"]) < 0.02


def test_pictures_differ_more_than_people_do():
    rows = simulated_cohort(120, 120, {}, seed=0)
    right = np.array([r.right for r in rows]).reshape(120, 120)  # (observers, pictures)
    chance = right.mean() * (1 - right.mean()) / 120  # what equal people would differ by
    people, pictures = right.mean(axis=1).var() - chance, right.mean(axis=0).var() - chance
    assert people > chance
    assert pictures > 2 * people  # 0.7 against 0.4 in log-odds: three times in the long run
