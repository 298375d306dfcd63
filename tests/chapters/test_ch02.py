import math

import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_content_fools_and_size_does_not_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(2, tmp_path)
    assert all(math.isfinite(v) for v in value.values())
    assert value["accuracy_plain_plain"] > 90, "150 steps read digits"
    assert value["gain_ensemble"] > 0
    assert value["gain_retina"] > 0
    controls = [value[f"{c}_{v}"] for c in ("clean", "noise", "flip") for v in ("plain", "retina")]
    assert max(controls) <= 20
    assert value["false_clean"] == 50, "by construction"
    assert value["false_target"] > value["false_flip"]
    statuses = {verdict["claim"]: verdict["status"] for verdict in record["verdict"]}
    stranger = "photographs: it transfers to a network of another family"
    assert statuses[stranger].startswith("not "), "smoke has no photographs"
