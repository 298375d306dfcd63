import pytest

from cvlib.course.chapters import chapter
from cvlib.course.notebooks.canonical import read
from tests.chapters.running import run_notebook


@pytest.mark.notebook
def test_the_smoothing_claim_holds_in_smoke_for_another_seed(tmp_path):
    record, mean = run_notebook(3, tmp_path)
    assert mean["smoothing_gain"] >= 0.15
    assert mean["photowct_smooth_style"] < 0.5 * mean["affine_style"]
    assert mean["regions_smooth_style"] < 0.5 * mean["affine_style"]
    assert record["verdict"][0]["status"] == "holds"


@pytest.mark.parametrize("given", ["CONTENT_FILE", "STYLE_FILE"])
def test_one_file_of_your_own_is_not_restyled_and_the_page_says_so(
    given, tmp_path, monkeypatch, capsys
):
    (cell,) = (c for c in read(chapter(3).notebook).cells if c.source.startswith("CONTENT_FILE,"))
    first, rest = cell.source.split("\n", 1)
    assert first.startswith("CONTENT_FILE, STYLE_FILE = None, None")
    names = {"CONTENT_FILE": None, "STYLE_FILE": None, "nets": None, given: "garden.jpg"}
    monkeypatch.chdir(tmp_path)
    exec(rest, names)
    assert capsys.readouterr().out.startswith("give both CONTENT_FILE and STYLE_FILE")
    assert list(tmp_path.iterdir()) == []
