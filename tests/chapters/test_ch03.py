import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_smoothing_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, mean = run_notebook(3, tmp_path)
    assert mean["photowct_smooth_edge_ssim"] - mean["photowct_edge_ssim"] >= 0.15
    assert mean["photowct_smooth_style"] < 0.25 * mean["content_style"]
    assert record["verdict"][0]["status"] == "holds"
