"""The units: their plumbing at the smallest size, what they declare, and the rules' baselines."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest
import torch
from scipy.io import savemat

from cvlib.chapters.spherical_cnns.config import CONFIG, Config, Large, steps
from cvlib.chapters.spherical_cnns.experiment import EXPERIMENT, network, units
from cvlib.course import data
from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.run.record import note
from cvlib.course.run.run import Run
from cvlib.spherical import digits, energies, shapes
from cvlib.spherical.grids import Grid
from cvlib.spherical.models import parameters


@pytest.fixture(scope="module")
def tiny_config():
    smoke = CONFIG["smoke"]
    return Config(
        net="small",
        digits=dataclasses.replace(
            smoke.digits, train=64, test=40, epochs=1, planar_epochs=1, digits_per_rotation=16,
            tilts=3, tilt_test=10,
        ),
        shapes=dataclasses.replace(smoke.shapes, train=2, test=1, epochs=1),
        atoms=dataclasses.replace(smoke.atoms, train=48, test=16, epochs=1),
        commuting=dataclasses.replace(smoke.commuting, n=2, depth=2, bandwidths=(4,)),
        coarse=True,
        paper=Large(train=8, epochs=1, batch=4, lr=1e-3),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, tiny_config):
    experiment = dataclasses.replace(EXPERIMENT, config={"smoke": tiny_config})
    run = Run(experiment, "smoke", out=tmp_path_factory.mktemp("run"))
    return run, run.execute()


def test_every_unit_measures_what_it_declares(tiny, tiny_config):
    _, record = tiny
    assert record["complete"], record["missing"]
    measured = {name for name, m in record["metrics"].items() if m["mean"] is not None}
    assert measured == {name for unit in units(tiny_config) for name in unit.metrics}
    assert record["data"].startswith("MNIST (5,000-digit subset)")
    assert note(record, "planar-shared", "distinct rotations") == 4
    assert note(record, "planar-r", "distinct rotations") == 64
    curve = note(record, "small-nr", "tilt")
    assert curve["degrees"] == [0, 90, 180]
    assert len(curve["accuracy"]) == 3
    assert note(record, "commuting", "errors")["bandwidths"] == [4]


def test_the_weights_that_are_kept_are_the_nets(tiny, tiny_config):
    run, _ = tiny
    for unit, name in (
        ("small-nr", "small"),
        ("coarse-nr", "coarse"),
        ("spherical-nr", "spherical"),
    ):
        network(name, tiny_config).load_state_dict(run.load_weights(unit, "net"))


def test_planned_steps_are_those_that_run(tiny):
    run, _ = tiny
    for unit in run.plan:
        result = json.loads((run.folder / "units" / f"{unit.name}.json").read_text())
        assert result["steps"] == unit.steps, unit.name


@pytest.mark.parametrize("profile", list(CONFIG))
def test_each_profile_trains_the_network_that_it_names(profile):
    names = {unit.name for unit in units(CONFIG[profile])}
    main = "spherical" if profile in ("workshop", "full") else "small"
    assert {f"{main}-nr", f"{main}-r", "planar-nr", "planar-r", "planar-shared"} <= names
    assert ("coarse-nr" in names) == (profile == "laptop")
    assert ("deep-r" in names) == (profile == "full")
    assert CONFIG["laptop"].digits.steps == steps(60000, 1, 32) == 1875


def test_the_papers_network_has_its_size():
    assert parameters(network("spherical", CONFIG["full"])) == 58_550
    assert parameters(network("deep", CONFIG["full"])) == 156_882


# ---- rules: what must pass, and the baseline that must not ---------------------------------------

GOOD = {
    "spherical_nr_nr": 96, "spherical_r_r": 95, "spherical_nr_r": 94, "small_nr_nr": 87,
    "small_nr_r": 86, "planar_nr_nr": 98, "planar_r_r": 23, "planar_nr_r": 11,
    "linear_error": 1e-6, "relu_error_first": 0.06, "relu_error_last": 0.1, "qm7_rmse": 8.4,
    "qm7_rmse_counts": 19, "qm7xyz_rmse": 10, "qm7xyz_rmse_counts": 19,
}  # fmt: skip
BASELINES = [
    {"spherical_nr_nr": 98, "spherical_nr_r": 11},  # the planar network in its place
    {"small_nr_nr": 89, "small_nr_r": 77},  # ReLUs on grids that are too coarse
    {"planar_r_r": 95},  # a network that rotated data do save
    {"spherical_nr_nr": 98, "spherical_r_r": 23, "spherical_nr_r": 11},
    {"linear_error": 1.4},  # planar layers
    {"qm7_rmse": 19},  # atom counts alone
    {"qm7xyz_rmse": 19},
]


def test_a_run_like_the_papers_passes_every_rule():
    assert {claim.status(GOOD) for claim in EXPERIMENT.claims} == {"holds"}


@pytest.mark.parametrize("k", range(len(BASELINES)))
def test_each_rule_has_a_baseline_that_fails(k):
    assert EXPERIMENT.claims[k].status({**GOOD, **BASELINES[k]}) != "holds"


def test_rounded_values_are_judged_as_rounded():
    now, before = EXPERIMENT.claims[3], EXPERIMENT.claims[-1]
    assert now.status({**GOOD, "spherical_nr_nr": 95.8}) == "holds"
    assert before.status({**GOOD, "spherical_nr_nr": 95.8}) == "holds in direction"
    assert EXPERIMENT.chapter == chapter("01").number


# ---- data ----------------------------------------------------------------------------------------


def test_rotations_of_the_protocols():
    g = torch.Generator().manual_seed(0)
    assert digits.rotations("nr", 10, 4, g) is None
    assert len(digits.rotations("r", 10, 4, g).unique(dim=0)) == 10
    R = digits.rotations("shared", 10, 4, g)
    assert len(R.unique(dim=0)) == 3
    assert torch.equal(R[0], R[3])
    assert not torch.equal(R[3], R[4])
    z = digits.tilt(0.5, 20, g)[:, 2, 2]
    torch.testing.assert_close(z, torch.full_like(z, 0.5).cos())
    still = torch.eye(3, dtype=torch.float64).expand(3, 3, 3)
    torch.testing.assert_close(digits.tilt(0.0, 3, g), still)


def test_digits_are_standardised_and_analysed_once():
    train, test, label = digits.load("mnist5k", 8, 50, 20, torch.device("cpu"))
    assert label == "MNIST (5,000-digit subset)"
    x = train.signals()
    assert x.mean().abs() < 1e-5
    assert x.std() == pytest.approx(1, abs=1e-5)
    first = network("small", CONFIG["smoke"]).features[0]
    sets = digits.load("mnist5k", 16, 50, 20, torch.device("cpu"))
    torch.testing.assert_close(
        sets[1].coefficients(first), first.coefficients(sets[1].signals()), atol=1e-6, rtol=1e-5
    )
    torch.testing.assert_close(test.first(5).signals(), test.signals()[:5])


TENT = "OFF\n5 4 0\n1 1 -1\n1 -1 -1\n-1 -1 -1\n-1 1 -1\n0 0 3\n3 0 4 3\n3 1 4 0\n3 2 4 1\n3 3 4 2\n"


@pytest.fixture
def modelnet(tmp_path, monkeypatch):
    archive = tmp_path / "ModelNet10.zip"
    with zipfile.ZipFile(archive, "w") as z:
        for kind in ("chair", "bed"):
            for part in ("train", "test"):
                z.writestr(f"ModelNet10/{kind}/{part}/{kind}_0001.off", TENT)
                z.writestr(f"__MACOSX/ModelNet10/{kind}/{part}/._{kind}_0001.off", b"\xff\x00")
    monkeypatch.setattr("cvlib.course.data.locate.path", {"modelnet10/archive": archive}.get)
    monkeypatch.setattr(data, "path", {"modelnet10/archive": archive}.get)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_modelnet_is_read_cast_once_and_kept(modelnet, monkeypatch):
    x, y = shapes.signals("modelnet", "train", True, 4, 0, 0)
    assert x.shape == (2, 6, 8, 8)
    assert y.tolist() == [0, 1]  # bed, chair
    monkeypatch.setattr(shapes, "_modelnet", None)  # the second time comes from the cache
    again, _ = shapes.signals("modelnet", "train", True, 4, 0, 0)
    torch.testing.assert_close(again, x)


def test_turned_solids_are_the_same_solids():
    upright, y = shapes.signals("solids", "test", False, 12, 0, 1)
    turned, z = shapes.signals("solids", "test", True, 12, 0, 1)
    assert torch.equal(y, z)
    assert not torch.allclose(upright, turned)
    w = torch.as_tensor(Grid(12).weights / 2 / 24).float()
    mean = [torch.einsum("nba,b->n", x[:, 3], w) for x in (upright, turned)]  # of the hull
    torch.testing.assert_close(*mean, atol=0.02, rtol=0)
    assert shapes.standardise(upright)(upright).mean((0, 2, 3)).abs().max() < 1e-5


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
    train, test = energies.load("qm7", 6, 0, 0, 0)  # fold 6 mod 5 = 1
    assert test.energy.tolist() == [2, 3]
    assert len(train.energy) == 8
    np.testing.assert_allclose(test.positions, content["R"][2:4] * 0.529177, rtol=1e-5)


def test_a_file_that_is_not_qm7_is_refused(qm7):
    file, content = qm7
    del content["P"]
    savemat(file, content)
    with pytest.raises(CourseError, match=r"not the QM7 file"):
        energies.load("qm7", 0, 0, 0, 0)


def test_folds_of_the_copy_share_nothing_and_span_all_energies(tmp_path, monkeypatch):
    file = tmp_path / "qm7_xyz.npz"
    n = 52
    np.savez(
        file, R_angstrom=np.random.default_rng(0).normal(size=(n, 5, 3)).astype(np.float32),
        Z=np.array([[6, 1, 1, 1, 1]] * n, dtype=np.int8), T_kcal_mol=-np.arange(n, dtype=float),
    )  # fmt: skip
    monkeypatch.setattr(data, "path", {"qm7-xyz/molecules": file}.__getitem__)
    tests = [energies.load("qm7-xyz", seed, 0, 0, 0)[1].energy for seed in range(5)]
    assert len(torch.cat(tests).unique()) == 50
    assert all(part.max() - part.min() > 40 for part in tests)
    train, test = energies.load("qm7-xyz", 0, 0, 0, 0)
    assert len(train.energy) == n - len(test.energy) == 42


def test_atom_counts_explain_additive_energies():
    train, test = energies.load("toy", 0, 60, 20, 3)
    additive = dataclasses.replace(train, energy=train.counts @ torch.arange(6.0).double())
    base = energies.Composition(additive)
    torch.testing.assert_close(base(test), test.counts @ torch.arange(6.0).double())
