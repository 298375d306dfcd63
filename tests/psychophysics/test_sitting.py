import json
import subprocess
import sys

import numpy as np
import pytest

from cvlib.psychophysics import log, sitting
from cvlib.psychophysics.design import plan_session
from cvlib.psychophysics.observers import SimulatedObserver
from tests.psychophysics.pictures import OPTIONS, stimuli

STAND_IN = SimulatedObserver({"image": 0.9, "adv": 0.6, "flip": 0.8, "false": 0.7})


@pytest.fixture
def session():
    return plan_session(stimuli(), OPTIONS, observer=0, seed=0)


@pytest.fixture
def person(session, tmp_path, monkeypatch):
    """A sitting before a live page, its widget caught instead of displayed."""
    pytest.importorskip("anywidget")
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path))
    monkeypatch.setattr("IPython.display.display", lambda widget: None)
    return sitting.sit(session, STAND_IN, live=True)


def answered(sat, count):
    """What the page would send: a refresh rate and `count` trials."""
    for entry in STAND_IN.sit(sat.session, seed=9)[1 : 2 + count]:
        sat.widget._handle_custom_msg(entry, [])


def test_without_a_page_a_simulated_observer_sits_and_it_is_said(session, capsys):
    sat = sitting.sit(session, STAND_IN, live=False)
    assert "simulated observer" in capsys.readouterr().out
    assert sat.summary() == "a simulated observer (no person): all 16 trials shown; 16 count"
    assert sat.widget is None
    assert {r.observer for r in sat.responses()} == {"simulated"}
    assert sat.hz == 60


def test_without_anywidget_the_remedy_is_named(session, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    sat = sitting.sit(session, STAND_IN, live=True)
    assert "pip install anywidget" in capsys.readouterr().out
    assert not sat.by_a_person


def test_importing_the_package_needs_no_front_end():
    lazy = {"anywidget", "ipywidgets", "IPython"}
    code = "import sys, cvlib.psychophysics.sitting; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not lazy & set(loaded.stdout.split())


def test_the_page_gets_all_it_needs_at_once(person):
    setup = person.widget.setup
    assert setup["plan"]["stimulus_ms"] == 63
    assert set(setup["keys"].values()) == set(OPTIONS)
    assert len(person.widget.pictures) == len(setup["trials"]) == 16
    json.dumps(setup)
    assert all(png.startswith(b"\x89PNG") for png in person.widget.pictures)
    assert not np.isnan(setup["width"])


def test_until_a_person_answers_the_stand_in_counts(person):
    assert person.who == "a simulated observer (no person)"
    assert not person.widget.path.exists()  # whoever does not take part leaves no file
    person.widget._handle_custom_msg({"type": "refresh", "frame_ms": 6.94, "hz": 144.0}, [])
    answered(person, 5)
    assert person.who == "you"
    assert person.hz == 144
    assert person.summary().startswith("you: broken off after 5 of 16 trials")
    assert log.responses(log.read(person.widget.path), "you") == person.responses()


def test_skipping_leaves_only_that(person):
    person.widget._handle_custom_msg({"type": "skipped"}, [])
    assert not person.by_a_person
    assert [entry["type"] for entry in person.widget.entries] == ["session", "skipped"]


def test_a_folder_that_cannot_be_written_does_not_end_the_session(person, tmp_path):
    (tmp_path / "file").write_text("")
    person.widget.path = tmp_path / "file" / "log.jsonl"
    answered(person, 3)
    assert len(person.responses()) == 3
    assert "cannot keep the session" in person.summary()
