"""Chapter 07's experiment: one change an arm, every metric measured, resumable."""

from dataclasses import fields, replace

import pytest
import torch

from cvlib.chapters.ganimation import experiment
from cvlib.chapters.ganimation.config import CONFIG, FEW, panel
from cvlib.chapters.ganimation.experiment import EXPERIMENT, measured
from cvlib.chapters.ganimation.train import build
from cvlib.course.run.run import Run


def differing(one, other):
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def test_every_arm_changes_one_thing():
    long, base, *others = panel(FEW, 600, 400, 2400)
    assert differing(base, long) == {"name", "title", "steps"}
    changed = {arm.name: differing(base, arm) - {"name", "title", "priority"} for arm in others}
    assert changed == {
        "clean": {"weights"},
        "faint": {"weights"},
        "half": {"weights"},
        "no-attention": {"attention"},
        "free": {"weights"},
        "eager": {"weights", "free", "full"},  # the price, and when it is asked
        "cold": {"warm_up"},
    }
    weights = {arm.name: arm.weights for arm in (base, *others)}
    for name in ("clean", "faint", "half"):
        assert differing(base.weights, weights[name]) == {"sigma"}
    assert differing(base.weights, weights["free"]) == {"attention"}
    noise = [weights[name].sigma for name in ("base", "half", "faint")]
    assert noise == [FEW.sigma, FEW.sigma / 2, FEW.sigma / 4]


def test_the_price_rises_from_nothing_to_its_weight():
    _, base, *_, eager, _ = panel(FEW, 100, 0, 400)
    prices = [base.price(step) for step in range(100)]
    assert prices[0] == prices[40] == 0
    assert prices[99] == prices[70] == FEW.attention
    assert prices == sorted(prices)
    assert eager.price(0) == eager.price(99) == 10 * FEW.attention


@pytest.mark.parametrize("profile", CONFIG)
def test_units_measure_what_the_rules_of_a_record_read(profile):
    offered = [name for unit in EXPERIMENT.plan(profile) for name in unit.metrics]
    assert len(set(offered)) == len(offered)
    if profile in ("laptop", "full"):
        assert set(offered) == set(EXPERIMENT.metrics) - set(EXPERIMENT.derived)


@pytest.fixture
def tiny():
    """The experiment at the size of a test."""
    config = replace(
        CONFIG["smoke"], arms=panel(FEW, 4, 3, 6)[:4], width=4, blocks=1, judge_width=4, faces=80,
        people=4, each=3, swept=2, estimator_steps=3, levels=3, path=3, look_every=2,
    )  # fmt: skip
    return replace(EXPERIMENT, config={"smoke": config})


def test_a_run_measures_what_its_units_declare(tiny, tmp_path):
    result = Run(tiny, "smoke", 0, tmp_path).execute()
    for arm in tiny.config["smoke"].arms:
        for name in measured(arm):
            assert result["metrics"][name]["mean"] is not None, name
    assert result["data"] == "rendered faces, 32 px, 3 action units"
    assert result["metrics"]["drift_no_attention"]["mean"] > 5, "an untrained net repaints all"
    assert result["metrics"]["fit_truth"]["mean"] > 0.9, "the yardstick reads true pictures"


def test_a_second_run_takes_the_files_and_changes_nothing(tiny, tmp_path, monkeypatch):
    first = Run(tiny, "smoke", 0, tmp_path).execute()
    monkeypatch.setattr(experiment, "train", None)  # nothing is trained again
    again = Run(tiny, "smoke", 0, tmp_path).execute()
    assert again["metrics"] == first["metrics"]


def test_many_units_are_read_by_a_search(tmp_path):
    config = replace(
        CONFIG["workshop"], arms=panel(FEW, 1, 1, 1)[:1], size=16, width=4, blocks=1, judge_width=4,
        faces=70, people=2, each=2, swept=1, estimator_steps=1, path=2, look_every=9,
    )  # fmt: skip
    few = replace(config, numbers=(1, 4, 12, 26), arms=panel(FEW, 1, 1, 1)[:1])
    result = Run(replace(EXPERIMENT, config={"smoke": few}), "smoke", 0, tmp_path).execute()
    assert result["metrics"]["fit_truth"]["mean"] > 0.5


def test_arms_of_one_seed_begin_with_the_same_nets():
    _, base, clean, bare, *_ = panel(FEW, 4, 3, 4)
    one, two = (build(CONFIG["smoke"], arm, torch.device("cpu"), 3) for arm in (base, clean))
    for p, q in zip(one.G.parameters(), two.G.parameters(), strict=True):
        assert torch.equal(p, q)
    assert build(CONFIG["smoke"], bare, torch.device("cpu"), 3).G.attention is None


def test_an_arm_is_looked_at_first_at_even_distances_and_last(tiny, tmp_path, monkeypatch):
    run = Run(tiny, "smoke", 0, tmp_path)
    monkeypatch.setattr(experiment, "looked_at", lambda run, pair: {"fit": 0.0})
    arm = tiny.config["smoke"].arms[0]
    look = experiment.watch(run, arm)
    pair = build(tiny.config["smoke"], arm, torch.device("cpu"), 0)
    assert [step for step in range(1, 7) if look(step, pair)] == [1, 3, 5, 6]
