"""Chapter 10's experiment: what the arms share, what is scored where, and that it resumes."""

from dataclasses import replace

import pytest
import torch

from cvlib.chapters.biggan import bench, experiment, probes
from cvlib.chapters.biggan.config import BIG16, CONFIG, Arm, panel
from cvlib.chapters.biggan.experiment import EXPERIMENT, measured
from cvlib.course.chapters import chapter
from cvlib.course.run import record, weights
from cvlib.course.run.run import Run
from cvlib.gan.nets import ResGenerator
from cvlib.gan.sampling import class_grid
from cvlib.metrics.features import to_uint8


def test_the_panel_scores_equal_steps_and_equal_images():
    seen = {mark: (step, arm.batch * step) for arm in panel(480, 1e-3) for step, mark in arm.marks}
    assert seen["b16"][0] == seen["b64"][0] == seen["b256"][0]
    assert seen["b16_images"][1] == seen["b64"][1] == seen["b256_images"][1]
    assert seen["half"] == seen["double"] == seen["ortho"] == seen["b64"]


@pytest.mark.parametrize("profile", CONFIG)
def test_units_measure_what_the_rules_of_a_record_read(profile):
    offered = [name for unit in EXPERIMENT.plan(profile) for name in unit.metrics]
    assert len(set(offered)) == len(offered)
    if profile != "smoke":
        needed = set(EXPERIMENT.metrics) - set(EXPERIMENT.derived)
        assert set(offered) == needed - {"is_b16", "is_half"}


def test_width_changes_both_nets_and_nothing_else():
    wide = Arm("x", ((1, "double"),), width=2.0).net(BIG16)
    assert (wide.g_width, wide.d_width) == (2 * BIG16.g_width, 2 * BIG16.d_width)
    assert replace(wide, g_width=BIG16.g_width, d_width=BIG16.d_width) == BIG16


@pytest.fixture
def tiny(monkeypatch):
    """The experiment at the size of a test."""
    arms = (Arm("base", ((4, "b64"),), batch=8, curve=True),)
    config = replace(
        CONFIG["smoke"], arms=arms, samples=60, standing=20, held_out=20,
        collapse=replace(CONFIG["smoke"].collapse, steps=4, every=2),
    )  # fmt: skip
    return replace(EXPERIMENT, config={"smoke": config})


def test_a_run_measures_what_its_units_declare(tiny, tmp_path):
    result = Run(tiny, "smoke", 0, tmp_path).execute()
    (arm,) = tiny.config["smoke"].arms
    for name in (*measured(arm, tiny.config["smoke"]), "collapse_growth", "loss_at_half"):
        assert result["metrics"][name]["mean"] is not None, name
    history = record.history_of(result, "collapse", 0)
    assert [line["step"] + 1 for line in history if "frechet" in line] == [2, 4]


def test_a_second_run_takes_the_files_and_changes_nothing(tiny, tmp_path, monkeypatch):
    first = Run(tiny, "smoke", 0, tmp_path).execute()
    monkeypatch.setattr(experiment, "train", None)  # nothing is trained again
    again = Run(tiny, "smoke", 0, tmp_path).execute()
    assert again["metrics"] == first["metrics"]


def test_the_orthogonal_push_turns_filters_apart():
    torch.manual_seed(0)
    net = ResGenerator(replace(BIG16, init="normal"))
    before = probes.mean_cosine(net)
    for weight in (p for p in net.parameters() if p.dim() > 1):
        torch.nn.init.orthogonal_(weight)
    assert probes.mean_cosine(net) < 0.01 < before


def test_the_layer_table_counts_every_parameter_once():
    net = ResGenerator(BIG16)
    z, y = torch.zeros(1, net.z_dim), torch.zeros(1, dtype=torch.long)
    rows = list(probes.layers(net.eval(), z, y))
    assert sum(count for _, _, count in rows) == sum(p.numel() for p in net.parameters())
    assert {name: shape for name, shape, _ in rows}["out"] == (1, 16, 16)


def test_the_median_seed_is_a_rule():
    told = {"seeds": [0, 1, 2], "metrics": {"frechet_b64": {"values": [9.0, 30.0, 20.0]}}}
    assert probes.median_seed(told) == 2


def test_the_bench_prints_rates(monkeypatch):
    monkeypatch.setattr(bench, "BATCH", 8)
    text = bench.bench(quick=True)
    assert text.count("images/s") == 3
    assert "monitor every 100 steps" in text


def test_the_fixed_noises_pictures_are_those_of_the_recorded_nets():
    """What stands beside the record was drawn by the nets that stand there, too."""
    kept = weights.beside(chapter(10), "fixed_noise")
    drawn = to_uint8(class_grid(probes.recorded_generators()["base"], 2, 11)).int()
    for name, pictures in (("kept", kept["b64"]), ("trained again", kept["base"][-1])):
        assert (drawn - pictures.int()).abs().max() <= 1, name
    assert kept["base"].shape == kept["collapse"].shape == (len(kept["steps"]), 20, 1, 16, 16)
    assert kept["steps"][-1] == CONFIG["laptop"].collapse.steps
    assert kept.keys() >= set(probes.SCALED)
