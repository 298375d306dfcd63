import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_digits_are_learnt_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(6, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["digits_attention"] < 0.6 * value["digits_first"]
    assert value["gamma_g"] != 0
    assert value["shipped_twins_attention"] - value["shipped_twins_none"] >= 0.05
    statuses = {verdict["status"] for verdict in record["verdict"]}
    assert statuses == {"not resolved at this scale"}, "smoke cannot judge the paper's claims"
