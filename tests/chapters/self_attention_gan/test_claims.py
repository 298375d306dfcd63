"""The rules: fixed before any run, able to fail, and blind to nobody's favourite."""

import pytest

from cvlib.chapters.self_attention_gan.claims import (
    CLAIMS,
    CONFIRMED,
    METRICS,
    MUST_NOT_PASS,
    PAPER,
    TABLE_1,
)
from cvlib.course.run.experiment import CONTRADICTED, DIRECTION, HOLDS, UNRESOLVED

PAIRS = {"two_attention": 0.8, "two_none": 0.6, "two_local": 0.6}


@pytest.mark.parametrize(("claim", "values"), list(zip(CLAIMS, MUST_NOT_PASS, strict=True)))
def test_no_rule_passes_its_baseline(claim, values):
    assert claim.status(values) in (UNRESOLVED, CONTRADICTED)


@pytest.mark.parametrize(
    ("gaps", "wins", "status"),
    [
        ((0.10, 0.08), 1.0, HOLDS),
        ((0.10, 0.08), 0.6, DIRECTION),  # a mean that two of five seeds do not share
        ((0.10, 0.03), 1.0, DIRECTION),
        ((0.10, 0.01), 1.0, UNRESOLVED),  # the residual block does it as well
        ((-0.05, -0.03), 0.2, CONTRADICTED),
    ],
)
def test_twins_are_judged_by_both_controls_and_by_the_seeds(gaps, wins, status):
    values = {**PAIRS, "gap_none": gaps[0], "gap_local": gaps[1], "wins": wins}
    assert CLAIMS[0].status(values) == status


def test_nets_that_draw_no_pairs_are_not_judged():
    values = {"two_attention": 0.0, "two_none": 0.5, "two_local": 0.5}
    gaps = {"gap_none": 0.5, "gap_local": 0.5, "wins": 1.0}
    assert CLAIMS[0].status({**values, **gaps}) == UNRESOLVED


@pytest.mark.parametrize("data", ["digits", "cifar"])
def test_stability_is_about_live_weights_that_stay_good(data):
    claim = next(c for c in CLAIMS if f"{data}_rise_ttur" in c.holds)
    live = {"sn_d": 100.0, "sn_gd": 60.0, "ttur": 40.0}
    rise = {"sn_d": 2.0, "sn_gd": 1.1, "ttur": 1.0}
    values = {f"{data}_live_{a}": v for a, v in live.items()}
    values |= {f"{data}_rise_{a}": v for a, v in rise.items()}
    assert claim.status(values) == HOLDS
    assert claim.status({**values, f"{data}_rise_sn_d": 1.0}) == DIRECTION
    assert claim.status({**values, f"{data}_live_ttur": 120.0}) == CONTRADICTED


def test_paper_values_are_flagged_unless_the_paper_says_them():
    for name, paper in PAPER.items():
        assert name in METRICS
        assert paper.checked == name.endswith("local_quarter")
        assert paper.source
    assert PAPER["digits_ratio_local_quarter"].value == pytest.approx(18.28 / 27.33)
    assert {height for height, _ in CONFIRMED} <= set(TABLE_1)
