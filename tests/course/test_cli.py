"""The command line: one clear line and a non-zero exit for bad input, the scoreboard last."""

import json

import pytest
from click.testing import CliRunner

from cvlib.course import cli as module
from cvlib.course.chapters import Chapter, written
from cvlib.course.run.record import schema_problem
from tests.course import toy


@pytest.fixture
def cvlib(monkeypatch, tmp_path):
    """Call the command line with the toy in place of every chapter's experiment."""
    monkeypatch.setattr(Chapter, "module", lambda self, part: toy)
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "runs"))

    def call(*words):
        return CliRunner().invoke(module.cli, list(words))

    return call


def one_line(result):
    assert result.exit_code != 0
    lines = [line for line in result.output.splitlines() if line]
    assert lines[-1].startswith("Error: ")
    assert "Traceback" not in result.output
    return lines[-1]


def test_run_prints_the_scoreboard_last_and_writes_the_record(cvlib, tmp_path):
    result = cvlib("run", "04", "--profile", "smoke", "--seeds", "2", "--out", str(tmp_path / "o"))
    assert result.exit_code == 0, result.output
    assert "seed 1 of 2" in result.output
    assert result.output.rstrip().endswith("What differs from the paper: it is a toy")
    record = json.loads((tmp_path / "o" / "record.json").read_text())
    assert schema_problem(record) == ""
    assert record["seeds"] == [0, 1]
    assert len(record["metrics"]["first_error"]["values"]) == 2


def test_progress_in_a_log_is_short(cvlib, monkeypatch):
    monkeypatch.delenv("CVLIB_HEADLESS", raising=False)
    before_table = cvlib("run", "4", "--profile", "smoke").output.split("Chapter 04")[0]
    assert len(before_table.splitlines()) <= 12


def test_unknown_chapter(cvlib):
    assert "there is no chapter '77'" in one_line(cvlib("run", "77"))


def test_unknown_profile(cvlib):
    assert "there is no profile 'huge'" in one_line(cvlib("run", "04", "--profile", "huge"))


def test_no_seeds(cvlib):
    assert "at least one is needed" in one_line(cvlib("run", "04", "--seeds", "0"))


def test_a_planned_chapter():
    result = CliRunner().invoke(module.cli, ["run", "02"])
    assert "planned, not written yet" in one_line(result)


def test_full_without_cuda(cvlib, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = one_line(cvlib("run", "04", "--profile", "full"))
    assert "needs a CUDA GPU" in line
    assert "--force-cpu" in line


def test_a_checkpoint_of_another_configuration(cvlib, tmp_path):
    out = str(tmp_path / "o")
    assert cvlib("run", "04", "--profile", "smoke", "--out", out).exit_code == 0
    line = one_line(cvlib("run", "04", "--profile", "workshop", "--out", out))
    assert "another configuration" in line
    assert cvlib("run", "04", "--profile", "workshop", "--out", out, "--fresh").exit_code == 0


def test_an_unwritable_folder(cvlib, tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = one_line(cvlib("run", "04", "--profile", "smoke", "--out", str(tmp_path / "file")))
    assert "cannot write" in line


def test_budget_says_how_to_go_on(cvlib):
    result = cvlib("run", "04", "--profile", "smoke", "--minutes", "0")
    assert result.exit_code == 1
    assert "all is saved: run it again to go on" in result.output
    assert "This run is not complete" in result.output


def test_list_names_all_ten():
    lines = CliRunner().invoke(module.cli, ["list"]).output.splitlines()
    assert len(lines) == 10
    assert sum("done" in line for line in lines) == len(written())


def test_every_command_has_help():
    for words in ([], ["run"], ["data"], ["data", "bundle"], ["notebooks", "refresh"], ["bench"]):
        result = CliRunner().invoke(module.cli, [*words, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_doctor_examines():
    result = CliRunner().invoke(module.cli, ["doctor"])
    for subject in ("python", "torch", "GPU", "data cache", "runs", "checkout"):
        assert subject in result.output
