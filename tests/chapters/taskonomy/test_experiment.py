"""The declaration, and a tiny whole experiment of all units that resumes."""

import shutil
from dataclasses import replace

import pytest

from cvlib.chapters.taskonomy import train as training
from cvlib.chapters.taskonomy.config import CONFIG
from cvlib.chapters.taskonomy.experiment import EXPERIMENT, PUBLISHED, targets_of
from cvlib.course.run.run import Run
from cvlib.taskonomy import published
from cvlib.taskonomy.tasks import task

TINY = replace(
    CONFIG["smoke"], size=16, widths=(4,), train=32, transfer=8, choose=12, judge=12, epochs=1,
    transfer_epochs=1, scratch_epochs=1, policies=8, batch=8, plenty=16, plenty_epochs=1,
    wide=("depth",),
)  # fmt: skip


def tiny_run(folder, seed=0, **options):
    return Run(replace(EXPERIMENT, config={"smoke": TINY}), "smoke", seed, folder, **options)


def values(record):
    return {name: metric["values"] for name, metric in record["metrics"].items()}


def test_a_tiny_experiment_measures_every_metric_and_resumes(tmp_path, monkeypatch):
    whole = tiny_run(tmp_path / "whole").execute()
    measured = {name for name, (value,) in values(whole).items() if value is not None}
    assert set(EXPERIMENT.metrics) - measured == set(PUBLISHED)
    assert whole["data"] == "rendered rooms, 16 px"
    notes = whole["extra"]["0"]["transfers"]
    assert set(notes["affinities"]) == set(targets_of(TINY))
    for target, p in notes["affinities"].items():
        assert target in p
        assert len(p) == 7
    qualities = [line["quality"] for line in notes["second order"]]
    assert all(0 <= q <= 1 for q in qualities)
    assert notes["second order"][0]["labels"] <= notes["second order"][-1]["labels"]

    run = tiny_run(tmp_path / "cut", save_seconds=0)
    left = iter(range(25))
    monkeypatch.setattr(run, "out_of_time", lambda: next(left, None) is None)
    assert not run.execute()["complete"]
    again = tiny_run(tmp_path / "cut").execute()
    assert values(again) == values(whole)
    assert again["extra"] == whole["extra"]


def test_the_random_order_of_units_does_not_matter_to_a_unit(tmp_path):
    """A unit's result depends on the seed and on what it comes after, not on what ran before."""
    whole = tiny_run(tmp_path / "a").execute()
    for name in ("transfers", "plenty"):
        (tmp_path / "a" / "seed0" / "units" / f"{name}.json").unlink()
    for folder in (tmp_path / "a" / "seed0" / "checkpoints").iterdir():
        if folder.name.startswith(("first", "second", "plenty")):
            shutil.rmtree(folder)
    assert values(tiny_run(tmp_path / "a").execute()) == values(whole)


def test_seeds_differ(tmp_path):
    one = tiny_run(tmp_path / "x", 0).execute()
    other = tiny_run(tmp_path / "y", 1).execute()
    assert values(one)["ledger_ratio"] != values(other)["ledger_ratio"]


@pytest.mark.parametrize("profile", ["smoke", "laptop", "workshop", "full"])
def test_every_profile_is_a_sound_plan(profile):
    config = CONFIG[profile]
    plan = EXPERIMENT.plan(profile)
    assert config.size == 8 * 2 ** len(config.widths)
    assert "normal" in config.tasks
    assert set(config.wide) <= set(targets_of(config))
    assert config.third <= len(targets_of(config)) / 2
    assert {unit.name for unit in plan} >= {f"net-{name}" for name in config.tasks}
    assert all(unit.steps > 0 for unit in plan if unit.name != "published")
    headline = {m for unit in plan if unit.priority == 0 for m in unit.metrics}
    assert {"third_quality", "normals_rank", "ledger_quality"} <= headline
    needs = {need for unit in plan for need in unit.needs}
    assert needs == (set() if profile == "smoke" else {published.SET})


def test_ten_targets_as_in_the_abstract_and_eight_times_the_labels():
    config = CONFIG["laptop"]
    assert len(targets_of(config)) == 10
    assert config.train / config.transfer == 8
    assert {task(n).group for n in config.tasks} == {"2D", "3D", "semantic", "geometric"}


def status(claim, **measured):
    return EXPERIMENT.claims[claim].status(measured)


def test_each_rule_can_fail_and_its_baseline_fails_it():
    good = {"third_quality": 0.4, "third_gain": 0.7, "band_quality": 0.3, "band_gain": 0.6,
            "mean_quality": 0.2, "free_quality": 0.2}  # fmt: skip
    assert status(0, **good) == "holds"
    assert status(0, **{**good, "free_quality": 0.35}) == "holds in direction"
    assert status(0, **{**good, "third_quality": 0.2}) == "contradicted"
    as_cheap = {**good, "third_quality": good["free_quality"]}
    assert status(0, **as_cheap) == "contradicted"

    ranks = {"normals_rank": 1.5, "rival_rank": 3.0, "random_rank": 8.0}
    assert status(1, **ranks) == "holds"
    assert status(1, **{**ranks, "random_rank": 2.0}) == "not resolved at this scale"
    assert status(1, **{**ranks, "normals_rank": 4.0}) == "contradicted"

    ledger = {"ledger_labels": 0.39, "ledger_quality": 0.46, "scratch_quality": 0.2}
    assert status(2, **ledger) == "holds"
    assert status(2, **{**ledger, "ledger_quality": 0.42}) == "holds in direction"
    assert status(2, **{**ledger, "ledger_quality": ledger["scratch_quality"]}) == "contradicted"
    assert status(2, **{**ledger, "scratch_quality": 0.47}) == "not resolved at this scale"

    theirs = {"published_labels": 0.39, "published_quality": 0.34, "published_best": 0.46,
              "published_random": 0.16}  # fmt: skip
    assert status(3, **theirs) == "holds in direction"
    assert status(3, **{**theirs, "published_best": 0.16}) == "contradicted"
    assert status(3, **{**theirs, "published_random": 0.46}) == "not resolved at this scale"

    spreads = {"spread_little": 9.0, "spread_plenty": 6.0, "spread_narrow": 9.0,
               "spread_wide": 7.0, "spread_floor": 1.0}  # fmt: skip
    assert status(4, **spreads) == "holds"
    assert status(4, **{**spreads, "spread_wide": 9.0}) == "holds in direction"
    assert status(4, **{**spreads, "spread_floor": 4.0}) == "not resolved at this scale"
    assert status(4, **{**spreads, "spread_plenty": 9.5}) == "contradicted"


def test_the_learning_rate_warms_up_and_ends_at_zero():
    rates = [training.schedule(k / 1000) for k in range(1001)]
    assert rates[0] == 0
    assert max(rates) == pytest.approx(1)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert rates[100] == pytest.approx(1)
