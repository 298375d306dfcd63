"""Claims, profiles, chapters, scoreboard, records: what is declared before a run, and printed."""

import json
from dataclasses import replace

import pytest

from cvlib.course.chapters import CHAPTERS, chapter, written
from cvlib.course.errors import CourseError
from cvlib.course.page.scoreboard import scoreboard
from cvlib.course.paths import ROOT
from cvlib.course.run import record
from cvlib.course.run.experiment import (
    CONTRADICTED,
    DIRECTION,
    HOLDS,
    UNMEASURED,
    UNRESOLVED,
    Claim,
)
from cvlib.course.run.profiles import resolve
from cvlib.course.run.rules import evaluate, names
from cvlib.course.run.run import Run
from tests.course import toy

CLAIM = Claim("small batches hurt", "bn2 - bn32 >= 10", "bn2 > bn32", "bn2 < bn32 - 1")


@pytest.mark.parametrize(
    ("bn2", "status"), [(30, HOLDS), (25, DIRECTION), (19.5, UNRESOLVED), (10, CONTRADICTED)]
)
def test_a_claim_is_judged_by_its_printed_rule(bn2, status):
    assert CLAIM.status({"bn2": bn2, "bn32": 20}) == status


def test_a_claim_over_unmeasured_metrics_is_not_measured():
    assert CLAIM.status({"bn2": 99}) == UNMEASURED
    partly = Claim("two rules", "a > 1 and b > 1", "a > 1")
    assert partly.status({"a": 2.0}) == DIRECTION
    assert partly.status({"a": 0.0}) == UNMEASURED
    assert partly.status({"a": 0.0, "b": 0.0}) == UNRESOLVED


def test_rules_know_arithmetic_and_nothing_else():
    assert evaluate("abs(a - b) <= 1.5 and max(a, b) < 4", {"a": 2, "b": 3})
    assert names("abs(a - b) <= min(c, 1)") == {"a", "b", "c"}
    for rule in ("__import__('os')", "a.b", "[a]", "(lambda: 1)()", "'text' == a"):
        with pytest.raises(CourseError):
            replace(toy.EXPERIMENT, claims=(Claim("bad", rule),))


def test_a_rule_or_paper_value_for_an_undeclared_metric_is_refused():
    with pytest.raises(CourseError, match="undeclared metrics"):
        replace(toy.EXPERIMENT, claims=(CLAIM,))
    with pytest.raises(CourseError, match="undeclared metrics"):
        replace(toy.EXPERIMENT, paper={"typo": toy.EXPERIMENT.paper["first_error"]})


def test_profiles_resolve(monkeypatch):
    monkeypatch.setenv("CVLIB_PROFILE", "workshop")
    assert resolve("auto") == "workshop"
    assert resolve("smoke") == "smoke"
    with pytest.raises(CourseError, match="choose one of auto, smoke, laptop, workshop, full"):
        resolve("huge")


def test_ten_chapters_with_unique_names_and_existing_notebooks():
    assert [c.number for c in CHAPTERS] == list(range(1, 11))
    assert len({c.name for c in CHAPTERS}) == 10
    assert chapter("04") is chapter(4) is chapter("4")
    assert all(c.notebook.is_file() for c in written())
    for bad in ("0", "11", "x", ""):
        with pytest.raises(CourseError, match="there is no chapter"):
            chapter(bad)


def test_a_planned_chapter_says_so():
    planned = replace(CHAPTERS[-1], done=False)
    with pytest.raises(CourseError, match="planned, not written yet"):
        planned.module("experiment")


@pytest.mark.parametrize("entry", written(), ids=lambda c: c.name)
def test_declarations_of_every_chapter(entry):
    experiment = entry.module("experiment").EXPERIMENT
    assert set(experiment.config) - {"laptop"} == {"smoke", "workshop", "full"}
    for profile in experiment.config:
        assert experiment.plan(profile)
    assert experiment.chapter == entry.number
    assert experiment.claims
    assert len(entry.module("exercises").EXERCISES) >= 5


def two_seeds(tmp_path):
    results = []
    for seed, error in ((0, 0.2), (1, 0.4)):
        run = Run(toy.EXPERIMENT, "smoke", seed, tmp_path)
        run.execute()
        found = run.finished()
        found["first"]["values"]["first_error"] = [error, 60]
        results += found.values()
    return record.build(toy.EXPERIMENT, "smoke", results, (0, 1))


def test_seeds_merge_into_mean_and_sd(tmp_path):
    whole = two_seeds(tmp_path)
    metric = whole["metrics"]["first_error"]
    assert metric["values"] == [0.2, 0.4]
    assert metric["mean"] == pytest.approx(0.3)
    assert metric["sd"] == pytest.approx(0.02**0.5)
    assert whole["metrics"]["unmeasured"]["mean"] is None
    assert whole["seeds"] == [0, 1]
    assert len(whole["history"]) == 4
    assert whole["complete"]
    assert record.schema_problem(whole) == ""


def test_what_is_missing_is_named_and_mixtures_are_said(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    run.execute()
    first, second = run.finished().values()
    second["device"] = "NVIDIA H100"
    whole = record.build(toy.EXPERIMENT, "smoke", [first, second], (0, 1))
    assert not whole["complete"]
    assert whole["missing"] == ["seed 1: first", "seed 1: second"]
    assert whole["metrics"]["first_error"]["values"][1] is None
    assert whole["provenance"]["device"].startswith("mixed (NVIDIA H100; ")
    assert record.schema_problem(whole) == ""


def test_the_scoreboard_is_honest_in_text_and_html(tmp_path):
    board = scoreboard(two_seeds(tmp_path))
    for text in (str(board), board._repr_html_()):
        assert "0.3 ± 0.141 (2 seeds, n = 60)" in text
        assert "no record yet" in text
        assert "as recalled, to be checked" in text
        assert "plumbing check, not evidence" in text
        assert "toy points" in text
        assert "never measured" not in text
        assert "not measured" in text


def test_the_schema_refuses_what_is_not_a_record(tmp_path):
    good = Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    for spoil in (
        lambda r: r.pop("provenance"),
        lambda r: r.update(seeds=[]),
        lambda r: r["verdict"][0].update(status="great"),
        lambda r: r["metrics"]["first_error"].update(values=["0.1"]),
    ):
        bad = json.loads(json.dumps(good))
        spoil(bad)
        assert record.schema_problem(bad)
    (tmp_path / "half.json").write_text(json.dumps(good)[:100])
    with pytest.raises(CourseError, match="no readable record"):
        record.load(tmp_path / "half.json")


RECORDED = sorted((ROOT / "data" / "recorded").glob("*/*.json"))
RECORDED = [path for path in RECORDED if path.stem in ("laptop", "full")]


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.parent.name)
def test_every_recorded_file_keeps_the_schema_and_the_declared_rules(path):
    whole = record.load(path)
    experiment = chapter(whole["chapter"]).module("experiment").EXPERIMENT
    assert whole["profile"] == path.stem
    assert whole["complete"] or whole["missing"], "what a record lacks is named"
    assert [v["rule"] for v in whole["verdict"]] == [c.holds for c in experiment.claims]
