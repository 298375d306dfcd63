"""Chapter 04's experiment: test error against images per worker, batch norm and group norm."""

from __future__ import annotations

from functools import partial

from cvlib.chapters.group_normalization.arms import (
    CHANNELS_PER_GROUP,
    GROUPS,
    SIZES,
    Arm,
    Config,
    Net,
    arms,
)
from cvlib.chapters.group_normalization.train import PROBED, total_steps, train
from cvlib.course.run.experiment import Claim, Experiment, Metric, PaperValue, Unit
from cvlib.course.run.run import Run
from cvlib.normalization.images import Sets

ERROR = "cvlib.chapters.group_normalization.train: running statistics, median over the last epochs"
FIXED, PAPER_PROTOCOL = "protocol fixed", "protocol paper"

CONFIG = {
    # Four stages end in 1x1 maps: m is the number of images per worker. The control ends in 2x2.
    "smoke": Config(
        data="digits", net=Net((8, 16, 32, 64), (1, 2, 2, 2)), control=Net((16, 32, 64), (1, 2, 2)),
        epochs=6, batch=64, lr=0.1, groups=8,
    ),
    # A stem of stride 4 ends in 2x2 maps, m = 8 at N = 2; the control is ResNet-20, m = 128.
    "workshop": Config(
        data="cifar10", net=Net((32, 64, 128), (1, 2, 2), blocks=3, stem_stride=4),
        control=Net((16, 32, 64), (1, 2, 2), blocks=3), epochs=12, batch=128, lr=0.2, pad=4,
        others=True,
    ),
    # ResNet-50 at 160 px ends in 5x5 maps, m = 50 at N = 2 (the paper's 224 px: 98).
    "full": Config(
        data="imagenette160", net=Net(),
        control=Net((64, 128, 256), (1, 2, 2), blocks=2, stem_stride=4), epochs=24, batch=64,
        lr=0.025, pad=12, last_epochs=5, others=True, paper_sizes=(32, 8, 2),
        group_sweeps=True, schedule="steps_of_ten",
    ),
}  # fmt: skip

# Table 2 and Table 3 of the paper, as recalled
BN = {32: 23.6, 16: 23.7, 8: 24.8, 4: 27.3, 2: 34.7}
GN = {32: 24.1, 16: 24.2, 8: 24.0, 4: 24.2, 2: 24.1}
BY_GROUPS = {64: 24.6, 32: 24.1, 16: 24.6, 4: 24.6, 1: 25.3}
BY_CHANNELS = {64: 24.4, 16: 24.2, 4: 24.8, 1: 28.4}
IMAGENET = "ResNet-50, ImageNet, top-1"


def _metric(title: str, headline: bool = False) -> Metric:
    return Metric(title, "%", ERROR, headline)


METRICS = {
    **{f"bn_error_{n}": _metric(f"BN, {n} images/worker, {FIXED}", True) for n in SIZES},
    **{f"gn_error_{n}": _metric(f"GN, {n} images/worker, {FIXED}", n in (32, 2)) for n in SIZES},
    "gn_minus_bn_2": Metric("GN minus BN at 2 images/worker", "points", ERROR),
    "control_bn_error_32": _metric("BN, 32 images/worker, control net (larger m)", True),
    "control_bn_error_2": _metric("BN, 2 images/worker, control net (larger m)", True),
    "control_gn_error": _metric("GN, control net (larger m)", True),
    "ln_error": _metric("LN, 32 images/worker"),
    "in_error": _metric("IN, 32 images/worker"),
    "gn_ws_error": _metric("GN with standardised weights"),
    **{
        f"{kind}_error_{n}": Metric(
            f"BN, {n} images/worker, {what}", "%", f"cvlib.normalization.evaluate, {what}", False
        )
        for n in (32, 2)
        for kind, what in (
            ("bn_precise", "exact training statistics"), ("bn_batch", "the test batch's statistics")
        )
    },
    **{
        f"paper_{kind.lower()}_error_{n}": _metric(f"{kind}, {n} images/worker, {PAPER_PROTOCOL}")
        for kind in ("BN", "GN")
        for n in CONFIG["full"].paper_sizes
    },
    **{f"groups_error_{g}": _metric(f"GN, {g} groups") for g in GROUPS},
    **{f"channels_error_{k}": _metric(f"GN, {k} channels per group") for k in CHANNELS_PER_GROUP},
}  # fmt: skip


def _recalled(value: float, table: str) -> PaperValue:
    return PaperValue(value, table, IMAGENET, checked=False)


PAPER = {
    "gn_minus_bn_2": PaperValue(-10.6, "abstract", "ResNet-50, ImageNet", checked=True),
    **{
        name: _recalled(value, "Table 2")
        for kind, values in (("bn", BN), ("gn", GN))
        for n, value in values.items()
        for name in (f"{kind}_error_{n}", f"paper_{kind}_error_{n}")
        if name in METRICS
    },
    "ln_error": _recalled(25.3, "Table 1"),
    "in_error": _recalled(28.4, "Table 1"),
    **{f"groups_error_{g}": _recalled(v, "Table 3") for g, v in BY_GROUPS.items()},
    **{f"channels_error_{k}": _recalled(v, "Table 3") for k, v in BY_CHANNELS.items()},
}

CLAIMS = (
    Claim(
        "batch norm loses at least 10 points from 32 to 2 images per worker, group norm is flat",
        holds="bn_error_2 - bn_error_32 >= 10 and abs(gn_error_2 - gn_error_32) <= 1.5",
        direction="bn_error_2 - bn_error_32 >= 2 and abs(gn_error_2 - gn_error_32) <= 1.5",
        contradicted="bn_error_2 <= bn_error_32",
    ),
    Claim(
        "at 32 images per worker group norm is comparable to batch norm",
        holds="abs(gn_error_32 - bn_error_32) <= 1.5",
        direction="gn_error_32 - bn_error_32 <= 3",
        contradicted="gn_error_32 - bn_error_32 > 5",
    ),
)

EXAMPLES = {"digits": 1437, "cifar10": 50_000, "imagenette160": 9469}  # of training, for the plan


def _run(run: Run, arm: Arm) -> None:
    config: Config = run.config
    sets = run.shared(config.data, lambda: Sets.load(config.data, run.device))
    run.data_label = sets.label
    error = train(run, arm, config, sets)
    for metric in arm.metrics:
        run.measure(metric, error, len(sets.test_y))


def unit(arm: Arm, config: Config) -> Unit:
    """One arm's training with its test error; those of the headline come first."""
    n = arm.protocol.images_per_worker
    probed = (f"bn_precise_error_{n}", f"bn_batch_error_{n}") if arm.name in PROBED else ()
    return Unit(
        arm.name,
        partial(_run, arm=arm),
        metrics=(*arm.metrics, *probed),
        steps=total_steps(arm, config, EXAMPLES[config.data]),
        priority=0 if arm.name.startswith(("bn", "gn", "control")) else 1,
        needs=() if config.data == "digits" else (config.data,),
    )


EXPERIMENT = Experiment(
    chapter=4,
    config=CONFIG,
    units=lambda config: [unit(arm, config) for arm in arms(config)],
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs=(
        "smaller networks, pictures and data sets; workers are simulated in one process "
        "(GhostBatchNorm2d, exact); protocol fixed keeps the SGD batch and shrinks only the chunk "
        "of the statistics, so group norm is one and the same run for every N."
    ),
    derived={"gn_minus_bn_2": "gn_error_2 - bn_error_2"},
    seeds={"full": 3},
)
