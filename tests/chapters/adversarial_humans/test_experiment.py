"""Chapter 02's experiment: what is held out, what is measured, and that it resumes."""

from dataclasses import replace

import pytest
import torch

from cvlib.adversarial.coarse import CoarseTask
from cvlib.adversarial.nets import Size
from cvlib.adversarial.retina import RetinaBlur
from cvlib.adversarial.stimuli import of_the_groups
from cvlib.adversarial.transfer import Lab
from cvlib.adversarial.viewing import ViewingGeometry
from cvlib.chapters.adversarial_humans import bench, claims, experiment
from cvlib.chapters.adversarial_humans.config import ALL, CONFIG, Photos
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


@pytest.fixture
def photographs(monkeypatch):
    """Four linear networks that no package carries, and noise for photographs."""
    groups = {"pets": {"dog": [0, 1], "cat": [2]}, "hazard": {"snake": [3], "spider": [4]}}
    task = CoarseTask(groups, fine=6)
    pixels = torch.randint(0, 256, (8, 3, 12, 12), generator=torch.manual_seed(0)).byte()
    zoo = {}
    for seed, name in enumerate((*claims.PAIR, *claims.HELD_PHOTOS)):
        torch.manual_seed(seed)
        zoo[name] = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(432, 6))
    eyes = {"plain": torch.nn.Identity(), "retina": RetinaBlur(ViewingGeometry(12), 0.3)}
    stimuli = of_the_groups(pixels, torch.tensor([0, 1, 2, 3, 4, 0, 2, 3]), task, 8)
    lab = Lab(task, dict.fromkeys(eyes, zoo), eyes, stimuli)
    monkeypatch.setattr(experiment, "photo_lab", lambda *size_and_seed: lab)
    return lab


def test_photographs_measure_what_their_units_declare(photographs, tmp_path):
    config = CONFIG["laptop"]
    config = replace(config, photos=Photos(replace(config.photos.attack, steps=2), size=12))
    run = Run(replace(EXPERIMENT, config={"laptop": config}), "laptop", 0, tmp_path)
    for unit in run.plan:
        if unit.name.startswith("photo"):
            unit = replace(unit, needs=())
            run.enter(unit)
            unit.run(run)
            assert set(run.values) == set(unit.metrics)


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
