import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, error = run_notebook(4, tmp_path)
    assert error["bn_error_2"] - error["bn_error_32"] >= 10
    assert abs(error["gn_error_2"] - error["gn_error_32"]) <= 1.5
    assert error["control_bn_error_2"] - error["control_bn_error_32"] < 10, "m matters, not N"
    assert record["verdict"][0]["status"] == "holds"
