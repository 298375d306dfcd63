"""Chapter 02's experiment: what is held out, what is measured, and that it resumes."""

from dataclasses import replace

import pytest
import torch

from cvlib.adversarial.nets import Size
from cvlib.chapters.adversarial_humans import bench, experiment
from cvlib.chapters.adversarial_humans.config import ALL, CONFIG
from cvlib.chapters.adversarial_humans.experiment import EXPERIMENT
from cvlib.chapters.adversarial_humans.train import SHIFT, shifted
from cvlib.course.run.record import note
from cvlib.course.run.run import Run


@pytest.mark.parametrize("profile", CONFIG)
def test_units_measure_what_the_rules_of_a_record_read(profile):
    offered = [name for unit in EXPERIMENT.plan(profile) for name in unit.metrics]
    assert len(set(offered)) == len(offered)
    if profile != "smoke":
        assert set(offered) == set(EXPERIMENT.metrics) - set(EXPERIMENT.derived)


@pytest.fixture
def tiny():
    """The experiment at the size of a test: all four nets trained for a moment, no photographs."""
    config = replace(
        CONFIG["laptop"], net=Size(width=8), steps=6, shown=8, neither=2, photos=None,
        held_out=("plain", "pooling"), attack=replace(CONFIG["laptop"].attack, steps=2),
    )  # fmt: skip
    return replace(EXPERIMENT, config={"laptop": config})


def test_a_run_measures_what_its_units_declare(tiny, tmp_path, monkeypatch):
    result = Run(tiny, "laptop", 0, tmp_path).execute()
    offered = {name for unit in tiny.plan("laptop") for name in unit.metrics}
    values = {name: metric["mean"] for name, metric in result["metrics"].items()}
    assert {name for name, value in values.items() if value is not None} == {
        *offered, "gain_ensemble", "gain_retina",
    }  # fmt: skip
    assert values["false_clean"] == 50, "whatever the nets are"
    rows = note(result, "transfer", "table")
    for row in rows:
        assert row["held"] not in row["source"].split("+"), "the judge was never attacked"
    singles = {(r["held"], r["source"]) for r in rows if r["attack"] == "single"}
    assert singles == {(h, s) for h in ("plain", "pooling") for s in ALL if s != h}

    monkeypatch.setattr(experiment, "train", None)  # nothing is trained again
    again = Run(tiny, "laptop", 0, tmp_path).execute()
    assert again["metrics"] == result["metrics"]


def test_smoke_trains_one_net_and_takes_the_others_from_the_course(tmp_path):
    run = Run(EXPERIMENT, "smoke", 0, tmp_path)
    assert [unit.name for unit in run.plan][:2] == ["net-plain", "transfer"]
    for viewer in ("plain", "retina"):
        net = experiment.net_of(run, "residual", viewer)
        eye = experiment.eye_of(run, viewer)
        _, (x, y) = experiment.pictures(run)
        right = experiment.accuracy(torch.nn.Sequential(eye, net), (x[:300], y[:300]))
        assert right > 93


def test_shifted_digits_are_cut_from_a_wider_frame():
    x = torch.rand(2, 1, 9, 9)
    torch.testing.assert_close(shifted(x, torch.tensor([SHIFT, SHIFT])), x)
    moved = shifted(x, torch.tensor([0, SHIFT + 1]))
    torch.testing.assert_close(moved[..., SHIFT:, :-1], x[..., : 9 - SHIFT, 1:])


def test_the_bench_compares_one_graph_with_the_joint_one():
    text = bench.bench(quick=True)
    assert "one graph at a time" in text
    assert "joint graph" in text
    assert "retina" in text
