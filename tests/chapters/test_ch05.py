import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_normals_stay_at_the_top_in_smoke_for_another_seed(tmp_path):
    record, value = run_notebook(5, tmp_path)
    assert value["normals_rank"] <= value["rival_rank"] + 0.5  # semantic classes may tie
    assert value["normals_rank"] + 2 < value["random_rank"]
    assert value["normals_rank"] + 1 < value["pixels_rank"]
    assert value["third_quality"] > value["mean_quality"] > 0
    assert value["third_quality"] > value["free_quality"]
    assert value["ledger_labels"] <= 0.4
    assert value["scratch_quality"] < 0.45
    assert value["spread_little"] > value["spread_floor"]
    losses = record["extra"]["1"]["transfers"]["losses"]["semantic"]
    assert losses["normal"] < losses["depth"] < losses["autoencode"]
