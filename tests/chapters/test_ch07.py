import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_yardstick_reads_truth_and_copies_apart_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(7, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["fit_truth"] > 0.9, "analysis by synthesis reads true pictures"
    assert abs(value["fit_copy"]) < 0.35, "and finds nothing of the request in unchanged ones"
    assert value["drift_base"] > 0
    assert record["data"] == "rendered faces, 32 px, 3 action units"
    statuses = {verdict["claim"]: verdict["status"] for verdict in record["verdict"]}
    assert statuses["(ours) a warm-up of the judge helps"] == "not measured", (
        "smoke trains no arm without a warm-up"
    )
