"""Notebooks that run, and notebooks that must fail: they guard papermill and nbval themselves."""

import os
import re
import subprocess
import sys
import time

import pytest

from cvlib.course.notebooks import execute, problems, refresh
from cvlib.course.notebooks.canonical import read
from cvlib.course.paths import ROOT
from tests.course.notebooks.making import FIGURE, notebook, write

pytestmark = pytest.mark.notebook

RUN = """\
import os
import sys
from pathlib import Path

print(os.environ["CVLIB_PROFILE"], os.environ["CVLIB_HEADLESS"], os.environ["OMP_NUM_THREADS"])
print("a message that says why", file=sys.stderr) if SEED == 2 else None
print(f"{PROFILE} {SEED} {Path(OUT).name if OUT else OUT}")"""
RAISES = "numbers = {}\nnumbers['absent']"


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """A good notebook after one refresh beside one that fails, and what refresh returned."""
    folder = tmp_path_factory.mktemp("stored")
    good = write(folder, notebook(FIGURE, RUN))
    bad = write(folder, notebook(RAISES), "05_bad.ipynb")
    before = bad.read_bytes()
    reports = []
    errors = refresh([good, bad], jobs=2, report=reports.append)
    return good, bad, before, errors, reports


def test_a_refreshed_notebook_passes_the_gates(refreshed):
    good, *_ = refreshed
    assert problems(good) == []
    *_, figure, run = read(good).cells
    assert [list(output.data) for output in figure.outputs] == [
        ["image/png", "text/plain"], ["text/markdown", "text/plain"],
    ] * 2  # fmt: skip
    assert run.outputs[0].text == "smoke 1 1\nauto 0 None\n"


def test_a_second_refresh_changes_no_byte(refreshed):
    good, *_ = refreshed
    before = good.read_bytes()
    assert refresh([good], report=lambda outcome: None) == {}
    assert good.read_bytes() == before


def test_refresh_never_overwrites_with_a_failure(refreshed):
    _, bad, before, errors, reports = refreshed
    assert bad.read_bytes() == before
    assert list(errors) == [bad]
    assert "KeyError: 'absent'" in errors[bad]
    assert "\x1b" not in errors[bad]
    assert sorted(str(report)[:4] for report in reports) == ["FAIL", "ok  "]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A good notebook and one that raises, run by papermill with seed 2."""
    folder = tmp_path_factory.mktemp("executed")
    good = write(folder, notebook(FIGURE, RUN), "04_group_normalization.ipynb")
    bad = write(folder, notebook(RUN, RAISES, "print('never')"), "05_taskonomy.ipynb")
    out = folder / "out"
    outcomes = execute([good, bad], out, "smoke", seed=2, report=lambda outcome: None)
    return good, out, outcomes


def test_papermill_sets_the_parameters_and_leaves_the_stored_file(executed):
    good, out, (outcome, _) = executed
    assert outcome.error == ""
    assert outcome.seconds > 0
    assert "smoke 2 04_group_normalization" in (out / good.name).read_text()
    assert "injected-parameters" not in good.read_text()
    assert "injected-parameters" in (out / good.name).read_text()


def test_papermill_fails_a_notebook_that_raises(executed):
    _, out, (_, outcome) = executed
    assert outcome.error.startswith("PapermillExecutionError\nnumbers = {}")
    assert "KeyError: 'absent'" in outcome.error
    assert "\x1b" not in outcome.error
    assert "without encryption" not in outcome.error
    assert "never" not in (out / "05_taskonomy.ipynb").read_text().replace("print('never')", "")


def test_a_kernel_that_dies_and_a_cell_without_end_are_failures(tmp_path):
    dies = write(tmp_path, notebook("import os", "os._exit(3)"), "01_dies.ipynb")
    endless = write(tmp_path, notebook("while True:\n    pass"), "02_endless.ipynb")
    dead, late = execute([dies, endless], tmp_path, timeout=4, report=lambda outcome: None)
    assert "DeadKernelError" in dead.error
    assert "Timeout" in late.error


def nbval(folder, *paths):
    """What pytest says of these notebooks, with the course's own comparison."""
    command = [
        sys.executable, "-m", "pytest", "-rA", "-c", str(ROOT / "pyproject.toml"), "--rootdir",
        str(folder), "-p", "no:cacheprovider", "-p", "tests.nbval_cells", "-o", "addopts=",
        "--nbval", "--color=no", "--nbval-current-env", *map(str, paths),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=folder, env=environment
    )


def verdicts(done):
    lines = [line for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED"))]
    return lines, [line for line in lines if line.startswith("FAILED")]


def test_nbval_passes_what_is_true_and_fails_what_is_not(refreshed, tmp_path):
    good, *_ = refreshed
    text = good.read_text().replace("auto 0 None", "auto 7 None")
    wrong = write(tmp_path, notebook(), "04_wrong.ipynb")
    wrong.write_text(text)
    nb = read(wrong)
    figure = next(cell for cell in nb.cells if cell.get("outputs"))
    one, _, two, _ = figure.outputs
    one.data["image/png"], two.data["image/png"] = two.data["image/png"], one.data["image/png"]
    write(tmp_path, nb, "04_wrong.ipynb")
    done = nbval(tmp_path, good, wrong)
    lines, failed = verdicts(done)
    assert done.returncode == 1, done.stdout
    assert len(lines) == 8
    assert len(failed) == 2, "two figures are swapped, and a printed line differs"
    assert all("04_wrong.ipynb" in line for line in failed)
    told = {line.strip() for line in done.stdout.splitlines() if "image/png: the picture" in line}
    assert len(told) == 2, done.stdout  # newer versions of pytest print a failure twice
    assert re.search(r"fresh run: 100.0 % of \d+ printed bytes, 4 of 4 figures", done.stdout)


def test_nbval_says_at_once_that_a_kernel_died(tmp_path):
    nb = notebook("import os\n\nos._exit(3)", "print(1)")
    for number, cell in enumerate((c for c in nb.cells if c.cell_type == "code"), 1):
        cell.execution_count = number
    began = time.monotonic()
    done = nbval(tmp_path, write(tmp_path, nb))
    _, failed = verdicts(done)
    assert len(failed) == 2
    assert "the kernel died in this cell" in done.stdout
    assert "Kernel dead on test start" in done.stdout
    assert time.monotonic() - began < 40
