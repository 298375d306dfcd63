import pytest

from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_page_runs_with_another_seed(tmp_path):
    record, value = run_notebook(2, tmp_path)
    assert value["error"] < value["baseline_error"]
    assert record["verdict"][0]["status"] == "holds"
