"""Runs: resume bit for bit, refuse what is not theirs, stop in time, record what happened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError, DataMissing
from cvlib.course.paths import ROOT
from cvlib.course.run import checkpoint, identity, memory, record
from cvlib.course.run.experiment import Unit
from cvlib.course.run.run import Run
from tests.course import toy

TOY = [sys.executable, "-m", "tests.course.toy"]


def run_toy(folder, **environment):
    return subprocess.run(
        [*TOY, str(folder)], cwd=ROOT, env={**os.environ, **environment}, capture_output=True,
        text=True,
    )  # fmt: skip


def histories(folder):
    return json.loads((Path(folder) / "seed0" / "record.json").read_text())["history"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run_toy(folder).returncode == 0
    return histories(folder)


@pytest.mark.parametrize("moment", ["first-4", "second-10"])
def test_a_killed_run_goes_on_bit_for_bit(tmp_path, undisturbed, moment):
    # 60 points in batches of 8: step 4 is in the middle of epoch 0, step 10 of epoch 1
    assert run_toy(tmp_path, TOY_KILL=moment).returncode == -signal.SIGKILL
    again = run_toy(tmp_path)
    assert again.returncode == 0, again.stderr
    assert histories(tmp_path) == undisturbed


def test_going_on_is_said_with_the_step(tmp_path):
    run_toy(tmp_path, TOY_KILL="second-6")
    assert "second: going on from step 6 of 12" in run_toy(tmp_path).stdout


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, undisturbed):
    run_toy(tmp_path, TOY_KILL="second-8")
    files = checkpoint.Checkpoints(tmp_path / "seed0/checkpoints/second/second").paths()
    assert [f.name for f in files] == ["step-000000008.pt", "step-000000007.pt"]
    files[0].write_bytes(files[0].read_bytes()[:200])
    again = run_toy(tmp_path)
    assert "step-000000008.pt of second is damaged and was set aside" in again.stdout
    assert "going on from step 7" in again.stdout
    assert histories(tmp_path) == undisturbed
    assert (files[0].with_suffix(".pt.damaged")).exists()


def test_finished_units_are_not_trained_again(tmp_path, undisturbed, capsys):
    run_toy(tmp_path)
    first = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    result = first.execute()
    assert first.progress.steps_now == 0
    assert result["history"] == undisturbed
    assert "2 finished units are taken from" in capsys.readouterr().out


def test_fresh_starts_anew(tmp_path):
    Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    again = Run(toy.EXPERIMENT, "smoke", 0, tmp_path, fresh=True)
    again.execute()
    assert again.progress.steps_now == 24


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    other = replace(toy.EXPERIMENT, config={"smoke": toy.Config(12, lr=0.2)})
    with pytest.raises(CourseError, match=r"another configuration \(lr was 0.1, is 0.2\)"):
        Run(other, "smoke", 0, tmp_path).execute()


def diverging(run):
    net = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    with run.task("bad", model=net, optimizer=optimizer) as task:
        for step in task.steps(10):
            scale = float("nan") if step == 6 else 1.0
            loss = task.descend(optimizer, lambda i, s=scale: net(i).mean() * s, torch.ones(4, 2))
            task.log(step, loss=loss)


def with_units(*units):
    """The toy with these units; what they are is (name, work, metrics)."""
    return replace(toy.EXPERIMENT, units=lambda config: [Unit(*unit) for unit in units])


def test_a_nan_loss_ends_its_unit_keeps_the_last_good_checkpoint_and_not_the_run(tmp_path):
    after = ("after", lambda run: run.measure("first_error", 0.5), ("first_error",))
    bad = with_units(("bad", diverging, ("second_error",)), after)
    run = Run(bad, "smoke", 0, tmp_path, save_seconds=0.0)
    result = run.execute()
    assert result["complete"]
    assert result["metrics"]["second_error"]["values"] == [None]
    assert result["metrics"]["first_error"]["values"] == [0.5]
    said = result["provenance"]["memos"]["bad diverged"]
    assert re.match(r"loss of bad is nan at step 6; .* \(step 6 is kept\)", said)
    assert [u["status"] for u in result["provenance"]["units"]] == ["diverged", "finished"]
    state = checkpoint.Checkpoints(run.folder / "checkpoints/bad/bad").load()
    assert state["step"] == 6
    assert all(torch.isfinite(t).all() for t in state["objects"]["model"].values())


def test_the_budget_ends_a_run_with_a_checkpoint(tmp_path, capsys, undisturbed):
    result = Run(toy.EXPERIMENT, "smoke", 0, tmp_path, minutes=0.0).execute()
    assert not result["complete"]
    assert result["metrics"]["first_error"]["mean"] is None
    assert "the time is up at step 1/12 of first" in capsys.readouterr().out
    assert Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()["history"] == undisturbed


def absent(run):
    raise DataMissing("the second set is not here")


def test_data_missing_half_way_loses_nothing(tmp_path, capsys):
    first = ("first", partial(toy.training, name="first"), ("first_error",))
    half = with_units(first, ("second", absent, ("second_error",)))
    result = Run(half, "smoke", 0, tmp_path).execute()
    assert not result["complete"]
    assert result["missing"] == ["seed 0: second"]
    assert result["metrics"]["first_error"]["mean"] is not None
    assert "second is left out: the second set is not here" in capsys.readouterr().out


def test_data_missing_at_the_start_is_an_error(tmp_path):
    with pytest.raises(DataMissing):
        Run(with_units(("second", absent, ("second_error",))), "smoke", 0, tmp_path).execute()


def unit_with(**fields):
    unit = Unit("late", lambda run: run.measure("second_error", 0.1), ("second_error",), **fields)
    first = toy.units(toy.Config(2))[0]
    return replace(toy.EXPERIMENT, units=lambda config: [first, unit])


@pytest.mark.parametrize(
    ("need", "said"),
    [
        ("package:no_such_package", "the package no_such_package is not installed: pip install"),
        ("qm7", "the data set qm7 is not here: `cvlib data fetch`"),
    ],
)
def test_needs_are_checked_before_the_first_step(tmp_path, capsys, monkeypatch, need, said):
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing"))
    result = Run(unit_with(needs=(need,)), "smoke", 0, tmp_path).execute()
    assert result["missing"] == ["seed 0: late"]
    assert f"late is left out: {said}" in capsys.readouterr().out


def test_a_unit_waits_for_what_it_comes_after(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        toy, "points", lambda: (torch.full((60, 5), torch.nan), torch.ones(60).long())
    )
    result = Run(unit_with(after=("first",)), "smoke", 0, tmp_path).execute()
    assert result["missing"] == ["seed 0: late"]
    assert "late is left out: first is not finished" in capsys.readouterr().out


def test_a_unit_must_measure_what_it_declares(tmp_path):
    short = with_units(("short", lambda run: None, ("first_error",)))
    with pytest.raises(CourseError, match="unit short did not measure first_error"):
        Run(short, "smoke", 0, tmp_path).execute()
    long = with_units(("long", lambda run: run.measure("first_error", 0.1), ()))
    with pytest.raises(CourseError, match="long does not declare that it measures 'first_error'"):
        Run(long, "smoke", 0, tmp_path).execute()


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ((("a", None, ()), ("a", None, ())), "two units are called 'a'"),
        ((("a b", None, ()),), "name a file"),
        ((("a", None, ("typo",)),), "undeclared metrics"),
        ((("a", None, ("first_error",)), ("b", None, ("first_error",))), "which another one does"),
        ((("a", None, ("difference",)),), "which another one does"),
        ((("a", None, (), 0, 0, (), ("b",)),), "list them before it"),
        ((), "offers no unit"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(units, said):
    with pytest.raises(CourseError, match=said):
        with_units(*units).plan("smoke")


def test_units_do_not_depend_on_what_ran_before(tmp_path):
    both = Run(toy.EXPERIMENT, "smoke", 0, tmp_path / "both").execute()
    second = replace(toy.EXPERIMENT, units=lambda config: toy.units(config)[1:])
    alone = Run(second, "smoke", 0, tmp_path / "alone").execute()
    assert alone["history"] == both["history"][1:]
    first, other = both["metrics"]["first_error"], both["metrics"]["second_error"]
    assert both["metrics"]["difference"]["values"] == [other["mean"] - first["mean"]]


def test_kept_weights_come_back(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    run.execute()
    state = run.load_weights("first", "net")
    trained = run.tasks[0].objects["model"].state_dict()
    torch.testing.assert_close(state, dict(trained), atol=1e-3, rtol=1e-3)
    with pytest.raises(CourseError, match=r"first-other\.pt is not here"):
        run.load_weights("first", "other")


def test_notes_are_converted_or_refused_at_once(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    run.note("curve", {3: np.float32(0.5), "x": torch.arange(3), "y": (np.ones(2), None, True)})
    assert run.extra["curve"] == {"3": 0.5, "x": [0, 1, 2], "y": [[1.0, 1.0], None, True]}
    run.memo("size", np.int64(4))
    assert json.dumps(run.memos) == '{"size": 4}'
    for bad in (float("nan"), torch.tensor([1.0, torch.inf]), {"a": object()}, {(1, 2): 3}):
        with pytest.raises(CourseError, match="'key"):
            run.note("key", bad)


def test_other_code_is_said_and_refused_unless_accepted(tmp_path, monkeypatch):
    Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    monkeypatch.setattr(identity, "code_hash", lambda units: "other")
    with pytest.raises(CourseError, match=r"first in .* was made by other training code"):
        Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path, accept_code=True)
    assert run.execute()["complete"]
    assert run.progress.steps_now == 0


def test_profile_full_without_cuda_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CourseError, match=r"profile full needs a CUDA GPU"):
        Run(toy.EXPERIMENT, "full")


def test_an_undeclared_or_non_finite_metric_is_refused(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    with pytest.raises(CourseError, match="not a declared metric"):
        run.measure("typo", 1.0)
    with pytest.raises(CourseError, match="nothing is recorded"):
        run.measure("first_error", float("nan"))


def test_batches_are_permutations_the_same_for_all_tasks(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 3, tmp_path)
    one, other = run.task("a"), run.task("b")
    epoch = torch.cat([one.batch(step, 24, 8) for step in range(3)])
    assert sorted(epoch.tolist()) == list(range(24))
    assert torch.equal(epoch, torch.cat([other.batch(step, 24, 8) for step in range(3)]))
    assert not torch.equal(one.batch(0, 24, 8), one.batch(3, 24, 8))
    assert not torch.equal(
        one.batch(0, 24, 8), Run(toy.EXPERIMENT, "smoke", 4, tmp_path).task("a").batch(0, 24, 8)
    )


@pytest.mark.parametrize("size", [0, 61])
def test_a_batch_that_cannot_be_drawn_is_refused(tmp_path, size):
    task = Run(toy.EXPERIMENT, "smoke", 0, tmp_path).task("a")
    with pytest.raises(CourseError, match=f"a batch of {size} cannot be drawn from 60"):
        task.batch(0, 60, size)


def test_generators_depend_on_seed_task_and_step_alone(tmp_path):
    def draw(seed, name, step):
        task = Run(toy.EXPERIMENT, "smoke", seed, tmp_path).task(name)
        return torch.rand(3, generator=task.generator(step)).tolist()

    assert draw(0, "a", 1) == draw(0, "a", 1)
    assert (
        len({tuple(draw(*key)) for key in [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2)]})
        == 4
    )


class _Hungry:
    """A loss that runs out of memory above a number of examples."""

    def __init__(self, limit, net):
        self.limit, self.net, self.sizes = limit, net, []

    def __call__(self, batch):
        self.sizes.append(len(batch))
        if len(batch) > self.limit:
            raise torch.cuda.OutOfMemoryError("simulated")
        return self.net(batch).square().mean()


def test_out_of_memory_halves_the_micro_batch_and_is_recorded(tmp_path):
    run = Run(toy.EXPERIMENT, "smoke", 0, tmp_path)
    task, batch = run.task("a"), torch.randn(16, 3)
    gradients = []
    for limit in (16, 4):
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
        loss = _Hungry(limit, net)
        task.descend(optimizer, loss, batch)
        gradients.append(net.weight.grad.clone())
    assert loss.sizes == [16, 8, 4, 4, 4, 4]
    torch.testing.assert_close(*gradients)
    assert run.memos == {"micro-batch of a": 4}


def test_a_micro_batch_that_cannot_be_halved_is_one_clear_error(tmp_path):
    task = Run(toy.EXPERIMENT, "smoke", 0, tmp_path).task("a")
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with pytest.raises(CourseError, match="micro-batch of 8, which cannot be halved"):
        task.descend(optimizer, _Hungry(4, net), torch.randn(16, 3), multiple=8)


def test_full_disk_while_saving_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    store = checkpoint.Checkpoints(tmp_path)
    store.save(1, {"x": torch.ones(3)})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match="the disk is full"):
        store.save(2, {"x": torch.zeros(3)})
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000001.pt"]
    assert torch.equal(store.load()["x"], torch.ones(3))


def test_an_unwritable_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CourseError, match="a file stands where a folder should be"):
        Run(toy.EXPERIMENT, "smoke", 0, tmp_path / "file" / "out")


def test_only_the_last_two_checkpoints_stay_and_hold_no_pickles(tmp_path):
    store = checkpoint.Checkpoints(tmp_path)
    for step in range(5):
        store.save(step, {"step": step, "rng": checkpoint.rng_state()})
    assert [p.name for p in store.paths()] == ["step-000000004.pt", "step-000000003.pt"]
    torch.load(store.paths()[0], weights_only=True)


def test_generators_are_put_back(tmp_path):
    import random

    import numpy as np

    store = checkpoint.Checkpoints(tmp_path)
    store.save(0, checkpoint.rng_state())
    first = (random.random(), np.random.rand(), torch.rand(1).item())
    checkpoint.restore_rng(store.load())
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == first


def test_the_record_tells_the_circumstances(tmp_path):
    result = Run(toy.EXPERIMENT, "smoke", 0, tmp_path).execute()
    assert record.schema_problem(result) == ""
    assert result["data"] == "toy points"
    assert not result["evidence"]
    assert result["provenance"]["config"] == {"steps": 12, "batch": 8, "lr": 0.1}
    assert result["provenance"]["threads"] == 1
    assert result["provenance"]["wall_seconds"] > 0
    assert result["provenance"]["peak_memory_bytes"] > 1e6
    assert record.load(tmp_path / "seed0/record.json") == result


def test_two_processes_make_the_step_of_one(tmp_path):
    """One step of two gloo processes equals one step of one on the same global batch."""
    script = "tests.course.two_processes"
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    one = subprocess.run([sys.executable, "-m", script, tmp_path / "one"], cwd=ROOT, env=env)
    two = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
         "-m", script, str(tmp_path / "two")],
        cwd=ROOT, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert one.returncode == two.returncode == 0, two.stderr
    a, b = (torch.load(tmp_path / n / "after.pt", weights_only=True) for n in ("one", "two"))
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-6, atol=1e-7)


def test_where_nothing_can_be_saved_nothing_is_run(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "locked").mkdir(mode=0o555)
    for out, said in (("file", "a file stands"), ("locked", "may not be written to")):
        with pytest.raises(CourseError, match=said):
            Run(toy.EXPERIMENT, "smoke", 0, tmp_path / out)
    with pytest.raises(CourseError, match="out is empty"):
        Run(toy.EXPERIMENT, "smoke", 0, " ")


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -5])
def test_minutes_that_are_no_limit_are_refused(tmp_path, minutes):
    with pytest.raises(CourseError, match="give a positive number"):
        Run(toy.EXPERIMENT, "smoke", 0, tmp_path, minutes=minutes)


def test_the_budget_holds_outside_trainings_too(tmp_path, capsys):
    def endless(run):
        while True:
            run.tick()

    result = Run(with_units(("a", endless, ())), "smoke", 0, tmp_path, minutes=0.01).execute()
    assert not result["complete"]
    assert "the time is up in a; all is saved: run it again" in capsys.readouterr().out


def test_auto_says_what_it_chose_and_a_slow_profile_how_long(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CVLIB_HEADLESS")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    Run(toy.EXPERIMENT, "auto", 0, tmp_path / "a").execute()
    assert "profile smoke: CVLIB_PROFILE says so" in capsys.readouterr().out
    monkeypatch.setattr(Chapter, "recorded", property(lambda self: tmp_path / "recorded"))
    Run(toy.EXPERIMENT, "workshop", 0, tmp_path / "b").execute()
    said = capsys.readouterr().out
    assert (
        "no CUDA GPU was found, and profile workshop is meant for one: here it takes hours" in said
    )
    run = Run(toy.EXPERIMENT, "workshop", 0, tmp_path / "b")
    results = list(run.finished().values())
    for result in results:
        result["seconds"] = 600.0
    known = record.build(toy.EXPERIMENT, "workshop", results, [0])
    record.write(known, tmp_path / "recorded" / "workshop.json")
    Run(toy.EXPERIMENT, "workshop", 0, tmp_path / "c").execute()
    assert "here it takes about 20 min" in capsys.readouterr().out


def test_the_rate_leaves_loading_and_evaluating_out(tmp_path):
    def work(run):
        time.sleep(0.3)
        with run.task("a") as task:
            for step in task.steps(4):
                with task.paused():
                    time.sleep(0.1)
                task.log(step, loss=1.0)

    run = Run(with_units(("a", work, ())), "smoke", 0, tmp_path)
    run.execute()
    assert run.tasks[0].seconds < 0.1
    assert run.progress.rate() > 40


def test_a_test_of_the_net_within_a_step_does_not_change_the_recorded_pace(tmp_path):
    def work(run):
        with run.task("a") as task:
            for step in task.steps(9):
                time.sleep(0.3 if step % 4 == 3 else 0.005)
                task.log(step, loss=1.0)

    run = Run(with_units(("a", work, ())), "smoke", 0, tmp_path)
    (unit,) = run.execute()["provenance"]["units"]
    mean = unit["training_seconds"] / 9
    assert mean > 0.06
    assert 0.005 <= unit["step_seconds"]["a"] < mean / 2
    assert run.progress.rate() > 2 / mean


def test_peak_memory_restarts_in_a_process_that_has_not_touched_the_gpu(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "init", lambda: asked.append("init"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: asked.append("reset"))
    memory.restart(torch.device("cuda", 0))
    assert asked == ["init", "reset"]
