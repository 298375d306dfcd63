"""The rules can fail: each against the baselines that must not pass it."""

import pytest

from cvlib.chapters.ganimation.claims import CLAIMS, MUST_NOT_PASS
from cvlib.course.run.experiment import HOLDS
from cvlib.course.run.rules import names

CASES = [
    (claim, baseline)
    for claim, baselines in zip(CLAIMS, MUST_NOT_PASS, strict=True)
    for baseline in baselines
]


@pytest.mark.parametrize(("claim", "baseline"), CASES)
def test_every_rule_fails_its_baselines(claim, baseline):
    _, values = baseline
    assert names(claim.holds) <= values.keys(), "the baseline says nothing about the rule"
    assert claim.status(values) != HOLDS
