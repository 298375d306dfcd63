"""The wheel carries what the course needs without a checkout, and cvlib finds it there."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from cvlib.course import paths
from cvlib.course.chapters import written

pytest.importorskip("hatchling")
SCRIPT = """
import json
from cvlib.course import data, doctor, paths
from cvlib.course.chapters import written
print(json.dumps({
    "checkout": paths.CHECKOUT,
    "here": [row.name for row in data.listing() if row.present],
    "sample": str(data.path("mnist5k/digits")),
    "notebooks": [c.number for c in written() if c.notebook.is_file()],
    "recorded": [c.number for c in written() if c.recorded.is_dir()],
    "runs": str(paths.runs_dir()),
    "needs": [r.name for r in doctor.requirements()],
}))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel, built without network and unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=paths.ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_an_installed_course_finds_its_data_notebooks_and_records(unpacked, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "XDG_CACHE_HOME": str(tmp_path)}
    for name in ("CVLIB_RUNS", "CVLIB_DATA"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["checkout"]
    assert found["sample"].startswith(str(unpacked))
    assert {"mnist5k/digits", "photowct-tiny/weights", "gan-digits/features"} <= {*found["here"]}
    assert found["notebooks"] == [c.number for c in written()]
    assert found["recorded"] == [c.number for c in written() if c.recorded.is_dir()]
    assert found["runs"].startswith(str(tmp_path)), "not into site-packages"
    assert "torch" in found["needs"]
    assert "jupyterlab" not in found["needs"]
