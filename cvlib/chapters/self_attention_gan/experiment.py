"""Chapter 06: what attention adds, and what makes one-to-one GAN training stable."""

from __future__ import annotations

import copy
from dataclasses import asdict
from functools import partial

import torch

from cvlib.chapters.self_attention_gan.claims import CLAIMS, DERIVED, METRICS, PAPER, PREFIX
from cvlib.chapters.self_attention_gan.config import CONFIG, PANEL, TWINS, TWINS_FIRST, Config
from cvlib.chapters.self_attention_gan.train import Labelled, train
from cvlib.course import data
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.course.run.task import Task
from cvlib.gan import shipped
from cvlib.gan.pair import Pair
from cvlib.gan.sampling import samples
from cvlib.gan.sizes import PRESETS, TINY16
from cvlib.gan.twins import TwinScores, make_twins, score_samples
from cvlib.metrics.cifar import ColorFeatureNet, train_color_features
from cvlib.metrics.digits import digits16
from cvlib.metrics.evaluate import GenerativeEvaluator, Scores
from cvlib.metrics.features import SmallFeatureNet

SCORED = "EMA weights, standing statistics"


# -- twins: whether distant copies agree ------------------------------------------------------


def run_twins(run: Run, arm: str, steps: int) -> None:
    """Train one arm on twins and score what its averaged generator draws."""
    c: Config = run.config
    x, y = run.shared("twins", lambda: make_twins(4000, seed=0))
    images = (x.to(run.device), y.to(run.device))
    run.data_label = "twins of scikit-learn's digits"

    def score(G: torch.nn.Module, n: int) -> TwinScores:
        return score_samples(samples(G, n, seed=1, device=run.device))

    def watch(pair: Pair) -> dict[str, float]:
        return asdict(score(pair.evaluated(c.twins.n_curve), c.twins.n_curve))

    recipe = c.twins.recipe(steps)
    pair, task = train(
        run, f"twins-{arm}", TWINS[arm].net(TINY16), recipe, images,
        watch=watch, every=c.twins.every,
    )  # fmt: skip
    G = pair.evaluated(c.twins.n)
    found = score(G, c.twins.n)

    run.measure(f"twins_{arm}", found.pair, c.twins.n)
    run.measure(f"two_{arm}", found.two, c.twins.n)
    _tell(run, pair, task, recipe.batch)
    run.weights("G", G)


def run_shipped(run: Run) -> None:
    """The same scores of the small generators that ship with the course."""
    n = run.config.twins.n
    run.data_label = "twins of scikit-learn's digits"
    for name, G in shipped.twins(run.device).items():
        found = score_samples(samples(G, n, seed=1, device=run.device))
        run.measure(f"shipped_twins_{name}", found.pair, n)
        run.measure(f"shipped_two_{name}", found.two, n)


# -- images: the stability panel, and attention against its control ---------------------------


def load_images(name: str, device: torch.device) -> tuple[Labelled, str]:
    """Training images (uint8, on the device) with their classes, and the label for the record."""
    if name == "mnist5k":
        x, y = digits16()
        label = "MNIST, 5,000 digits at 16 px"
    else:
        loaded = data.images(name)
        x, y = loaded.train_x, loaded.train_y
        label = loaded.label
    x = x.to(device).contiguous(memory_format=torch.channels_last)
    return (x, y.to(device)), label


def run_features(run: Run) -> None:
    """Train the net whose features compare colour images, the same for every seed."""
    c: Config = run.config
    (x, y), run.data_label = run.shared("images", lambda: load_images(c.images.data, run.device))
    net, right = train_color_features(x, y, c.images.feature_epochs)
    run.note("held-out accuracy of the feature net", right)
    run.weights("net", net)


def make_evaluator(run: Run, images: Labelled, label: str) -> GenerativeEvaluator:
    """Compares samples with all training images, by the features of a net of the course's own."""
    if run.config.images.feature_epochs:
        net = ColorFeatureNet()
        net.load_state_dict(run.load_weights("features", "net"))
        net = net.eval().requires_grad_(False)
    else:
        net = SmallFeatureNet.pretrained()
    return GenerativeEvaluator(net.to(run.device), images[0], f"{label} train", run.device)


def run_images(run: Run, arm: str, steps: int) -> None:
    """Train one arm on images; score it during the training and at its end."""
    c: Config = run.config
    sizes = c.images
    images, label = run.shared("images", lambda: load_images(sizes.data, run.device))
    evaluator = run.shared("evaluator", lambda: make_evaluator(run, images, label))
    run.data_label = label
    frechet_of = partial(frechet, evaluator=evaluator, device=run.device)

    def watch(pair: Pair) -> dict[str, float]:
        live = frechet_of(copy.deepcopy(pair.G).eval(), sizes.n_curve)
        averaged = frechet_of(pair.evaluated(sizes.n_curve), sizes.n_curve)
        return {"live": live, "averaged": averaged}

    recipe = sizes.recipe(PANEL[arm], steps)
    pair, task = train(
        run, arm, PANEL[arm].net(PRESETS[sizes.preset]), recipe, images,
        flip=sizes.flip, watch=watch, every=sizes.every,
    )  # fmt: skip
    G = pair.evaluated(sizes.n_final)
    scores = evaluator(samples(G, sizes.n_final, seed=1, device=run.device), SCORED)

    watched = [line for line in task.history if "live" in line]
    if not watched and steps >= sizes.every:  # it diverged before it was watched
        watched = [watch(pair)]
    _measure_images(run, arm, scores, watched)
    _tell(run, pair, task, recipe.batch)
    if arm == "attention":
        run.note("protocols", three_protocols(pair, frechet_of, sizes.n_final))
        run.measure("gamma_g", gammas(pair)["G"])
        for name, net in {"live": pair.G, "ema": pair.ema.net, "D": pair.D}.items():
            run.weights(name, net)


def _measure_images(run: Run, arm: str, scores: Scores, watched: list[dict[str, float]]) -> None:
    """The distance at the end, and what the live weights did on the way."""
    sizes = run.config.images
    prefix = PREFIX[sizes.data]
    run.measure(f"{prefix}_{arm}", scores.frechet, scores.n)
    run.note("scores", asdict(scores))
    if not watched:
        return
    live = [line["live"] for line in watched]
    run.measure(f"{prefix}_live_{arm}", live[-1], sizes.n_curve)
    run.measure(f"{prefix}_rise_{arm}", live[-1] / min(live), sizes.n_curve)
    if arm == "attention":
        run.measure(f"{prefix}_first", watched[0]["averaged"], sizes.n_curve)


def frechet(
    G: torch.nn.Module, n: int, evaluator: GenerativeEvaluator, device: torch.device
) -> float:
    """The Fréchet distance of `n` samples of `G` as it stands."""
    return evaluator.frechet(samples(G, n, seed=1, device=device))


def three_protocols(pair: Pair, frechet_of: partial[float], n: int) -> dict[str, float]:
    """One training, three protocols: live G, its average, its average with standing statistics.

    The first two use the batch-norm statistics that training left behind.
    """
    return {
        "live": frechet_of(copy.deepcopy(pair.G).eval(), n),
        "EMA": frechet_of(pair.ema.net, n),
        SCORED: frechet_of(pair.evaluated(n), n),
    }


def gammas(pair: Pair) -> dict[str, float]:
    """The weight `gamma` of G's and of D's mixer, where there is one."""
    nets = {"G": pair.G, "D": pair.D}
    return {
        name: float(next(iter(net.mixers.values())).gamma.detach())
        for name, net in nets.items()
        if len(net.mixers)
    }


def _tell(run: Run, pair: Pair, task: Task, batch: int) -> None:
    """Note gamma, how fast the training went without evaluations, and whether it ended early."""
    run.note("gamma", gammas(pair))
    watched = sum(line.get("watch_seconds", 0.0) for line in task.history)
    run.note("images per second", batch * task.step / max(task.seconds - watched, 1e-9))
    if pair.diverged:
        run.note("diverged", pair.diverged)
        run.memo(f"{task.name} diverged", pair.diverged)


# -- all units of one seed --------------------------------------------------------------------


def units(c: Config) -> list[Unit]:
    """The arms on twins that the third claim needs, those on images, then the further ones."""
    found = []
    if not c.twins.arms:
        found.append(Unit("shipped-twins", run_shipped, SHIPPED, needs=("package:sklearn",)))
    for arm, steps in c.twins.arms:
        work = partial(run_twins, arm=arm, steps=steps)
        priority = 0 if arm in TWINS_FIRST else 2
        metrics = (f"twins_{arm}", f"two_{arm}")
        needs = ("package:sklearn",)
        found.append(Unit(f"twins-{arm}", work, metrics, steps, priority, needs))

    needs = ("mnist5k", "gan-digits") if c.images.data == "mnist5k" else (c.images.data,)
    after: tuple[str, ...] = ()
    if c.images.feature_epochs:
        found.append(Unit("features", run_features, (), priority=1, needs=needs))
        after = ("features",)
    for arm, steps in c.images.arms:
        work = partial(run_images, arm=arm, steps=steps)
        metrics = _image_metrics(c, arm, steps)
        found.append(Unit(arm, work, metrics, steps, 1, needs, after))
    return found


SHIPPED = tuple(
    f"shipped_{kind}_{name}" for name in ("attention", "none") for kind in ("twins", "two")
)


def _image_metrics(c: Config, arm: str, steps: int) -> tuple[str, ...]:
    prefix = PREFIX[c.images.data]
    watched = steps >= c.images.every
    metrics = [f"{prefix}_{arm}"]
    if watched:
        metrics += [f"{prefix}_live_{arm}", f"{prefix}_rise_{arm}"]
    if arm == "attention":
        metrics += ["gamma_g", *([f"{prefix}_first"] if watched else [])]
    return tuple(metrics)


EXPERIMENT = Experiment(
    chapter=6,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    derived=DERIVED,
    paper=PAPER,
    claims=CLAIMS,
    seeds={"laptop": 3, "full": 3},
    differs=(
        "small images (twins and digits of 16 px; CIFAR-10 in workshop and full) and some hundred "
        "to some thousand steps instead of ImageNet at 128 px and a million steps; distances are "
        "of the features of small nets of the course's own, not FID, and of averaged weights with "
        "standing statistics, which the paper did not use"
    ),
)
