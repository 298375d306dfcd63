"""The plain loop: equal runs where the protocol says so, and what is recorded of them."""

from dataclasses import dataclass, replace

import pytest
import torch

from cvlib.chapters.group_normalization.arms import Arm, Net
from cvlib.chapters.group_normalization.experiment import CONFIG, EXPERIMENT
from cvlib.chapters.group_normalization.train import batch, total_steps, train
from cvlib.course.run.run import Run
from cvlib.normalization import protocols
from cvlib.normalization.images import Sets

TINY = replace(
    CONFIG["smoke"], net=Net((4, 8), (1, 2)), control=Net((4,), (2,)), epochs=2, batch=32,
    last_epochs=2,
)  # fmt: skip


def sets(n=128):
    whole = Sets.load("digits", torch.device("cpu"))
    return replace(
        whole, x=whole.x[:n], y=whole.y[:n], test_x=whole.test_x[:64], test_y=whole.test_y[:64]
    )


def tiny_run(folder, config=TINY, seed=0):
    return Run(replace(EXPERIMENT, config={"smoke": config}), "smoke", seed, folder)


def arm(n, norm="gn", name="arm", config=TINY):
    return Arm(name, (), config.net, protocols.fixed(n, 32, 0.1), norm, 4)


@dataclass
class Trained:
    error: float
    history: list
    weights: dict


def trained(folder, n, norm="gn", config=TINY):
    run = tiny_run(folder, config)
    error = train(run, arm(n, norm), config, sets())
    (task,) = run.tasks
    return Trained(error, task.history, task.objects["model"].state_dict())


def test_group_norm_under_fixed_is_one_run_for_every_n_bit_by_bit(tmp_path):
    config = replace(TINY, pad=1)
    few, many = (trained(tmp_path / str(n), n, config=config) for n in (2, 32))
    assert few.history == many.history
    assert few.error == many.error
    assert all(torch.equal(v, many.weights[k]) for k, v in few.weights.items())


def test_batch_norm_under_fixed_is_not(tmp_path):
    few, many = (trained(tmp_path / str(n), n, "bn") for n in (2, 32))
    assert few.history[0]["loss"] != many.history[0]["loss"]


def test_all_arms_of_a_run_start_from_the_same_weights(tmp_path, monkeypatch):
    starts = []
    build = Arm.build
    monkeypatch.setattr(Arm, "build", lambda *a: starts.append(build(*a)) or starts[-1])
    config = replace(TINY, lr=0.0, epochs=1, last_epochs=1, weight_decay=0.0)
    run = tiny_run(tmp_path, config)
    for norm in ("bn", "gn"):
        still = replace(arm(2, norm, norm), protocol=protocols.fixed(2, 32, 0.0))  # rate 0
        train(run, still, config, sets())
    first, second = (dict(net.named_parameters()) for net in starts)
    assert first.keys() == second.keys()
    assert all(torch.equal(p, second[name]) for name, p in first.items())


def test_the_error_is_the_median_over_the_last_epochs(tmp_path):
    config = replace(TINY, epochs=4, last_epochs=3)
    result = trained(tmp_path, 2, config=config)
    logged = [(line["step"], line["error"]) for line in result.history if "error" in line]
    assert [step for step, _ in logged] == [7, 11, 15]  # 4 steps an epoch
    assert result.error == sorted(error for _, error in logged)[1]
    assert [line["step"] for line in result.history if "loss" in line] == list(range(16))


def test_equal_epochs_are_more_steps_for_smaller_batches():
    papers = [replace(arm(2), protocol=protocols.paper(n)) for n in (32, 2)]
    assert [total_steps(a, TINY, 1437) for a in papers] == [2 * 5, 2 * 89]


def test_augmentation_depends_on_the_step_alone(tmp_path):
    config, data = replace(TINY, pad=1), sets()
    run = tiny_run(tmp_path, config)
    with run.task("arm") as task:
        first, labels = batch(task, 3, arm(2), config, data)
        torch.rand(5)  # the global stream plays no part
        again, _ = batch(task, 3, arm(2), config, data)
        other, _ = batch(task, 7, arm(2), config, data)
        plain, same = batch(task, 3, arm(2), TINY, data)
    assert torch.equal(first, again)
    assert torch.equal(labels, same)
    assert not torch.equal(first, plain)
    assert first.shape == other.shape == (32, 1, 8, 8)


def test_weight_decay_reaches_gamma_and_beta(tmp_path):
    run = tiny_run(tmp_path)
    train(run, arm(2), TINY, sets())
    (group,) = run.tasks[0].objects["optimizer"].param_groups
    net = run.tasks[0].objects["model"]
    assert group["weight_decay"] == 1e-4
    assert {id(p) for p in group["params"]} == {id(p) for p in net.parameters()}


def test_the_rate_follows_the_schedule(tmp_path):
    run = tiny_run(tmp_path)
    train(run, arm(2), TINY, sets())
    (group,) = run.tasks[0].objects["optimizer"].param_groups
    assert group["lr"] == pytest.approx(0.1 * protocols.cosine(7, 8))


@pytest.mark.parametrize("n", [32, 2])
def test_batch_norm_at_the_ends_is_probed_and_stays_as_it_was(tmp_path, n):
    run = tiny_run(tmp_path)
    train(run, arm(n, "bn", f"bn-{n}"), TINY, sets())
    assert set(run.values) == {f"bn_precise_error_{n}", f"bn_batch_error_{n}"}
    assert all(0 <= value <= 100 and count == 64 for value, count in run.values.values())
