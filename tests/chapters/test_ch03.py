import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_smoothing_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, mean = run_notebook(3, tmp_path)
    assert mean["smoothing_gain"] >= 0.15
    assert mean["photowct_smooth_style"] < 0.5 * mean["affine_style"]
    assert mean["regions_smooth_style"] < 0.5 * mean["affine_style"]
    assert record["verdict"][0]["status"] == "holds"
