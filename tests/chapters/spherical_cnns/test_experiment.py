"""The three experiments: their plumbing at the smallest size, and what they declare."""

import dataclasses
import zipfile

import numpy as np
import pytest
import torch
from scipy.io import savemat

from cvlib.chapters.spherical_cnns import atoms, shapes
from cvlib.chapters.spherical_cnns.digits import shared_rotations, tilt
from cvlib.chapters.spherical_cnns.experiment import CONFIG, EXPERIMENT, Config
from cvlib.chapters.spherical_cnns.training import steps
from cvlib.course import data
from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.run.run import Run


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    smoke = CONFIG["smoke"]
    config = Config(
        dataclasses.replace(
            smoke.digits,
            train=64,
            test=40,
            epochs=1,
            planar_epochs=1,
            digits_per_rotation=16,
            tilts=3,
        ),
        dataclasses.replace(smoke.shapes, train=2, test=1, epochs=1),
        dataclasses.replace(smoke.atoms, train=48, test=16, epochs=1),
    )
    experiment = dataclasses.replace(EXPERIMENT, config={"smoke": config})
    folder = tmp_path_factory.mktemp("run")
    first = Run(experiment, "smoke", out=folder).execute()
    again = Run(experiment, "smoke", out=folder).execute()
    return first, again


def test_a_run_measures_every_column_that_its_profile_has(tiny):
    record, _ = tiny
    measured = {name for name, m in record["metrics"].items() if m["mean"] is not None}
    absent = {name for name in record["metrics"] if name.startswith(("deep", "modelnet", "qm7"))}
    assert measured == record["metrics"].keys() - absent
    assert record["data"] == "MNIST (5,000-digit subset)"
    extra = record["extra"]["0"]["digits"]
    assert extra["distinct rotations"] == {"r": 64, "shared": 4}
    assert extra["tilt"]["degrees"] == [0, 90, 180]
    assert len(extra["tilt"]["spherical"]) == len(extra["tilt"]["planar"]) == 3


def test_a_resumed_run_measures_the_same(tiny):
    first, again = tiny
    for name, metric in first["metrics"].items():
        assert again["metrics"][name]["values"] == metric["values"], name


def test_planned_steps_are_those_that_run(tiny):
    smoke = CONFIG["smoke"]
    assert smoke.digits.steps == 2 * steps(2000, 5, 32) + 3 * steps(2000, 6, 32)
    assert smoke.shapes.steps == 2 * 10 * 10
    assert smoke.atoms.steps == 8 * 16
    assert CONFIG["full"].digits.steps == 5 * 20 * 468 + 2 * 10 * 468


def test_claims_are_judged_by_the_specs_rule():
    values = {"spherical_nr_nr": 77, "spherical_nr_r": 76, "planar_nr_r": 11, "planar_r_r": 20,
              "spherical_r_r": 74}  # fmt: skip
    assert [c.status(values) for c in EXPERIMENT.claims[:2]] == ["holds", "holds"]
    assert EXPERIMENT.claims[0].status({**values, "spherical_nr_r": 60}) == "holds in direction"
    assert EXPERIMENT.claims[0].status({**values, "spherical_nr_r": 10}) == "contradicted"
    assert EXPERIMENT.chapter == chapter("01").number


def test_rotations_of_the_protocols():
    g = torch.Generator().manual_seed(0)
    R = shared_rotations(10, 4, g)
    assert len(R.unique(dim=0)) == 3
    assert torch.equal(R[0], R[3])
    assert not torch.equal(R[3], R[4])
    z = tilt(0.5, 20, g)[:, 2, 2]
    torch.testing.assert_close(z, torch.full_like(z, 0.5).cos())
    torch.testing.assert_close(tilt(0.0, 3, g), torch.eye(3, dtype=torch.float64).expand(3, 3, 3))


TENT = "OFF\n5 4 0\n1 1 -1\n1 -1 -1\n-1 -1 -1\n-1 1 -1\n0 0 3\n3 0 4 3\n3 1 4 0\n3 2 4 1\n3 3 4 2\n"


@pytest.fixture
def modelnet(tmp_path, monkeypatch):
    archive = tmp_path / "ModelNet10.zip"
    with zipfile.ZipFile(archive, "w") as z:
        for kind in ("chair", "bed"):
            for part in ("train", "test"):
                z.writestr(f"ModelNet10/{kind}/{part}/{kind}_0001.off", TENT)
    monkeypatch.setattr(data, "path", {"modelnet10/archive": archive}.__getitem__)
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path / "cache"))
    return dataclasses.replace(CONFIG["full"].shapes, b=(4, 3, 2))


def test_modelnet_is_read_cast_once_and_kept(modelnet, tmp_path, monkeypatch):
    x, y = shapes._kept(modelnet, "train", True, 0)
    assert x.shape == (2, 6, 8, 8)
    assert y.tolist() == [0, 1]  # bed, chair
    monkeypatch.setattr(shapes, "signals", None)  # the second time comes from the cache
    again, _ = shapes._kept(modelnet, "train", True, 0)
    torch.testing.assert_close(again, x)


@pytest.fixture
def qm7(tmp_path, monkeypatch):
    file = tmp_path / "qm7.mat"
    z = np.array([[6, 1, 1, 1, 1]] * 10, dtype=np.float64)
    content = {
        "R": np.random.default_rng(0).normal(size=(10, 5, 3)),
        "Z": z,
        "T": np.arange(10.0)[None],
        "P": np.arange(10).reshape(5, 2),
    }
    savemat(file, content)
    monkeypatch.setattr(data, "path", {"qm7/mat": file}.__getitem__)
    return file, content


def test_qm7_is_read_in_angstrom_and_by_its_own_folds(qm7):
    _, content = qm7
    train, test = atoms._qm7(CONFIG["full"].atoms, seed=6)  # fold 6 mod 5 = 1
    assert test.energy.tolist() == [2, 3]
    assert len(train.energy) == 8
    np.testing.assert_allclose(test.positions, content["R"][2:4] * 0.529177, rtol=1e-5)


def test_a_file_that_is_not_qm7_is_refused(qm7):
    file, content = qm7
    del content["P"]
    savemat(file, content)
    with pytest.raises(CourseError, match=r"not the QM7 file"):
        atoms._qm7(CONFIG["full"].atoms, seed=0)


def test_atom_counts_explain_additive_energies():
    train, test = atoms._toy(CONFIG["smoke"].atoms, 0)
    additive = dataclasses.replace(train, energy=train.counts @ torch.arange(6.0).double())
    base = atoms.Composition(additive)
    torch.testing.assert_close(base(test), test.counts @ torch.arange(6.0).double())
