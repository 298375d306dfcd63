"""Chapter 04's experiment: test error against images per worker, and what else decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from cvlib.chapters.group_normalization.claims import CLAIMS, DERIVED, METRICS, PAPER
from cvlib.chapters.group_normalization.config import CONFIG, Config, Study, Transfer
from cvlib.chapters.group_normalization.train import (
    Arm,
    Tuning,
    fine_tune,
    train,
    tuning_steps,
)
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.normalization import protocols
from cvlib.normalization.convert import convert_norm
from cvlib.normalization.evaluate import batch_statistics_error, precise_error
from cvlib.normalization.images import Sets, load_sets
from cvlib.normalization.layers import FrozenBatchNorm2d
from cvlib.normalization.norms import ghost, group, group_of, instance_norm, layer_norm
from cvlib.normalization.resnet import Norm
from cvlib.normalization.segmentation import FCN, camvid

PROBED = ("bn-32", "bn-2")  # batch norms whose running statistics are compared with others
KEPT = ("bn-32", "bn-2", "gn")  # networks that the transfer and the page look at again
NEEDS = {"digits": (), "cifar10": ("cifar10",), "tinyimagenet20": ("tinyimagenet",)}
SHOWN = ("tune-frozen", "tune-gn")  # whose weights the run keeps
SCENES = 367  # of CamVid's training set
HEADLINE, FURTHER, ABLATION = 0, 1, 2


# -- the trainings -----------------------------------------------------------------------------


def units(config: Config) -> Iterator[Unit]:
    """All units of one seed."""
    yield from headline(config.study)
    yield from one_thing_changed(config.study)
    yield from paper_protocol(config.study)
    if config.transfer:
        yield from transfer(config.study, config.transfer)
    if config.study.others:
        yield from other_norms(config.study)
    if config.deep:
        yield from deeper(config.deep)


def arm(name: str, metric: str, study: Study, norm: Norm, n: int = 32, **changed: object) -> Arm:
    """A training under protocol `fixed` with n images per worker, but for what is `changed`."""
    settings = {"net": study.net, "protocol": protocols.fixed(n, study.batch, study.lr)}
    return Arm(name, metric, study, norm=norm, **{**settings, **changed})


def headline(study: Study) -> Iterator[Unit]:
    """Batch norm by images per worker. Group norm sees no workers: one training serves all."""
    for n in study.sizes:
        priority = HEADLINE if n in (32, 8, 2) else FURTHER
        yield unit(arm(f"bn-{n}", f"bn_error_{n}", study, ghost(n), n), priority)
    yield unit(arm("gn", "gn_error", study, group(study.groups)), HEADLINE)


def one_thing_changed(study: Study) -> Iterator[Unit]:
    """The last stride 1 in place of 2; and the images sorted by class inside each batch."""
    larger = study.net.with_larger_maps()
    for n in (32, 2):
        changed = arm(f"large-bn-{n}", f"large_bn_error_{n}", study, ghost(n), n, net=larger)
        yield unit(changed, FURTHER)
    eight = arm("sorted-bn-8", "sorted_bn_error_8", study, ghost(8), 8, by_class=True)
    yield unit(eight, FURTHER)
    images = arm("sorted-gn", "sorted_gn_error", study, group(study.groups), by_class=True)
    yield unit(images, FURTHER)


def paper_protocol(study: Study) -> Iterator[Unit]:
    """Eight workers, so that the SGD batch and the rate shrink with the images per worker."""
    for n in study.paper_sizes:
        protocol = protocols.paper(n)
        bn = arm(f"paper-bn-{n}", f"paper_bn_error_{n}", study, ghost(n), protocol=protocol)
        yield unit(bn, FURTHER)
        norm = group(study.groups)
        gn = arm(f"paper-gn-{n}", f"paper_gn_error_{n}", study, norm, protocol=protocol)
        yield unit(gn, FURTHER)


def other_norms(study: Study) -> Iterator[Unit]:
    """Layer and instance norm, and other numbers of groups: Tables 1 and 3."""
    yield unit(arm("ln", "ln_error", study, layer_norm), FURTHER)
    yield unit(arm("in", "in_error", study, instance_norm), FURTHER)
    for g in study.group_counts:
        yield unit(arm(f"groups-{g}", f"groups_error_{g}", study, group(g)), ABLATION)
    for k in study.group_widths:
        yield unit(arm(f"channels-{k}", f"channels_error_{k}", study, group_of(k)), ABLATION)


def deeper(study: Study) -> Iterator[Unit]:
    """The same comparison with ResNet-50."""
    for n in study.sizes:
        yield unit(arm(f"deep-bn-{n}", f"deep_bn_error_{n}", study, ghost(n), n), FURTHER)
    for name, norm in (
        ("gn", group(study.groups)),
        ("ln", layer_norm),
        ("in", instance_norm),
    ):
        yield unit(arm(f"deep-{name}", f"deep_{name}_error", study, norm), FURTHER)


def unit(arm: Arm, priority: int) -> Unit:
    """The arm's training with its test error, and its probe where it has one."""
    n = arm.protocol.images_per_worker
    probed = (f"bn_precise_error_{n}", f"bn_batch_error_{n}") if arm.name in PROBED else ()
    return Unit(
        arm.name,
        partial(measure, arm=arm),
        metrics=(arm.metric, *probed),
        steps=arm.steps,
        priority=priority,
        needs=NEEDS[arm.study.data],
    )


def measure(run: Run, arm: Arm) -> None:
    """Train an arm and measure its error."""
    sets = load_sets(arm.study.data, arm.study.train_images, run.device)
    run.data_label = sets.label
    net, error = train(run, arm, sets)
    run.measure(arm.metric, error, len(sets.test_y))
    if arm.name in PROBED:
        probe(run, arm, net, sets)
    if arm.name in KEPT:
        run.weights("net", net)


def probe(run: Run, arm: Arm, net: nn.Module, sets: Sets) -> None:
    """What batch norm's error owes to its running statistics: exact ones, and the batch's own."""
    n = arm.protocol.images_per_worker
    size = arm.protocol.batch
    x, y = sets.test()
    exact = precise_error(net, sets.normalized(sets.x[: 32 * size]), x, y, size)
    run.measure(f"bn_precise_error_{n}", exact, len(y))
    own = batch_statistics_error(net, x, y, size)
    run.measure(f"bn_batch_error_{n}", own, len(y) // size * size)


# -- the transfer ------------------------------------------------------------------------------


def transfer(study: Study, settings: Transfer) -> Iterator[Unit]:
    """The study's networks, fine-tuned on street scenes with few images per worker."""
    gn = group(study.groups)
    few = ghost(settings.images_per_worker)
    trained_bn = partial(pretrained, unit="bn-32", study=study, norm=ghost(32))
    trained_gn = partial(pretrained, unit="gn", study=study, norm=gn)
    fresh_gn = partial(untrained, study=study, norm=gn)

    def tune(name: str, network: Callable[[Run, int], FCN], **more: bool) -> Tuning:
        return Tuning(f"tune-{name}", f"transfer_{name}", settings, network, **more)

    frozen = partial(converted, backbone=trained_bn, norm=FrozenBatchNorm2d)
    yield scoring(tune("frozen", frozen), HEADLINE, "bn-32")
    yield scoring(tune("bn", partial(converted, backbone=trained_bn, norm=few)), HEADLINE, "bn-32")
    yield scoring(tune("gn", partial(headed, backbone=trained_gn)), HEADLINE, "gn")
    yield scoring(tune("scratch", partial(headed, backbone=fresh_gn)), HEADLINE)
    turned = partial(converted, backbone=trained_bn, norm=gn)
    yield scoring(tune("converted", turned), FURTHER, "bn-32")
    decayed = tune("decayed", partial(headed, backbone=trained_gn), decay_norms=True)
    yield scoring(decayed, ABLATION, "gn")


def scoring(tuning: Tuning, priority: int, *after: str) -> Unit:
    """The fine-tuning with its mean IoU, after the training whose network it takes."""
    return Unit(
        tuning.name,
        partial(measure_transfer, tuning=tuning),
        metrics=(tuning.metric,),
        steps=tuning_steps(tuning.settings, SCENES),
        priority=priority,
        needs=("camvid-small",),
        after=after,
    )


def untrained(run: Run, study: Study, norm: Norm) -> nn.Module:
    """The study's network as it is initialised."""
    return study.net.build(norm, 3, 10)


def pretrained(run: Run, unit: str, study: Study, norm: Norm) -> nn.Module:
    """The study's network as `unit` left it."""
    net = untrained(run, study, norm)
    net.load_state_dict(run.load_weights(unit, "net"))
    return net


def headed(run: Run, classes: int, backbone: partial[nn.Module]) -> FCN:
    """A backbone under new scores for `classes`."""
    return FCN(backbone(run), classes)


def converted(run: Run, classes: int, backbone: partial[nn.Module], norm: Norm) -> FCN:
    """A backbone whose batch norms became another norm, under new scores for `classes`."""
    net, _ = convert_norm(backbone(run), norm)
    return FCN(net, classes)


def measure_transfer(run: Run, tuning: Tuning) -> None:
    """Fine-tune, and measure the mean IoU."""
    scenes = camvid(tuning.settings.height, tuning.settings.width, run.device)
    run.data_label = scenes.label
    net, iou = fine_tune(run, tuning, scenes)
    run.measure(tuning.metric, iou, len(scenes.test_y))
    if tuning.name in SHOWN:
        run.weights("net", net)


EXPERIMENT = Experiment(
    chapter=4,
    config=CONFIG,
    units=lambda config: list(units(config)),
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    derived=DERIVED,
    differs=(
        "smaller networks, pictures and data sets; workers are simulated in one process "
        "(GhostBatchNorm2d, exact). Rows with the same SGD batch are not the paper's protocol: "
        "only the chunk of the statistics shrinks there, so group norm is one training for every "
        "number of images per worker."
    ),
    seeds={"laptop": 3, "full": 3},
    precision="fp32",  # autocast would run group norm and batch norm differently
)
