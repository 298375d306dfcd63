"""The plan of every profile: which trainings there are and which values they give."""

from collections import Counter

import pytest
import torch
from torch import nn

from cvlib.chapters.group_normalization.arms import (
    CHANNELS_PER_GROUP,
    GROUPS,
    SIZES,
    Arm,
    Net,
    arms,
)
from cvlib.chapters.group_normalization.experiment import CONFIG, EXPERIMENT
from cvlib.normalization.layers import GhostBatchNorm2d
from cvlib.normalization.protocols import fixed
from cvlib.normalization.weight_standardization import WSConv2d

PLANS = {profile: list(arms(config)) for profile, config in CONFIG.items()}


def measured(profile):
    return {metric for arm in PLANS[profile] for metric in arm.metrics}


@pytest.mark.parametrize(("profile", "count"), [("smoke", 9), ("workshop", 12), ("full", 22)])
def test_the_number_of_trainings(profile, count):
    assert len(PLANS[profile]) == count


@pytest.mark.parametrize("profile", CONFIG)
def test_names_are_unique_and_every_value_is_declared_once(profile):
    names = Counter(arm.name for arm in PLANS[profile])
    metrics = Counter(metric for arm in PLANS[profile] for metric in arm.metrics)
    assert set(names.values()) == set(metrics.values()) == {1}
    assert metrics.keys() <= EXPERIMENT.metrics.keys()


@pytest.mark.parametrize("profile", CONFIG)
def test_every_headline_value_has_an_arm(profile):
    headlines = {name for name, m in EXPERIMENT.metrics.items() if m.headline}
    assert headlines - measured(profile) <= {"gn_minus_bn_2"}  # the difference of two others


def test_full_measures_every_error_that_is_declared():
    errors = {name for name in EXPERIMENT.metrics if "_error" in name}
    probed = {f"bn_{kind}_error_{n}" for kind in ("precise", "batch") for n in (32, 2)}
    assert errors - measured("full") == probed


def test_group_norm_under_fixed_is_one_training_for_every_n():
    for plan in PLANS.values():
        (arm,) = (a for a in plan if a.name == "gn")
        twins = {"groups_error_32", "paper_gn_error_8"}  # of the full profile: the same run
        assert set(arm.metrics) - twins == {f"gn_error_{n}" for n in SIZES}


def test_the_ends_of_the_sweeps_are_trained_once():
    metrics = {a.name: a.metrics for a in PLANS["full"]}
    assert metrics["ln"] == ("ln_error", "groups_error_1")
    assert metrics["in"] == ("in_error", "channels_error_1")
    assert "groups_error_32" in metrics["gn"]


def test_no_two_arms_are_the_same_run():
    for plan in PLANS.values():
        runs = {(a.net, a.protocol, a.norm, a.groups, a.standardize) for a in plan}
        assert len(runs) == len(plan)


def test_only_the_full_profile_runs_the_papers_protocol():
    lrs = {a.name: a.protocol.lr for a in PLANS["full"] if a.name.startswith("paper-bn")}
    assert lrs == pytest.approx({"paper-bn-32": 0.1, "paper-bn-2": 0.00625})
    (eight,) = (a for a in PLANS["full"] if "paper_bn_error_8" in a.metrics)
    assert (eight.name, eight.protocol.batch, eight.protocol.lr) == ("bn-8", 64, 0.025)
    assert not [a for p in ("smoke", "workshop") for a in PLANS[p] if a.name.startswith("paper")]


def test_all_arms_of_a_protocol_but_the_papers_share_batch_and_rate():
    for profile, plan in PLANS.items():
        own = {(a.protocol.batch, a.protocol.lr) for a in plan if not a.name.startswith("paper")}
        assert own == {(CONFIG[profile].batch, CONFIG[profile].lr)}


def arm(norm, groups=32, n=2):
    return Arm("a", (), Net(), fixed(n, 64, 0.1), norm, groups)


@pytest.mark.parametrize(
    ("norm", "groups", "channels", "expected"),
    [
        ("gn", 8, 64, 8), ("gn", 8, 4, 4), ("gn", 32, 72, 8), ("ln", 32, 64, 1),
        ("in", 32, 64, 64), ("per_group", 16, 64, 4), ("per_group", 64, 64, 1),
        ("per_group", 1, 64, 64), ("per_group", 64, 16, 1), ("per_group", 16, 24, 3),
    ],
)  # fmt: skip
def test_the_groups_of_an_arms_layers(norm, groups, channels, expected):
    assert arm(norm, groups).factory(channels).num_groups == expected


def test_the_extreme_groups_of_the_sweeps_are_layer_and_instance_norm():
    one, each = arm("gn", GROUPS[-1]).factory(64), arm("per_group", CHANNELS_PER_GROUP[-1])
    assert one.num_groups == arm("ln").factory(64).num_groups
    assert each.factory(64).num_groups == arm("in").factory(64).num_groups


def test_batch_norm_arms_have_the_images_of_their_worker():
    for n in SIZES:
        (bn,) = (a for a in PLANS["smoke"] if a.name == f"bn-{n}")
        layer = bn.factory(8)
        assert isinstance(layer, GhostBatchNorm2d)
        assert layer.images_per_worker == n


def test_only_the_standardised_arm_has_standardised_filters():
    for profile in ("workshop", "full"):
        assert [a.name for a in PLANS[profile] if a.standardize] == ["gn-ws"]
    nets = {a.name: a.build(3, 10) for a in PLANS["workshop"] if a.name in ("gn", "gn-ws")}
    for name, kind in (("gn", nn.Conv2d), ("gn-ws", WSConv2d)):
        convolutions = [m for m in nets[name].modules() if isinstance(m, nn.Conv2d)]
        assert {type(m) for m in convolutions} == {kind}


def test_networks_of_all_profiles_can_be_built():
    for profile, side, channels in (("smoke", 8, 1), ("workshop", 32, 3)):
        for net in (CONFIG[profile].net, CONFIG[profile].control):
            built = net.build(arm("gn", 8).factory, channels, 7)
            assert built(torch.zeros(1, channels, side, side)).shape == (1, 7)
    full = CONFIG["full"].net.build(arm("gn").factory, 3, 10)
    assert sum(p.numel() for p in full.parameters()) == 23_528_522  # ResNet-50 for 10 classes
