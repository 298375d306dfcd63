"""The rules can fail: each against its baseline, and the metric trap against all of them."""

import pytest

from cvlib.chapters.video_to_video.claims import CLAIMS, MUST_NOT_PASS
from cvlib.course.run.experiment import DIRECTION, HOLDS, UNRESOLVED
from cvlib.course.run.rules import names


@pytest.mark.parametrize(("claim", "baseline"), list(zip(CLAIMS, MUST_NOT_PASS, strict=True)))
def test_every_rule_fails_its_baseline(claim, baseline):
    _, values = baseline
    assert names(claim.holds) <= values.keys(), "the baseline says nothing about the rule"
    assert claim.status(values) != HOLDS


def test_a_video_of_mean_colours_never_passes_for_coherence_or_quality():
    """It has less warp error than the real video and a TDE like vid2vid's."""
    _, trap = MUST_NOT_PASS[0]
    for claim in CLAIMS[:2]:
        assert names(claim.holds) <= trap.keys()
        assert claim.status(trap) not in (HOLDS, DIRECTION)


@pytest.mark.parametrize("twice", [row for row in MUST_NOT_PASS if "same training" in row[0]])
def test_two_runs_of_one_training_show_nothing(twice):
    """What differs by less than seeds do is neither a direction nor against the paper."""
    _, values = twice
    (claim,) = (claim for claim in CLAIMS if names(claim.holds) == values.keys())
    assert claim.status(values) == UNRESOLVED
