"""The declaration's arithmetic, and rules that can fail."""

import json

import pytest

from cvlib.chapters.group_normalization.claims import (
    BN,
    BY_CHANNELS,
    BY_GROUPS,
    CLAIMS,
    COCO,
    DERIVED,
    GN,
    KINETICS,
    METRICS,
    MUST_NOT_PASS,
    PAPER,
    TABLE_1,
)
from cvlib.chapters.group_normalization.config import SIZES
from cvlib.course.chapters import chapter


def test_the_papers_tables_agree_with_each_other():
    assert [round(GN[n] - BN[n], 1) for n in SIZES] == [0.5, 0.5, -0.8, -3.1, -10.6]
    assert tuple(BN) == tuple(GN) == SIZES
    assert round(GN[2] - BN[2], 1) == PAPER["paper_gn_minus_bn_2"].value == -10.6
    assert round(BN[2] - BN[32], 1) == PAPER["paper_bn_loss"].value == 11.1
    assert round(GN[2] - GN[32], 1) == PAPER["paper_gn_loss"].value == 0.0
    assert TABLE_1["BN"] == BN[32]
    assert TABLE_1["GN"] == GN[32] == BY_GROUPS[32] == min(BY_GROUPS.values())
    assert TABLE_1["LN"] == BY_GROUPS[1] == PAPER["ln_error"].value
    assert TABLE_1["IN"] == BY_CHANNELS[1] == PAPER["in_error"].value
    assert min(BY_CHANNELS.values()) == BY_CHANNELS[16]


def test_only_the_channels_per_group_of_one_source_carry_a_dagger():
    assert {name for name, value in PAPER.items() if not value.checked} == {"channels_error_4"}
    assert all(value.source for value in PAPER.values())


def test_the_papers_values_stand_only_in_rows_of_its_own_protocol():
    for name in PAPER:
        assert not name.startswith(("bn_", "gn_", "large", "sorted", "transfer", "deep"))


def paper_rows():
    """The paper's own numbers under the names of our rows, whatever their protocol."""
    return {
        "bn_loss": BN[2] - BN[32], "gn_minus_bn_2": GN[2] - BN[2],
        "gn_minus_bn_32": GN[32] - BN[32], "gn_error": GN[32], "ln_error": TABLE_1["LN"],
        "in_error": TABLE_1["IN"], "paper_bn_loss": 11.1, "paper_gn_loss": 0.0,
    }  # fmt: skip


def test_the_papers_numbers_satisfy_the_rules_about_them():
    assert [c.status(paper_rows()) for c in CLAIMS[:6]] == ["holds"] * 6


@pytest.mark.parametrize(("claim", "baseline"), list(zip(CLAIMS, MUST_NOT_PASS, strict=True)))
def test_every_rule_fails_its_baseline(claim, baseline):
    _, values = baseline
    assert claim.status(values) not in ("holds", "holds in direction")


@pytest.mark.parametrize(
    ("values", "claim", "expected"),
    [
        ({"bn_loss": 52.5}, 0, "holds"),
        ({"bn_loss": 5.0}, 0, "holds in direction"),
        ({"bn_loss": 1.0}, 0, "not resolved at this scale"),
        ({"bn_loss": 0.0}, 0, "contradicted"),
        ({"gn_minus_bn_2": -1.7}, 1, "holds in direction"),
        ({"gn_minus_bn_2": 1.7}, 1, "contradicted"),
        ({"gn_minus_bn_32": 6.0}, 2, "contradicted"),
        ({"paper_gn_loss": -4.0, "paper_bn_loss": 8.0}, 3, "contradicted"),
        ({"paper_gn_loss": -2.0, "paper_bn_loss": 8.0}, 3, "holds in direction"),
        ({"bn_loss": 7.8, "large_bn_loss": 3.0}, 6, "holds"),
        ({"sorted_bn_harm": 5.0, "sorted_gn_harm": -0.3}, 7, "holds"),
        ({"transfer_gn": 26.0, "transfer_frozen": 30.9}, 10, "contradicted"),
    ],
)
def test_the_steps_of_a_rule(values, claim, expected):
    assert CLAIMS[claim].status(values) == expected


def test_derived_rows_are_declared():
    assert DERIVED.keys() <= METRICS.keys()
    assert {METRICS[name].unit for name in DERIVED} == {"points"}


def test_the_page_prints_the_papers_transfer_tables_as_they_stand_here():
    page = json.loads(chapter(4).notebook.read_text(encoding="utf-8"))
    (text,) = (t for t in map("".join, (c["source"] for c in page["cells"])) if "Kinetics" in t)
    assert "{} and {} % for batch norm, {} and {} %".format(*KINETICS.values()) in text
    for box, mask in COCO.values():
        assert f"| {box} | {mask} |" in text
