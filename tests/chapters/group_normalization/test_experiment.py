"""The declaration's arithmetic, and a tiny whole experiment that resumes."""

from dataclasses import replace

import pytest

from cvlib.chapters.group_normalization import train
from cvlib.chapters.group_normalization.arms import CHANNELS_PER_GROUP, GROUPS, SIZES, Net, arms
from cvlib.chapters.group_normalization.experiment import (
    BN,
    BY_CHANNELS,
    BY_GROUPS,
    CONFIG,
    EXPERIMENT,
    GN,
    PAPER,
)  # fmt: skip
from cvlib.course.run.run import Run
from cvlib.normalization.images import Sets

HEADLINES = {name for name, metric in EXPERIMENT.metrics.items() if metric.headline}


def test_the_papers_table_agrees_with_itself():
    assert round(GN[2] - BN[2], 1) == PAPER["gn_minus_bn_2"].value == -10.6
    difference = [round(GN[n] - BN[n], 1) for n in SIZES]
    assert difference == [0.5, 0.5, -0.8, -3.1, -10.6]
    assert tuple(BN) == tuple(GN) == SIZES
    assert tuple(BY_GROUPS) == GROUPS
    assert tuple(BY_CHANNELS) == CHANNELS_PER_GROUP


def test_the_ends_of_the_papers_sweeps_are_its_other_rows():
    assert PAPER["ln_error"].value == BY_GROUPS[1] == 25.3
    assert PAPER["in_error"].value == BY_CHANNELS[1] == 28.4
    assert BY_GROUPS[32] == GN[32] == 24.1
    assert min(BY_GROUPS.values()) == BY_GROUPS[32]
    assert min(BY_CHANNELS.values()) == BY_CHANNELS[16]


def test_only_what_was_read_is_called_checked():
    assert {name for name, value in PAPER.items() if value.checked} == {"gn_minus_bn_2"}


def test_the_papers_own_numbers_satisfy_the_first_claims():
    values = {name: v.value for name, v in PAPER.items()}
    assert [c.status(values) for c in EXPERIMENT.claims] == ["holds", "holds"]


@pytest.mark.parametrize(
    ("bn", "gn", "expected"),
    [
        ((54.5, 2.0), (3.3, 3.3), "holds"),
        ((10.0, 5.0), (5.0, 5.0), "holds in direction"),
        ((6.0, 5.0), (5.0, 5.0), "not resolved at this scale"),
        ((5.0, 5.0), (5.0, 5.0), "contradicted"),
        ((54.5, 2.0), (9.0, 3.0), "not resolved at this scale"),
    ],
)
def test_the_rule_of_the_headline_claim(bn, gn, expected):
    names = ("bn_error_2", "bn_error_32", "gn_error_2", "gn_error_32")
    assert EXPERIMENT.claims[0].status(dict(zip(names, (*bn, *gn), strict=True))) == expected


TINY = replace(
    CONFIG["smoke"], net=Net((4, 8), (1, 2)), control=Net((4,), (2,)), epochs=2, batch=32, groups=4,
    others=True, paper_sizes=(2,),
)  # fmt: skip


@pytest.fixture
def small_sets(monkeypatch):
    load = Sets.load

    def small(name, device):
        whole = load(name, device)
        return replace(whole, x=whole.x[:96], y=whole.y[:96], test_x=whole.test_x[:64],
                       test_y=whole.test_y[:64])  # fmt: skip

    monkeypatch.setattr(Sets, "load", small)


def tiny_run(folder, **options):
    return Run(replace(EXPERIMENT, config={"smoke": TINY}), "smoke", 0, folder, **options)


def values(record):
    return {name: metric["values"] for name, metric in record["metrics"].items()}


def test_a_tiny_experiment_measures_every_headline_and_resumes(tmp_path, small_sets, monkeypatch):
    whole = tiny_run(tmp_path / "whole").execute()
    measured = {name for name, (value,) in values(whole).items() if value is not None}
    assert measured >= HEADLINES | {"gn_minus_bn_2", "ln_error", "in_error", "paper_bn_error_2"}
    assert measured >= {f"bn_{kind}_error_{n}" for kind in ("precise", "batch") for n in (2, 32)}
    assert whole["complete"]
    assert whole["data"] == "scikit-learn digits"
    value = {name: values(whole)[name][0] for name in measured}
    assert len({value[f"gn_error_{n}"] for n in SIZES}) == 1
    assert value["gn_minus_bn_2"] == value["gn_error_2"] - value["bn_error_2"]
    assert [h["task"] for h in whole["history"]] == [arm.name for arm in arms(TINY)]

    # cut off in the middle of the fourth training, then begun anew: the same digits
    run = tiny_run(tmp_path / "cut", save_seconds=0)
    steps = iter(range(3 * 6 + 3))
    monkeypatch.setattr(run, "out_of_time", lambda: next(steps, None) is None)
    assert not run.execute()["complete"]
    trained = []
    original = train.batch
    monkeypatch.setattr(
        train, "batch", lambda task, *a: trained.append(task.name) or original(task, *a)
    )
    again = tiny_run(tmp_path / "cut").execute()
    assert trained[0] == "bn-4"
    assert trained.count("bn-4") == 2, "of 6 steps, 4 were done"
    assert values(again) == values(whole)
    assert again["history"] == whole["history"]
