import json

import pytest

from cvlib.course.errors import CourseError
from cvlib.psychophysics import log
from cvlib.psychophysics.design import plan_session
from cvlib.psychophysics.observers import SimulatedObserver
from tests.psychophysics.pictures import OPTIONS, labelled, stimuli

SHARES = {"image": 0.9, "adv": 0.6, "flip": 0.8, "false": 0.7}


@pytest.fixture
def whole():
    session = plan_session(
        stimuli(), OPTIONS, observer=0, seed=0, practice=[labelled("four", 90)]
    )  # fmt: skip
    return SimulatedObserver(SHARES, lapse=0).sit(session, seed=0)


def trial_entries(entries):
    return [e for e in entries if e["type"] == "trial"]


def test_a_whole_session(whole):
    rows = log.responses(whole)
    assert len(rows) == 16  # the practice trial is not among them
    assert all(r.counts for r in rows)
    trial = next(t for t in whole[0]["trials"] if not t["practice"])
    entry = next(e for e in trial_entries(whole) if e["id"] == trial["id"])
    first = rows[0]
    assert (first.picture, first.condition) == (trial["picture"], trial["condition"])
    assert first.choice == entry["choice"]
    assert log.summary(whole) == "all 16 trials shown; 16 count"


def test_right_and_pushed():
    row = log.Response("a", 0, "adv", "four", "nine", "nine", 500.0, 66.7, ())
    assert not row.right
    assert row.pushed
    silent = log.Response("a", 0, "image", None, None, None, None, 66.7, ("no answer",))
    assert not silent.right
    assert not silent.pushed
    assert not silent.counts


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"hidden": True}, "hidden"),
        ({"late": 1}, "late"),
        ({"frames_shown": 5}, "frames"),
        ({"frame_ms": 18.0}, "refresh"),
        ({"frame_ms": None}, "refresh"),
        ({"choice": None}, "no answer"),
        ({"choice": "seven"}, "no answer"),
    ],
)
def test_each_fault_is_flagged_and_the_data_kept(whole, change, flag):
    trial_entries(whole)[3].update(change)
    rows = log.responses(whole)
    assert len(rows) == 16
    assert [r.flags for r in rows if not r.counts] == [(flag,)]
    sentence = log.summary(whole)
    assert "15 count" in sentence
    assert f"{log.FLAGS[flag]} (1)" in sentence


def test_a_screen_that_varies_spoils_every_trial(whole):
    whole[1]["mad_ms"] = 2.4
    assert all("refresh" in r.flags for r in log.responses(whole))
    assert "refresh rate varies (16)" in log.summary(whole)
    without = [e for e in whole if e["type"] != "refresh"]
    assert not any(r.counts for r in log.responses(without))


def test_a_session_broken_off(whole):
    begun = whole[:8]
    assert log.summary(begun).startswith("broken off after 5 of 16 trials; what was answered is")
    assert len(log.responses(begun)) == 5
    skipped = [whole[0], {"type": "skipped"}]
    assert log.summary(skipped).startswith("the session was skipped")


def test_still_masks_are_said(whole):
    calm = [whole[0], {"type": "consent", "masks": "still"}, *whole[1:]]
    assert log.masks_of(calm) == "still"
    assert "stood still" in log.summary(calm)


def test_what_is_no_trial_is_passed_over(whole):
    again = {**trial_entries(whole)[2], "choice": None}  # the first answer is the one that counts
    strange = [*whole, again, {"type": "trial", "id": 999}, {"odd": 1}]
    assert log.responses(strange) == log.responses(whole)
    with pytest.raises(CourseError, match="no session"):
        log.responses([])
    with pytest.raises(CourseError, match="no session"):
        log.responses([{"type": "trial"}])


def test_a_file_survives_a_torn_line(whole, tmp_path):
    path = tmp_path / "deep" / "ab12.jsonl"
    for entry in whole:
        log.append(path, entry)
    assert log.read(path) == json.loads(json.dumps(whole))
    with open(path, "a") as file:
        file.write('{"type": "tri')
    assert log.responses(log.read(path)) == log.responses(whole)


def test_sessions_are_pooled_by_file(whole, tmp_path):
    calm = [whole[0], {"type": "consent", "masks": "still"}, *whole[1:]]
    for name, entries in {"a": whole, "b": whole, "calm": calm}.items():
        for entry in entries:
            log.append(tmp_path / f"{name}.jsonl", entry)
    (tmp_path / "other.jsonl").write_text("[1]\nnothing\n")
    rows = log.pooled(tmp_path)
    assert {r.observer for r in rows} == {"a", "b"}
    assert len(rows) == 32


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot keep the session"):
        log.append(tmp_path / "file" / "log.jsonl", {})
