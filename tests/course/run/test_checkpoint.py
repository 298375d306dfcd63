"""Checkpoints under attack: damage is seen, the older one is used, nothing raises."""

import os
import random
import shutil
import signal

import numpy as np
import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.course.run import checkpoint
from cvlib.course.run.experiment import Unit
from cvlib.course.run.interrupts import Stopped
from cvlib.course.run.run import Run
from tests.course import toy
from tests.course.run.test_run import with_units


def state(step):
    torch.manual_seed(step)
    net = torch.nn.Linear(30, 20)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 30)).sum().backward()
    optimizer.step()
    return {
        "step": step,
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": checkpoint.rng_state(),
    }


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with two good checkpoints, and what each holds."""
    folder = tmp_path_factory.mktemp("two")
    store = checkpoint.Checkpoints(folder)
    for step in (1, 2):
        store.save(step, state(step))
    return folder


def damaged(content, kind, noise):
    """One bit flipped, or a block of 64 bytes zeroed that was not zero."""
    changed = bytearray(content)
    while bytes(changed) == content:
        if kind == "flip":
            bit = noise.randrange(8 * len(content))
            changed[bit // 8] ^= 1 << bit % 8
        else:
            start = noise.randrange(len(content) - 64)
            changed[start : start + 64] = bytes(64)
    return bytes(changed)


@pytest.mark.parametrize(("kind", "times"), [("flip", 200), ("zeros", 50)])
def test_no_damage_is_ever_loaded(two, tmp_path, kind, times):
    noise = random.Random(1)
    good = (two / "step-000000002.pt").read_bytes()
    for k in range(times):
        folder = tmp_path / str(k)
        shutil.copytree(two, folder)
        (folder / "step-000000002.pt").write_bytes(damaged(good, kind, noise))
        store = checkpoint.Checkpoints(folder)
        assert store.load()["step"] == 1
        assert [p.name for p in store.damaged] == ["step-000000002.pt"]
        assert (folder / "step-000000002.pt.damaged").is_file()
        shutil.rmtree(folder)


def test_every_length_and_no_file_at_all_are_survived(two, tmp_path):
    good = (two / "step-000000002.pt").read_bytes()
    for length in (0, 1, 70, 71, 72, 200, len(good) - 1):
        (tmp_path / "step-000000002.pt").write_bytes(good[:length])
        assert checkpoint.Checkpoints(tmp_path).load() is None


def test_a_file_that_vanishes_while_it_is_looked_for_is_passed_over(two, tmp_path, monkeypatch):
    shutil.copytree(two, tmp_path / "c")
    store = checkpoint.Checkpoints(tmp_path / "c")
    listed = store.paths()
    listed[0].unlink()
    monkeypatch.setattr(store, "paths", lambda: listed)
    assert store.load()["step"] == 1
    assert store.damaged == []


def test_numpy_scalars_in_an_optimiser_come_back(tmp_path):
    """A rate from numpy: the file was refused by its own reader once."""
    rate = np.logspace(-3, -1, 3)[1]

    def work(run):
        net = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=rate)
        with run.task("a", net=net, optimizer=optimizer) as task:
            for step in task.steps(12):
                if step == 9 and not run.minutes:
                    raise RuntimeError("a disconnect")
                loss = task.descend(optimizer, lambda i: net(i).mean(), torch.ones(4, 2))
                task.log(step, loss=loss)
        run.measure("first_error", 0.0)

    experiment = with_units(("a", work, ("first_error",)))
    with pytest.raises(RuntimeError, match="a disconnect"):
        Run(experiment, "smoke", 0, tmp_path, save_seconds=0.0).execute()
    again = Run(experiment, "smoke", 0, tmp_path, minutes=5)
    assert again.execute()["complete"]
    assert again.progress.steps_now == 3


def test_what_could_not_be_read_back_is_refused_at_the_first_save(tmp_path):
    with pytest.raises(CourseError, match=r"state.net.hook is a function, which a checkpoint does"):
        checkpoint.Checkpoints(tmp_path).save(1, {"net": {"hook": lambda: 1}})
    assert not list(tmp_path.iterdir())


def test_a_net_of_other_shapes_is_one_sentence(tmp_path):
    def work(run, width):
        net = torch.nn.Linear(4, width)
        with run.task("net", net=net) as task:
            for step in task.steps(2):
                task.log(step, loss=0.0)
        raise RuntimeError("a disconnect")

    for width, expected in ((2, "a disconnect"), (3, "other shapes or parts than this code's")):
        unit = Unit("net", lambda run, w=width: work(run, w), ())
        experiment = toy.EXPERIMENT.__class__(
            **{**vars(toy.EXPERIMENT), "units": lambda config, unit=unit: [unit]}
        )
        with pytest.raises((RuntimeError, CourseError), match=expected):
            Run(experiment, "smoke", 0, tmp_path).execute()


def test_old_checkpoints_are_emptied_before_they_are_deleted(tmp_path, monkeypatch):
    """A mounted Drive moves what is deleted to its bin, at full size."""
    emptied = []
    truncate = os.truncate
    monkeypatch.setattr(os, "truncate", lambda p, n: (emptied.append(p.name), truncate(p, n)))
    store = checkpoint.Checkpoints(tmp_path)
    for step in range(4):
        store.save(step, {"step": step})
    assert emptied == ["step-000000000.pt", "step-000000001.pt"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, capsys, monkeypatch, name):
    whole = Run(toy.EXPERIMENT, "smoke", 0, tmp_path / "whole").execute()
    accident = toy._accident

    def stop(task, step):
        if (task, step) == ("second", 6):
            os.kill(os.getpid(), getattr(signal, name))

    monkeypatch.setattr(toy, "_accident", stop)
    with pytest.raises(Stopped):
        Run(toy.EXPERIMENT, "smoke", 0, tmp_path / "cut").execute()
    called = {"SIGINT": "Ctrl-C"}.get(name, name)
    said = f"{called} at step 7/12 of second; all is saved: run it again to go on"
    assert said in capsys.readouterr().out
    assert (tmp_path / "cut" / "seed0" / "record.json").is_file()
    monkeypatch.setattr(toy, "_accident", accident)
    again = Run(toy.EXPERIMENT, "smoke", 0, tmp_path / "cut")
    assert again.execute()["history"] == whole["history"]
    assert again.progress.steps_now == 5


def test_a_training_that_diverges_at_once_has_a_state_to_go_back_to(tmp_path):
    def work(run):
        with run.task("bad", net=torch.nn.Linear(2, 1)) as task:
            for step in task.steps(3):
                task.log(step, loss=float("nan"))

    run = Run(with_units(("bad", work, ())), "smoke", 0, tmp_path)
    result = run.execute()
    assert "(step 0 is kept)" in result["provenance"]["memos"]["bad diverged"]
    assert run.tasks[0].checkpoints.load()["step"] == 0
