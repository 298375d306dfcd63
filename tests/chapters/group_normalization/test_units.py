"""The plan of every profile: which units there are and which values they give."""

from collections import Counter

import pytest
import torch

from cvlib.chapters.group_normalization.config import CONFIG, SmallNet
from cvlib.chapters.group_normalization.experiment import EXPERIMENT
from cvlib.normalization.layers import GhostBatchNorm2d
from cvlib.normalization.norms import ghost, group, group_of, instance_norm, layer_norm
from cvlib.normalization.traffic import norm_traffic

PLANS = {profile: EXPERIMENT.plan(profile) for profile in CONFIG}


def arms(profile):
    found = [unit.run.keywords.get("arm") for unit in PLANS[profile]]
    return {arm.name: arm for arm in found if arm}


def measured(profile):
    return {metric for unit in PLANS[profile] for metric in unit.metrics}


@pytest.mark.parametrize(
    ("profile", "count"), [("smoke", 10), ("laptop", 23), ("workshop", 8), ("full", 36)]
)
def test_the_number_of_units(profile, count):
    assert len(PLANS[profile]) == count


@pytest.mark.parametrize("profile", CONFIG)
def test_every_value_is_measured_once(profile):
    assert set(Counter(m for unit in PLANS[profile] for m in unit.metrics).values()) == {1}


def test_laptop_measures_every_row_of_every_claim():
    values = dict.fromkeys(measured("laptop") | EXPERIMENT.derived.keys(), 1.0)
    for claim in EXPERIMENT.claims:
        for rule in (claim.holds, claim.direction, claim.contradicted):
            eval(rule, {}, values)  # a row that is not measured would be a NameError


def test_laptop_and_full_measure_every_headline_between_them():
    headlines = {name for name, m in EXPERIMENT.metrics.items() if m.headline}
    assert headlines - EXPERIMENT.derived.keys() <= measured("full")
    assert headlines - EXPERIMENT.derived.keys() - measured("laptop") == {"bn_error_16"}


def test_group_norm_with_one_sgd_batch_is_one_training_for_every_n():
    for profile in CONFIG:
        names = [a.name for a in arms(profile).values() if a.metric == "gn_error"]
        assert names == ["gn"]


@pytest.mark.parametrize("profile", CONFIG)
def test_no_two_arms_are_the_same_training(profile):
    seen = Counter()
    for arm in arms(profile).values():
        layers = tuple(repr(arm.norm(c)) for c in (16, 64))
        seen[arm.study, arm.net, arm.protocol, layers, arm.by_class] += 1
    assert set(seen.values()) == {1}


@pytest.mark.parametrize("profile", CONFIG)
def test_all_arms_but_the_papers_protocol_share_batch_and_rate(profile):
    study = CONFIG[profile].study
    for arm in arms(profile).values():
        if arm.study == study and not arm.name.startswith("paper"):
            assert (arm.protocol.batch, arm.protocol.lr) == (study.batch, study.lr)


def test_the_papers_protocol_has_eight_workers():
    laptop = arms("laptop")
    for n, batch, lr in ((32, 256, 0.1), (2, 16, 0.00625)):
        for norm in ("bn", "gn"):
            protocol = laptop[f"paper-{norm}-{n}"].protocol
            assert (protocol.batch, protocol.workers) == (batch, 8)
            assert protocol.lr == pytest.approx(lr)


@pytest.mark.parametrize("profile", CONFIG)
def test_the_control_changes_nothing_but_the_last_stride(profile):
    plan = arms(profile)
    plain, large = plan["bn-2"], plan["large-bn-2"]
    assert large.net.strides == (*plain.net.strides[:-1], 1)
    assert plain.net.strides[-1] == 2
    assert large.net.widths == plain.net.widths
    assert large.net.blocks == plain.net.blocks
    assert (large.protocol, large.study) == (plain.protocol, plain.study)
    parameters = [
        sum(p.numel() for p in a.net.build(a.norm, 3, 10).parameters()) for a in (plain, large)
    ]
    assert parameters[0] == parameters[1]


@pytest.mark.parametrize(
    ("profile", "side", "m"), [("smoke", 8, 2), ("laptop", 32, 8), ("workshop", 32, 8)]
)
def test_the_values_behind_a_mean_in_the_last_maps(profile, side, m):
    plan = arms(profile)
    channels = 1 if profile == "smoke" else 3
    for name, expected in (("bn-2", m), ("large-bn-2", 4 * m)):
        arm = plan[name]
        net = arm.net.build(arm.norm, channels, 10)
        assert norm_traffic(net, (2, channels, side, side))[-1].m == expected


@pytest.mark.parametrize("profile", ["laptop", "workshop", "full"])
def test_a_group_holds_4_to_16_channels(profile):
    study = CONFIG[profile].study
    for width in study.net.widths:
        assert 4 <= width // group(study.groups)(width).num_groups <= 16


@pytest.mark.parametrize(
    ("norm", "channels", "expected"),
    [
        (group(8), 64, 8), (group(8), 4, 4), (group(32), 72, 8), (layer_norm, 64, 1),
        (instance_norm, 64, 64), (group_of(16), 64, 4), (group_of(64), 64, 1),
        (group_of(16), 24, 3),
    ],
)  # fmt: skip
def test_the_groups_of_an_arms_layers(norm, channels, expected):
    assert norm(channels).num_groups == expected


def test_batch_norm_arms_have_the_images_of_their_worker():
    for profile in CONFIG:
        for arm in arms(profile).values():
            layer = arm.norm(16)
            if isinstance(layer, GhostBatchNorm2d):
                assert layer.images_per_worker == arm.protocol.images_per_worker
                assert arm.name.endswith(f"-{layer.images_per_worker}")
    assert ghost(2)(8).images_per_worker == 2


def test_networks_of_all_profiles_can_be_built():
    for profile, side, channels in (("smoke", 8, 1), ("laptop", 32, 3), ("full", 32, 3)):
        net: SmallNet = CONFIG[profile].study.net
        for network in (net, net.with_larger_maps()):
            built = network.build(group(4), channels, 7)
            assert built(torch.zeros(1, channels, side, side)).shape == (1, 7)
    deep = CONFIG["full"].deep.net.build(group(32), 3, 20)
    assert deep(torch.zeros(1, 3, 64, 64)).shape == (1, 20)


def test_a_transfer_comes_after_the_training_whose_network_it_takes():
    after = {u.name: u.after for u in PLANS["laptop"] if u.name.startswith("tune")}
    assert after == {
        "tune-frozen": ("bn-32",), "tune-bn": ("bn-32",), "tune-gn": ("gn",), "tune-scratch": (),
        "tune-converted": ("bn-32",), "tune-decayed": ("gn",),
    }  # fmt: skip


def test_the_headline_comes_first():
    names = [u.name for u in PLANS["laptop"] if u.priority == 0]
    assert {"bn-32", "bn-8", "bn-2", "gn", "tune-frozen", "tune-gn"} <= set(names)
    assert not {"groups-2", "ln", "paper-bn-2", "bn-4"} & set(names)
