"""Chapter 10: what batch and width buy, what truncation trades, and how a training collapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch

from cvlib.chapters.biggan import probes
from cvlib.chapters.biggan.claims import CLAIMS, DERIVED, METRICS, PAPER
from cvlib.chapters.biggan.config import CONFIG, Arm, Config
from cvlib.chapters.biggan.train import Look, Material, read, train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.gan.monitor import CollapseMonitor, called_real
from cvlib.gan.pair import Pair, Recipe, build_pair
from cvlib.gan.sampling import latents, samples
from cvlib.gan.sizes import GANConfig
from cvlib.gan.spectra import sigma_table
from cvlib.gan.train import Batch
from cvlib.gan.truncation import Point, truncation_curve
from cvlib.metrics.cifar import ColorFeatureNet, train_color_features
from cvlib.metrics.evaluate import GenerativeEvaluator
from cvlib.metrics.features import SmallFeatureNet

SOURCE = "EMA, standing statistics"
BASE_ONLY = (
    "precision_inf", "precision_half", "precision_again", "recall_inf", "recall_half",
    "recall_again", "frechet_half_t", "frechet_half_t_kept", "frechet_again", "cosine_base",
    "growth_g", "growth_d", "train_real", "held_out_real",
)  # fmt: skip


def run_features(run: Run) -> None:
    """Train the net whose features compare colour images, the same for every seed."""
    x, y = material(run).train
    net, right = train_color_features(x, y, run.config.feature_epochs)
    run.note("held-out accuracy of the feature net", right)
    run.weights("net", net)


def material(run: Run) -> Material:
    """The images of this run's profile, read once in a process."""
    c: Config = run.config
    found = run.shared("material", lambda: read(c.images, c.held_out, run.device))
    run.data_label = found.label
    return found


def make_evaluator(run: Run) -> GenerativeEvaluator:
    """Compares samples with the training images by the features of a net of the course's own."""
    found = material(run)
    if run.config.feature_epochs:
        net = ColorFeatureNet()
        net.load_state_dict(run.load_weights("features", "net"))
        net = net.eval().requires_grad_(False)
    else:
        net = SmallFeatureNet.pretrained()
    return GenerativeEvaluator(
        net.to(run.device), found.train[0], f"{found.label} train", run.device
    )


def recipe(config: Config, batch: int, steps: int, hurry: float = 1.0) -> Recipe:
    """How an arm trains: the same rates for every batch and width."""
    return Recipe(
        steps, batch, hurry * config.lr_g, hurry * config.lr_d, half_life=config.half_life
    )


def run_arm(run: Run, arm: Arm) -> None:
    """Train one arm, score it at its marks, and its truncation at the end where it asks for it."""
    c: Config = run.config
    found = material(run)
    images, held_out = found.train, found.held_out
    evaluator = run.shared("evaluator", lambda: make_evaluator(run))
    at = dict(arm.marks)

    def score(step: int, pair: Pair) -> dict[str, float]:
        """The scores of the averaged G at a mark, nothing between two of them."""
        if step not in at:
            return {}
        G = pair.evaluated(c.standing)
        scores = evaluator(samples(G, c.samples, seed=1, device=run.device), SOURCE)
        return {f"frechet_{at[step]}": scores.frechet, f"is_{at[step]}": scores.inception}

    how = recipe(c, arm.batch, arm.steps)
    net = arm.net(c.net)
    pair, history = train(run, arm.name, net, how, images, beta=arm.beta, flip=c.flip, look=score)
    for line in history:
        for name in line.keys() & METRICS.keys():
            run.measure(name, line[name], c.samples)
    if arm.curve:
        measure_truncation(run, arm, pair, evaluator)
    if arm.name == "base":
        start = build_pair(net, how, run.device, run.seed)
        measure_weights(run, start, pair)
        measure_memory(run, pair, images, held_out)
    run.weights("G", pair.evaluated(c.standing))


def measure_truncation(run: Run, arm: Arm, pair: Pair, evaluator: GenerativeEvaluator) -> None:
    """The truncation curve with statistics of each threshold, and with those of t = infinity."""
    c: Config = run.config
    G = pair.evaluated(c.standing)
    curve = partial(truncation_curve, G, evaluate=evaluator, n=c.samples)
    again = curve(c.thresholds, standing=c.standing)
    kept = curve(c.thresholds, standing=0)
    run.note("truncation", [point.row() for point in again])
    run.note("truncation, statistics kept", [point.row() for point in kept])
    at = {point.threshold: point for point in again}
    if arm.beta:
        run.measure("frechet_ortho_half_t", at[0.5].frechet, c.samples)
        run.measure("cosine_ortho", probes.mean_cosine(pair.G))
        return
    run.measure("cosine_base", probes.mean_cosine(pair.G))
    run.measure("frechet_half_t", at[0.5].frechet, c.samples)
    if 2.0 in at:
        run.measure("frechet_two_t", at[2.0].frechet, c.samples)
    kept_half = next(point for point in kept if point.threshold == 0.5)
    run.measure("frechet_half_t_kept", kept_half.frechet, c.samples)
    (redrawn,) = curve((None,), standing=c.standing, seed=2)
    run.measure("frechet_again", redrawn.frechet, c.samples)
    for name, point in (("inf", at[None]), ("half", at[0.5]), ("again", redrawn)):
        measure_dial(run, name, point)


def measure_dial(run: Run, name: str, point: Point) -> None:
    """Fidelity and variety at one setting of the dial, in per cent."""
    run.measure(f"precision_{name}", 100 * point.precision, point.n)
    run.measure(f"recall_{name}", 100 * point.recall, point.n)


def measure_weights(run: Run, start: Pair, end: Pair) -> None:
    """How much the first singular values of the stored weights grew, in G and in D."""
    in_g = probes.growth(sigma_table(start.G), sigma_table(end.G))
    in_d = probes.growth(sigma_table(start.D), sigma_table(end.D))
    run.measure("growth_g", in_g["linear"])
    run.measure("growth_d", probes.convolution_growth(in_d, end.D))
    run.note("growth", {"G": in_g, "D": in_d})


def measure_memory(run: Run, pair: Pair, seen: Batch, unseen: Batch) -> None:
    """The share of training images and of held-out ones that D calls real, in per cent."""
    for name, (x, y) in (("train_real", seen), ("held_out_real", unseen)):
        chosen = slice(0, len(unseen[0]))
        run.measure(name, 100 * called_real(pair.D, as_seen(x[chosen]), y[chosen]), len(unseen[0]))


def as_seen(x: torch.Tensor) -> torch.Tensor:
    """uint8 images (N, C, R, R) as the nets see them, in [-1, 1]."""
    return x.float() / 127.5 - 1


def run_collapse(run: Run) -> None:
    """Drive a pair too hard (rates times `hurry`, no spectral norm in G) under the monitor."""
    c: Config = run.config
    found = material(run)
    images, held_out = found.train, found.held_out
    evaluator = run.shared("evaluator", lambda: make_evaluator(run))
    how = recipe(c, 64, c.collapse.steps, c.collapse.hurry)
    net = without_norm_in_g(c)
    look = watch(run, build_pair(net, how, run.device, run.seed), images, held_out, evaluator)
    pair, history = train(run, "collapse", net, how, images, flip=c.flip, look=look)
    read = [line for line in history if "frechet" in line]
    run.measure("collapse_growth", read[-1]["sigma_g/linear"] / read[0]["sigma_g/linear"])
    run.measure("collapse_frechet", read[-1]["frechet"], c.held_out)
    run.measure("collapse_best", min(line["frechet"] for line in read), c.held_out)
    run.weights("G", pair.G)


def watch(
    run: Run, start: Pair, seen: Batch, unseen: Batch, evaluator: GenerativeEvaluator
) -> Look:
    """A look that reads the monitor every `every` steps: memory, spread, sigma_0, live scores."""
    c: Config = run.config
    n = len(unseen[0])
    draw = torch.Generator(run.device).manual_seed(run.seed)
    z, y = latents(start.G, 64, draw, run.device)
    monitor = CollapseMonitor(
        (as_seen(seen[0][:n]), seen[1][:n]), (as_seen(unseen[0]), unseen[1]), z, y
    )

    def look(step: int, pair: Pair) -> dict[str, float]:
        if step % c.collapse.every:
            return {}

        def frechet() -> float:
            G = pair.evaluated(c.standing)
            return evaluator.frechet(samples(G, c.held_out, seed=1, device=run.device))

        return monitor.read(step, pair.G, pair.D, frechet).row()

    return look


def without_norm_in_g(config: Config) -> GANConfig:
    """The base net with spectral norm in D only."""
    return replace(config.net, sn_g=False)


def measured(arm: Arm, config: Config) -> tuple[str, ...]:
    """The metrics that an arm's unit measures."""
    scores = [f"frechet_{mark}" for _, mark in arm.marks]
    scores += [f"is_{mark}" for _, mark in arm.marks if f"is_{mark}" in METRICS]
    if arm.beta:
        return (*scores, "frechet_ortho_half_t", "cosine_ortho")
    if arm.name != "base":
        return tuple(scores)
    mild = ("frechet_two_t",) if 2.0 in config.thresholds else ()
    return (*scores, *BASE_ONLY, *mild)


def units(config: Config) -> Sequence[Unit]:
    """One unit an arm, and the training that is driven too hard."""
    needs = () if config.images == "mnist5k" else (config.images,)
    after = ("features",) if config.feature_epochs else ()
    offered = [Unit("features", run_features, (), needs=needs)] if config.feature_epochs else []
    for arm in config.arms:
        scores = measured(arm, config)
        work = partial(run_arm, arm=arm)
        offered.append(Unit(arm.name, work, scores, arm.steps, arm.priority, needs, after))
    hard = ("collapse_growth", "collapse_frechet", "collapse_best")
    steps = config.collapse.steps
    return [*offered, Unit("collapse", run_collapse, hard, steps, 1, needs, after)]


EXPERIMENT = Experiment(
    chapter=10,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    derived=DERIVED,
    seeds={"laptop": 3, "workshop": 1, "full": 3},
    differs=(
        "digits at 16 px, nets of some 100,000 weights and minutes of training instead of ImageNet "
        "at 128 px, 158 million weights and days; batch 16 to 256 instead of 256 to 2048; "
        "distances are taken on a small digit net's features, not on Inception's: they are no FID"
    ),
)
