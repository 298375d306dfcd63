import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, accuracy = run_notebook(1, tmp_path)
    assert accuracy["spherical_nr_r"] > 60
    assert accuracy["spherical_nr_r"] > accuracy["spherical_nr_nr"] - 3
    assert accuracy["planar_nr_r"] < 25
    assert accuracy["planar_nr_nr"] > 80, "a network that reads nothing proves nothing"
    assert accuracy["planar_r_r_shared"] < accuracy["planar_r_r"], "rotations are what it lacks"
    assert accuracy["solids_nr_r"] > accuracy["solids_nr_nr"] - 15
    assert accuracy["toy_rmse"] < 60
    assert record["verdict"][0]["status"] == "holds"
