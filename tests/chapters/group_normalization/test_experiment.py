"""A tiny whole experiment, with its transfer, that resumes."""

from dataclasses import replace

import pytest
import torch

from cvlib.chapters.group_normalization import experiment, train
from cvlib.chapters.group_normalization.config import CONFIG, Config, SmallNet, Transfer
from cvlib.chapters.group_normalization.experiment import EXPERIMENT
from cvlib.course.run.run import Run
from cvlib.normalization.images import Sets
from cvlib.normalization.norms import ghost
from cvlib.normalization.segmentation import Scenes

STUDY = replace(
    CONFIG["smoke"].study, net=SmallNet((4, 8), (1, 2), 1, 1), train_images=96, epochs=2, batch=32,
    groups=2, sizes=(32, 8, 2), others=True, paper_sizes=(2,), group_counts=(4,),
    group_widths=(4,),
)  # fmt: skip
TINY = Config(STUDY, transfer=Transfer(8, 12, 1, 4, 2, 0.1, 1e-4))
UNITS = len(list(EXPERIMENT.units(TINY)))


def images(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    y = torch.arange(96) % 10
    sets = Sets("toys", images((96, 3, 8, 8), 0), y, images((32, 3, 8, 8), 1), y[:32],
                tuple("0123456789"))  # fmt: skip
    labels = torch.arange(8 * 8 * 12).reshape(8, 8, 12) % 3
    x = images((8, 3, 8, 12), 2)
    scenes = Scenes("toy scenes", x, labels, x[:4], labels[:4], ("a", "b", "c"))
    monkeypatch.setattr(experiment, "load_sets", lambda *_: sets)
    monkeypatch.setattr(experiment, "camvid", lambda *_: scenes)
    monkeypatch.setattr(experiment, "SCENES", 8)


def tiny_run(folder, **options):
    declared = replace(
        EXPERIMENT,
        config={"smoke": TINY},
        units=lambda c: [replace(u, needs=()) for u in EXPERIMENT.units(c)],
    )
    return Run(declared, "smoke", 0, folder, **options)


def values(record):
    return {name: metric["values"] for name, metric in record["metrics"].items()}


def test_a_tiny_experiment_measures_what_it_declares_and_resumes(tmp_path, monkeypatch):
    whole = tiny_run(tmp_path / "whole").execute()
    assert whole["complete"]
    value = {name: v for name, (v,) in values(whole).items() if v is not None}
    declared = {metric for unit in EXPERIMENT.units(TINY) for metric in unit.metrics}
    assert declared <= value.keys()
    assert value["bn_loss"] == pytest.approx(value["bn_error_2"] - value["bn_error_32"])
    assert value["gn_minus_bn_2"] == pytest.approx(value["gn_error"] - value["bn_error_2"])
    tasks = [h["task"] for h in whole["history"]]
    assert len(tasks) == len(set(tasks)) == UNITS

    # cut off in the middle of the third training, then begun anew: the same digits
    run = tiny_run(tmp_path / "cut", save_seconds=0)
    steps = iter(range(2 * 6 + 3))
    monkeypatch.setattr(run, "out_of_time", lambda: next(steps, None) is None)
    assert not run.execute()["complete"]
    trained = []
    original = train.batch
    monkeypatch.setattr(
        train, "batch", lambda task, *a: trained.append(task.name) or original(task, *a)
    )
    again = tiny_run(tmp_path / "cut").execute()
    assert "bn-32" not in trained
    assert 0 < trained.count("bn-2") < 6, "not all of its 6 steps anew"
    assert values(again) == values(whole)


def test_a_transfer_starts_from_the_networks_of_its_seed(tmp_path):
    run = tiny_run(tmp_path)
    run.execute()
    kept = run.load_weights("bn-32", "net")
    study = STUDY
    frozen = experiment.pretrained(run, "bn-32", study, ghost(32))
    assert all(torch.equal(v, kept[k]) for k, v in frozen.state_dict().items())
    assert not torch.equal(kept["stem.0.weight"], run.load_weights("gn", "net")["stem.0.weight"])
