import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_memory_and_flow_help_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(8, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["psnr8_full"] >= value["psnr8_frames"] + 1, "two real frames are remembered"
    assert value["epe"] < value["epe_zero"], "some of the flow is found"
    assert value["warp_trap"] < value["warp_real"]
    statuses = {verdict["claim"]: verdict["status"] for verdict in record["verdict"]}
    assert statuses["without flow warping it is worse"] == "not measured", "smoke trains two arms"
