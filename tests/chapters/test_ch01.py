import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, accuracy = run_notebook(1, tmp_path)
    assert accuracy["small_nr_r"] > 60
    assert accuracy["small_nr_r"] > accuracy["small_nr_nr"] - 3
    assert accuracy["planar_nr_r"] < 25
    assert accuracy["planar_nr_nr"] > 80, "a network that reads nothing proves nothing"
    assert accuracy["planar_r_r_shared"] < accuracy["planar_r_r"], "rotations are what it lacks"
    assert accuracy["linear_error"] < 1e-5
    assert accuracy["solids_nr_r"] > accuracy["solids_nr_nr"] - 20
    assert accuracy["toy_rmse"] < 60
    assert [claim["status"] for claim in record["verdict"][1:3]] == ["holds", "holds"]
