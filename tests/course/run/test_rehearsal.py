"""`cvlib record --rehearse`: what would fail late fails at once, and nothing is kept."""

import time

import pytest
from click.testing import CliRunner

from cvlib.course import cli_run
from cvlib.course.run.recording import preflight, visit
from cvlib.course.run.recording.rehearsal import rehearse
from tests.course.run import toy_visit
from tests.course.run.toy_visit import planned


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "runs"))


def test_two_steps_of_every_training_and_all_that_follows_them(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(toy_visit.time, "sleep", seen.append)
    tried = list(rehearse(planned(tmp_path / "out", scratch=tmp_path / "scratch")))
    assert [one.name for one in tried] == [f"04 {name}" for name in toy_visit.NAMES]
    assert not any(one.error for one in tried)
    assert len(seen) == 2 * len(tried)
    assert all(one.gigabytes > 0 for one in tried)
    assert not list(tmp_path.rglob("units/*.json"))


def test_what_fails_is_named_and_ends_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_EXTRA", "wrong diverging dependent needy")
    tried = {t.name: t for t in rehearse(planned(tmp_path / "out", scratch=tmp_path / "s"))}
    assert "ZeroDivisionError: division by zero (toy_visit.py:" in tried["04 wrong"].error
    assert "fails: ZeroDivisionError" in str(tried["04 wrong"])
    assert "04 needy" not in tried  # the preflight has said why
    assert not tried["04 first"].error
    assert "did not measure unmeasured" in tried["04 diverging"].error
    assert tried["04 dependent"].error == "diverging must work first"


def test_it_ends_in_time(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_PAUSE", "0.4")
    tried = list(rehearse(planned(tmp_path / "out", minutes=0.02, scratch=tmp_path / "s")))
    assert len(tried) < len(toy_visit.NAMES)


def test_it_ends_in_time_though_a_unit_never_looks_at_the_clock(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_EXTRA", "deaf")
    began = time.monotonic()
    tried = list(rehearse(planned(tmp_path / "out", minutes=0.05, scratch=tmp_path / "s")))
    assert time.monotonic() - began < 20
    assert "04 deaf" not in {one.name for one in tried}


@pytest.mark.parametrize(("extra", "code"), [("", 0), ("wrong", 1)])
def test_the_command_says_how_many_work(tmp_path, monkeypatch, extra, code):
    monkeypatch.setenv("TOY_EXTRA", extra)
    monkeypatch.setattr(visit.plan, "__kwdefaults__", {
        **visit.plan.__kwdefaults__, "load": toy_visit.load,
    })  # fmt: skip
    monkeypatch.setattr(preflight, "load", toy_visit.load)
    words = ["04", "--profile", "laptop", "--rehearse", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli_run.record, words)
    assert done.exit_code == code, done.output
    assert f"3 of {3 + code} units work, {code} fail" in done.output
    assert not (tmp_path / "out").exists()
