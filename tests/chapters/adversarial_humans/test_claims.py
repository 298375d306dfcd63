"""The rules can fail: each against the baseline that must not pass it."""

import pytest

from cvlib.chapters.adversarial_humans.claims import CLAIMS, MUST_NOT_PASS
from cvlib.course.run.experiment import HOLDS
from cvlib.course.run.rules import names


@pytest.mark.parametrize(("claim", "baseline"), list(zip(CLAIMS, MUST_NOT_PASS, strict=True)))
def test_every_rule_fails_its_baseline(claim, baseline):
    _, values = baseline
    assert names(claim.holds) <= values.keys(), "the baseline says nothing about the rule"
    assert claim.status(values) != HOLDS
