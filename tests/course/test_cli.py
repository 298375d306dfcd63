"""The command line: one clear line and a non-zero exit for bad input, the scoreboard last."""

import errno
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cvlib.course import cli as module
from cvlib.course import paths
from cvlib.course.chapters import CHAPTERS, Chapter, written
from cvlib.course.paths import ROOT
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


def test_a_planned_chapter(monkeypatch):
    planned = tuple(replace(entry, done=False) for entry in CHAPTERS)
    monkeypatch.setattr("cvlib.course.chapters.CHAPTERS", planned)
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
    assert "is a file" in line


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
    for words in (
        [],
        ["run"],
        ["data"],
        ["record"],
        ["data", "bundle"],
        ["notebooks", "refresh"],
        ["bench"],
    ):
        result = CliRunner().invoke(module.cli, [*words, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_doctor_examines():
    result = CliRunner().invoke(module.cli, ["doctor"])
    for subject in ("python", "torch", "GPU", "data cache", "runs", "checkout"):
        assert subject in result.output


def test_the_start_imports_nothing_heavy():
    """`cvlib list` answers at once: numpy, torch, matplotlib and Jupyter come later or never."""
    script = "import sys, cvlib.course.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "click" in loaded, done.stderr
    assert not loaded & {"torch", "numpy", "matplotlib", "scipy", "PIL", "IPython", "nbformat"}


@pytest.mark.parametrize(
    "words",
    [
        ["course", "--jobs", "0"],
        ["course", "--jobs", "-3"],
        ["notebooks", "refresh", "--jobs", "0"],
        ["course", "--out", str(ROOT / "README.md")],
        ["course", "--out", ""],
        ["data", "bundle", "04", "--out", str(ROOT / "README.md")],
        ["data", "bundle", "04", "--out", " "],
    ],
)
def test_impossible_numbers_and_folders_are_refused_before_anything_runs(words):
    result = CliRunner().invoke(module.cli, words)
    assert result.exit_code == 2
    assert one_line(result).startswith(f"Error: Invalid value for '{words[-2]}'")


def test_a_folder_that_may_not_be_written_is_one_sentence(cvlib, monkeypatch, tmp_path):
    def refused(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "build"))

    monkeypatch.setattr("cvlib.course.notebooks.coursebuild.build", refused)
    line = one_line(CliRunner().invoke(module.cli, ["course", "--out", str(tmp_path / "c")]))
    assert line == (
        f"Error: cannot write {tmp_path / 'build'}: the folder may not be written to: choose "
        "another one"
    )


def test_without_jupyterlab_lab_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install jupyterlab" in one_line(CliRunner().invoke(module.cli, ["lab"]))


def test_without_a_home_folder_the_cache_is_a_temporary_one(monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "CVLIB_DATA"):
        monkeypatch.delenv(name, raising=False)

    def homeless(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    assert str(paths.cache_dir()).startswith(tempfile.gettempdir())
    assert CliRunner().invoke(module.cli, ["data", "list"]).exit_code == 0


def test_data_verify_takes_a_chapter_a_set_or_a_file():
    for what in ("04", "mnist5k", "mnist5k/digits"):
        assert CliRunner().invoke(module.cli, ["data", "verify", what]).exit_code == 0
    assert "no data set" in one_line(CliRunner().invoke(module.cli, ["data", "verify", "x"]))


def test_a_visit_is_foretold_without_running_anything(cvlib, tmp_path):
    out = tmp_path / "o"
    result = cvlib("record", "04", "--profile", "laptop", "--dry-run", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "04 Group Normalization: 6 units, 0 done, 0 cannot run" in result.output
    assert "04 seed 2 second" in result.output
    assert "not measured yet" in result.output
    assert list(tmp_path.iterdir()) == [], "neither OUT nor the folder in which units run"


def test_nonsense_minutes_are_refused(cvlib):
    for command in ("run", "record"):
        for minutes in ("nan", "-5"):
            line = one_line(cvlib(command, "04", "--profile", "smoke", "--minutes", minutes))
            assert "give a positive number" in line
