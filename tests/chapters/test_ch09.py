import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_normalization_and_smoothing_hold_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(9, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["keypoints_normalized"] < 0.7 * value["keypoints_raw"]
    assert value["jitter_error_2_smooth"] < 0.7 * value["jitter_error_2"]
    assert value["face_outside"] == 0
    statuses = {verdict["claim"]: verdict["status"] for verdict in record["verdict"]}
    assert statuses["smoothing the keypoints removes jitter and keeps the dance"] == "holds"
