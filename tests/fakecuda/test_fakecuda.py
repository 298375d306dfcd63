"""GPU code without a GPU: every arm's step at full shapes on a device that computes nothing."""

import json
import subprocess
import sys

import pytest

from cvlib.adversarial.nets import NETS
from cvlib.course.paths import ROOT
from tests.fakecuda import build

SYNCS = 2  # points of a training step at which the CPU may wait for the GPU

pytestmark = pytest.mark.skipif(bool(build.reason_not_to()), reason=build.reason_not_to())


def printed(*words):
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def planted():
    (found,) = printed("tests.fakecuda.planted")
    return found


def test_a_right_step_has_no_fault(planted):
    right = planted["right"]
    assert right["error"] == ""
    assert right["syncs"] == right["strangers"] == []
    assert right["launches"] > 10


def test_numbers_kept_in_half_precision_may_be_picked(planted):
    assert planted["kept"]["half"] == []
    assert planted["half"]["half"] != []


@pytest.mark.parametrize(
    ("fault", "where", "said"),
    [
        ("mismatch", "error", "two devices in aten.mse_loss"),
        ("index", "syncs", "index from the CPU"),
        ("mask", "syncs", "index by a mask"),
        ("item", "syncs", "item"),
        ("generator", "strangers", "aten.rand.generator"),
        ("half", "half_sums", "aten.sum.default"),
    ],
)
def test_planted_faults_are_found(planted, fault, where, said):
    assert said in str(planted[fault][where])


# Of every kind of network, normalisation and loop one arm; `-m slow` takes them all. Arms whose
# data cannot be blanked are left out.
ARMS = {
    "02": (*(f"net-{name}" for name in NETS), "transfer"),
    "04": ("bn-2", "gn", "paper-bn-2", "deep-gn"),
    "06": ("twins-attention", "twins-local"),
    "07": ("yardsticks", "long"),
    "08": ("frames", "full"),
    "09": ("reader", "ts", "portrait"),
    "10": ("features", "base"),
}
ALL_ARMS = {
    "01": ("spherical-nr", "planar-nr", "planar-shared", "deep-nr"),
    "02": (),
    "03": ("decoders",),
    "04": (),
    "05": (),
    "06": ("twins-attention", "twins-none", "twins-local", "twins-g_only", "twins-d_only"),
    "07": (),
    "08": (),
    "09": (),
    "10": (),
}
# Rightly refused where nothing has a value: constant pictures, ranks of nothing, no distance.
OF_VALUES = ("no pixel of the whole set", "came out as nan", "came out as inf")


def steps_and_evaluations_are_clean(number, names):
    reports = printed("tests.fakecuda.steps", number, "full", *names)
    assert {r["unit"] for r in reports} >= set(names), "an arm has another name now"
    missing = [r["unit"] for r in reports if "DataMissing" in r["error"]]
    for report in reports:
        if report["unit"] in missing:
            continue
        assert not report["error"] or any(why in report["error"] for why in OF_VALUES), report
        assert report["strangers"] == {}, report["unit"]
        for step in report["steps"]:
            assert sum(step["syncs"].values()) <= SYNCS, step
            if report["precision"] == "fp32":
                assert step["half"] == 0, step
    assert len(missing) < len(reports), "nothing could be run"


@pytest.mark.parametrize("number", ARMS)
def test_an_arm_of_every_kind_takes_a_step_and_is_evaluated_at_full_shapes(number):
    steps_and_evaluations_are_clean(number, ARMS[number])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", ALL_ARMS)
def test_every_arm_takes_a_step_and_is_evaluated_at_full_shapes(number):
    steps_and_evaluations_are_clean(number, ALL_ARMS[number])
