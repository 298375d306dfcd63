"""The examination: versions against the floors, and no advice that replaces Colab's packages."""

from importlib import metadata

import pytest

from cvlib.course import doctor

COLAB = {"ipywidgets": "7.7.1", "ipykernel": "6.17.1", "jupyterlab": None, "notebook": "6.5.7"}
JUPYTER = ("jupyterlab", "ipywidgets", "ipykernel", "papermill", "nbval", "pytest")


def findings():
    return {finding.subject: finding for finding in doctor.examine()}


def test_this_machine_misses_nothing_of_what_a_run_needs():
    assert [f for f in doctor._packages() if f.mend] == []
    assert {"torch", "numpy", "click"} <= {f.subject for f in doctor._packages()}


@pytest.mark.parametrize(("version", "words"), [("1.9", ">=1.26"), (None, "absent")])
def test_a_package_below_its_floor_is_named_with_the_remedy(monkeypatch, version, words):
    real = doctor.installed
    monkeypatch.setattr(
        doctor, "installed", lambda name: version if name == "numpy" else real(name)
    )
    found = findings()["numpy"]
    assert words in found.state
    assert found.mend == "pip install 'numpy>=1.26'"


def test_on_colab_nothing_of_jupyter_is_ever_advised(monkeypatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda name: COLAB.get(name, real(name)))
    found = findings()
    assert not any(name in f.mend for f in found.values() for name in JUPYTER)
    assert found["notebooks"].mend == ""
    assert "6.5.7" in found["notebooks"].state


def test_without_torch_the_examination_still_says_so(monkeypatch):
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda name: None if name == "torch" else real(name))
    found = findings()
    assert found["torch"].mend == "pip install 'torch>=2.6'"
    assert found["GPU"].state == "unknown without torch"


def test_a_folder_that_cannot_be_written_is_named_with_its_variable(monkeypatch, tmp_path):
    tmp_path.chmod(0o555)
    monkeypatch.setenv("CVLIB_RUNS", str(tmp_path / "runs"))
    assert "CVLIB_RUNS" in findings()["runs"].mend


def test_an_installed_course_reads_its_needs_from_the_package(monkeypatch):
    lines = ["torch>=2.6", 'jupyterlab>=4.4; extra == "notebooks"']
    monkeypatch.setattr(doctor, "CHECKOUT", False)
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    assert [r.name for r in doctor.requirements()] == ["torch"]
