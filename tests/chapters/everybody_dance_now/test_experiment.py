"""The declaration, and a tiny whole experiment that repeats itself."""

from cvlib.chapters.everybody_dance_now.claims import CLAIMS
from cvlib.chapters.everybody_dance_now.experiment import EXPERIMENT
from cvlib.course.run.experiment import CONTRADICTED, HOLDS
from cvlib.course.run.run import Run


def test_the_baseline_fails_the_rule_that_the_method_may_pass():
    assert CLAIMS[0].status({"error": 50.0, "baseline_error": 50.0}) == CONTRADICTED
    assert CLAIMS[0].status({"error": 5.0, "baseline_error": 50.0}) == HOLDS


def test_a_smoke_run_measures_every_metric_and_repeats_itself(tmp_path):
    one = Run(EXPERIMENT, "smoke", 0, tmp_path / "one").execute()
    two = Run(EXPERIMENT, "smoke", 0, tmp_path / "two").execute()
    assert one["complete"]
    assert all(metric["mean"] is not None for metric in one["metrics"].values())
    assert one["metrics"] == two["metrics"]
