import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_claims_hold_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(4, tmp_path)
    assert value["bn_loss"] >= 10
    assert value["gn_minus_bn_2"] <= -5
    assert value["large_bn_loss"] < 0.5 * value["bn_loss"], "m matters, not N alone"
    assert value["sorted_bn_harm"] > value["sorted_gn_harm"] + 2, "nor m alone"
    status = {rule["claim"]: rule["status"] for rule in record["verdict"]}
    assert status["batch norm loses at least 10 points from 32 to 2 images per worker"] == "holds"
