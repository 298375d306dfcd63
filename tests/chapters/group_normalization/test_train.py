"""The plain loops: equal runs where the protocol says so, and what is recorded of them."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from cvlib.chapters.group_normalization import train as loops
from cvlib.chapters.group_normalization.config import CONFIG, Config, SmallNet, Transfer
from cvlib.chapters.group_normalization.experiment import EXPERIMENT
from cvlib.chapters.group_normalization.train import (
    Arm,
    Tuning,
    batch,
    fine_tune,
    parameters,
    train,
)
from cvlib.course.run.run import Run
from cvlib.normalization import protocols
from cvlib.normalization.images import load_sets
from cvlib.normalization.layers import GhostBatchNorm2d
from cvlib.normalization.norms import ghost, group
from cvlib.normalization.segmentation import FCN, Scenes

TINY = replace(
    CONFIG["smoke"].study, train_images=128, net=SmallNet((4, 8), (1, 2), 1, 1), groups=2,
    epochs=2, batch=32, last_epochs=2,
)  # fmt: skip


def sets(n=128):
    whole = load_sets("digits", n, torch.device("cpu"))
    return replace(whole, test_x=whole.test_x[:64], test_y=whole.test_y[:64])


def tiny_run(folder, study=TINY, seed=0):
    experiment = replace(EXPERIMENT, config={"smoke": Config(study)})
    return Run(experiment, "smoke", seed, folder)


def arm(n, norm="gn", study=TINY, **changed):
    layer = ghost(n) if norm == "bn" else group(2)
    protocol = protocols.fixed(n, study.batch, study.lr)
    return Arm(norm, "gn_error", study, study.net, layer, protocol, **changed)


@dataclass
class Trained:
    error: float
    history: list
    weights: dict


def trained(folder, n, norm="gn", study=TINY, **changed):
    run = tiny_run(folder, study)
    net, error = train(run, arm(n, norm, study, **changed), sets())
    return Trained(error, run.tasks[0].history, net.state_dict())


def test_group_norm_with_one_sgd_batch_is_one_run_for_every_n_bit_by_bit(tmp_path):
    study = replace(TINY, pad=1)
    few, many = (trained(tmp_path / str(n), n, study=study) for n in (2, 32))
    assert few.history == many.history
    assert few.error == many.error
    assert all(torch.equal(v, many.weights[k]) for k, v in few.weights.items())


def test_batch_norm_with_one_sgd_batch_is_not(tmp_path):
    few, many = (trained(tmp_path / str(n), n, "bn") for n in (2, 32))
    assert few.history[0]["loss"] != many.history[0]["loss"]


def test_a_sorted_batch_holds_the_same_images_in_the_order_of_their_classes(tmp_path):
    with tiny_run(tmp_path).task("arm") as task:
        x, y = batch(task, 1, arm(8), sets())
        sorted_x, sorted_y = batch(task, 1, arm(8, by_class=True), sets())
    assert sorted_y.diff().min() >= 0
    assert not torch.equal(y, sorted_y)
    order = y.argsort(stable=True)
    assert torch.equal(sorted_x, x[order])


def test_sorting_changes_group_norms_gradient_by_rounding_only(tmp_path):
    plain, in_order = (
        trained(tmp_path / str(by_class), 8, by_class=by_class) for by_class in (False, True)
    )
    first, second = (t.history[0]["loss"] for t in (plain, in_order))
    assert first == pytest.approx(second, rel=1e-5)
    few, many = (
        trained(tmp_path / f"bn{by_class}", 8, "bn", by_class=by_class).history[0]["loss"]
        for by_class in (False, True)
    )
    assert abs(few - many) > 1e-4


def test_all_arms_of_a_run_start_from_the_same_weights(tmp_path):
    study = replace(TINY, lr=0.0, epochs=1, last_epochs=1, weight_decay=0.0)
    run = tiny_run(tmp_path, study)
    first, second = (
        dict(train(run, arm(2, norm, study), sets())[0].named_parameters()) for norm in ("bn", "gn")
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(p, second[name]) for name, p in first.items())


def test_the_error_is_the_median_over_the_last_epochs(tmp_path):
    study = replace(TINY, epochs=4, last_epochs=3)
    result = trained(tmp_path, 2, study=study)
    logged = [(line["step"], line["error"]) for line in result.history if "error" in line]
    assert [step for step, _ in logged] == [3, 7, 11, 15]  # 4 steps an epoch
    assert result.error == sorted(error for _, error in logged[1:])[1]
    assert [line["step"] for line in result.history if "loss" in line] == list(range(16))


def test_the_last_epoch_is_tested_whatever_the_interval(tmp_path):
    study = replace(TINY, epochs=5, tested_every=2, last_epochs=1)
    result = trained(tmp_path, 2, study=study)
    assert [line["step"] for line in result.history if "error" in line] == [3, 11, 19]


def test_equal_epochs_are_more_steps_for_smaller_batches():
    study = replace(TINY, train_images=1437)
    papers = [replace(arm(2, study=study), protocol=protocols.paper(n)) for n in (32, 2)]
    assert [a.steps for a in papers] == [2 * 5, 2 * 89]


def test_augmentation_depends_on_the_step_alone(tmp_path):
    study = replace(TINY, pad=1)
    with tiny_run(tmp_path, study).task("arm") as task:
        first, labels = batch(task, 3, arm(2, study=study), sets())
        torch.rand(5)  # the global stream plays no part
        again, _ = batch(task, 3, arm(2, study=study), sets())
        plain, same = batch(task, 3, arm(2), sets())
    assert torch.equal(first, again)
    assert torch.equal(labels, same)
    assert not torch.equal(first, plain)
    assert first.shape == (32, 1, 8, 8)


def test_weight_decay_reaches_gamma_and_beta_and_the_rate_follows_the_schedule(tmp_path):
    run = tiny_run(tmp_path)
    net, _ = train(run, arm(2), sets())
    (only,) = run.tasks[0].objects["optimizer"].param_groups
    assert only["weight_decay"] == 1e-4
    assert {id(p) for p in only["params"]} == {id(p) for p in net.parameters()}
    assert only["lr"] == pytest.approx(0.1 * protocols.cosine(7, 8))


# -- the transfer ------------------------------------------------------------------------------

SETTINGS = Transfer(8, 12, epochs=3, batch=4, images_per_worker=2, lr=0.1, weight_decay=1e-2)


def scenes(n=16):
    """Bright rectangles (class 1) on dark ground (class 0); a void column."""
    generator = torch.Generator().manual_seed(0)
    y = (torch.rand(n, 2, 3, generator=generator) < 0.5).long()
    y = y.repeat_interleave(4, 1).repeat_interleave(4, 2)  # (n, 8, 12)
    x = (60 + 120 * y + 20 * torch.rand(y.shape, generator=generator)).to(torch.uint8)
    y[:, :, 0] = 11
    return Scenes("toys", x[:, None].repeat(1, 3, 1, 1), y, x[:6, None].repeat(1, 3, 1, 1),
                  y[:6], ("ground", "thing"))  # fmt: skip


def fcn(run, classes):
    return FCN(SmallNet((4, 8), (1, 2), 1, 1).build(group(2), 3, 10), classes)


def test_a_fine_tuning_learns_the_map_of_classes(tmp_path):
    tuning = Tuning("tune", "transfer_gn", replace(SETTINGS, epochs=12), fcn)
    _, iou = fine_tune(tiny_run(tmp_path), tuning, scenes())
    assert iou > 70
    untrained = replace(tuning, settings=replace(SETTINGS, lr=0.0, epochs=1), name="none")
    assert fine_tune(tiny_run(tmp_path), untrained, scenes())[1] < 60


def test_gamma_and_beta_decay_only_if_asked_for():
    net = fcn(None, 2)
    norms = {id(p) for m in net.modules() if isinstance(m, nn.GroupNorm) for p in m.parameters()}
    for decay_norms, expected in ((False, 0.0), (True, 1e-2)):
        tuning = Tuning("tune", "transfer_gn", SETTINGS, fcn, decay_norms=decay_norms)
        weights, rest = parameters(net, tuning)
        assert norms <= {id(p) for p in rest["params"]}
        assert rest["weight_decay"] == expected
        assert weights["weight_decay"] == 1e-2
        assert all(p.ndim > 1 for p in weights["params"])


def test_frozen_statistics_stay_through_a_fine_tuning(tmp_path):
    from cvlib.chapters.group_normalization.experiment import converted
    from cvlib.normalization.layers import FrozenBatchNorm2d

    def backbone(run):
        net = SmallNet((4, 8), (1, 2), 1, 1).build(ghost(2), 3, 10)
        net(torch.randn(4, 3, 8, 8))
        return net

    def network(run, classes):
        return converted(run, classes, backbone, FrozenBatchNorm2d)

    before = network(None, 2).state_dict()
    torch.manual_seed(0)
    net, _ = fine_tune(tiny_run(tmp_path), Tuning("t", "transfer_gn", SETTINGS, network), scenes())
    assert not any(isinstance(m, GhostBatchNorm2d) for m in net.modules())
    frozen = [k for k in before if "running" in k]
    assert frozen
    after = net.state_dict()
    weights = [k for k in before if k.endswith("conv1.weight")]
    assert all(not torch.equal(after[k], before[k]) for k in weights), "the convolutions learn"
    assert all(after[k].shape == before[k].shape for k in frozen)
    assert loops.tuning_steps(SETTINGS, 16) == 12
