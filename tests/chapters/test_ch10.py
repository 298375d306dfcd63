import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_truncation_trades_variety_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(10, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["recall_half"] < value["recall_inf"], "half of the variety, at least, is sold"
    assert value["growth_g"] > 1
    statuses = {verdict["claim"]: verdict["status"] for verdict in record["verdict"]}
    claim = "at equal steps a larger batch gives better samples"
    assert statuses[claim] == "not measured", "smoke trains one batch size"
