"""Chapter 06: what makes one-to-one GAN training stable, and what attention adds."""

from dataclasses import asdict, dataclass
from functools import partial

import torch

from cvlib.chapters.self_attention_gan import pretrained
from cvlib.chapters.self_attention_gan.arms import (
    ARMS,
    Images,
    Pair,
    Recipe,
    score,
    three_fids,
    train,
)
from cvlib.chapters.self_attention_gan.claims import CLAIMS, METRICS, PAPER
from cvlib.course import data
from cvlib.course.run.experiment import Experiment
from cvlib.course.run.run import Run
from cvlib.gan.probe import divergence_step
from cvlib.gan.sampling import samples
from cvlib.gan.sizes import PRESETS
from cvlib.gan.twins import make_twins, score_samples
from cvlib.metrics.digits import digits16
from cvlib.metrics.evaluate import GenerativeEvaluator
from cvlib.metrics.features import InceptionFeatures, SmallFeatureNet


@dataclass(frozen=True)
class Config:
    """All sizes of one profile.

    ``arms`` and ``twins_arms`` pair names of ``ARMS`` with steps; FID of ``n_curve`` samples is
    taken every ``every`` steps; ``three_fids`` names the arm of that table.
    """

    images: str
    preset: str
    arms: tuple[tuple[str, int], ...]
    batch: int
    lr_equal: float
    lr_g: float
    lr_d: float
    ema: float
    every: int
    n_curve: int
    n_final: int
    standing: int
    three_fids: str
    twins_arms: tuple[tuple[str, int], ...]
    twins_n: int
    flip: bool = False


CONFIG = {
    "smoke": Config(
        images="mnist5k", preset="tiny16",
        arms=(("attention", 280), ("no_sn", 6), ("local", 6)),
        batch=64, lr_equal=1e-3, lr_g=1e-3, lr_d=2e-3, ema=0.99,
        every=50, n_curve=1000, n_final=1000, standing=1000, three_fids="attention",
        twins_arms=(("attention", 12), ("ttur", 12)), twins_n=500,
    ),
    "workshop": Config(
        images="cifar10", preset="sagan32_narrow", flip=True,
        arms=(("sn_d", 4400), ("sn_gd", 4400), ("attention", 4400)),
        batch=64, lr_equal=2e-4, lr_g=2e-4, lr_d=8e-4, ema=0.999,
        every=1100, n_curve=2000, n_final=10_000, standing=10_000, three_fids="attention",
        twins_arms=(("attention", 1000), ("ttur", 1000)), twins_n=2000,
    ),
    "full": Config(
        images="cifar10", preset="sagan32", flip=True,
        arms=tuple((name, 20_000) for name in (
            "no_sn", "sn_d", "sn_gd", "ttur", "attention", "feat8", "feat32", "local")),
        batch=64, lr_equal=2e-4, lr_g=1e-4, lr_d=4e-4, ema=0.999,
        every=1000, n_curve=5000, n_final=10_000, standing=10_000, three_fids="attention",
        twins_arms=tuple((name, 2000) for name in (
            "attention", "ttur", "local", "g_only", "d_only", "feat4", "feat16")),
        twins_n=2000,
    ),
}  # fmt: skip

TWINS = Recipe(steps=0, batch=64, lr_equal=1e-3, lr_g=1e-3, lr_d=2e-3, ema=0.99)
PREFIX = {"mnist5k": "digits", "cifar10": "fid"}  # of the metrics: other data, another definition


def load_images(name: str, device: torch.device) -> tuple[Images, str]:
    """Training images (uint8, on the device), their classes, and the label for the record."""
    if name == "mnist5k":
        x, y, label = *digits16(), "MNIST, 5,000 digits at 16 px"
    else:
        loaded = data.images(name)
        x, y, label = loaded.train_x, loaded.train_y, loaded.label
    x = x.to(device).contiguous(memory_format=torch.channels_last)
    return (x, y.to(device)), label


def make_evaluator(name: str, images: Images, label: str) -> GenerativeEvaluator:
    """The evaluator of a data set: the digit features for digits, else Inception."""
    device = images[0].device
    if name == "mnist5k":
        extractor = SmallFeatureNet.pretrained().to(device)
    else:
        extractor = InceptionFeatures(device)
    return GenerativeEvaluator(extractor, images[0], f"{label} train", device)


def run_arms(run: Run) -> None:
    """The stability panel and the attention table: train and score every arm of the profile."""
    c = run.config
    images, label = load_images(c.images, run.device)
    run.data_label = label
    evaluator = make_evaluator(c.images, images, label)

    def curve_fid(pair: Pair) -> float:
        G = pair.evaluated(c.standing)
        return evaluator.frechet(samples(G, c.n_curve, seed=1, device=run.device))

    prefix, table = PREFIX[c.images], {}
    for name, steps in c.arms:
        recipe = Recipe(steps, c.batch, c.lr_equal, c.lr_g, c.lr_d, c.ema, c.flip)
        pair, task = train(
            run, name, ARMS[name], PRESETS[c.preset], recipe, images, curve_fid, c.every
        )
        scores = score(
            pair,
            partial(evaluator, source="EMA, standing statistics"),
            c.n_final,
            c.standing,
            run.device,
        )
        curve = [(h["step"] + 1, h["fid"]) for h in task.history if "fid" in h]
        table[name] = {
            **asdict(scores), "seed": run.seed, "curve": curve, "gamma": gammas(pair),
            "diverged_at": divergence_step(*zip(*curve, strict=True)) if curve else None,
            "images_per_second": c.batch * task.step / max(task.seconds, 1e-9),
        }  # fmt: skip
        _measure(run, f"{prefix}_{name}", scores.frechet, scores.n)
        if name == c.three_fids:
            fids = three_fids(pair, evaluator.frechet, c.n_final, c.standing, run.device)
            run.note("three_fids", fids)
            run.measure("gamma_g", gammas(pair)["G"])
            if curve:
                _measure(run, f"{prefix}_first", curve[0][1], c.n_curve)
    run.note("arms", table)
    for name in table.keys() - {"ttur"}:
        if "ttur" in table:
            _measure(
                run, f"ratio_{name}", table[name]["frechet"] / table["ttur"]["frechet"], c.n_final
            )


def _measure(run: Run, name: str, value: float, n: int) -> None:
    if name in METRICS:
        run.measure(name, value, n)


def gammas(pair: Pair) -> dict[str, float]:
    """The first ``gamma`` of G's and of D's mixers, where there is one."""
    nets = {"G": pair.G, "D": pair.D}
    return {
        name: next(iter(net.mixers.values())).gamma.item()
        for name, net in nets.items()
        if len(net.mixers)
    }


def run_twins(run: Run) -> None:
    """Long-range dependency measured directly: with attention, without, and with controls."""
    c = run.config
    x, y = make_twins(4000, seed=0)
    images = (x.to(run.device), y.to(run.device))
    measure, table = partial(run.measure, n=c.twins_n), {}
    for name, steps in c.twins_arms:
        recipe = Recipe(**{**asdict(TWINS), "steps": steps})
        pair, _ = train(run, f"twins-{name}", ARMS[name], PRESETS["tiny16"], recipe, images)
        found = score(pair, score_samples, c.twins_n, c.standing, run.device)
        table[name] = asdict(found) | {"gamma": gammas(pair)}
        for kind, value in (("twins", found.pair), ("two", found.two)):
            _measure(run, f"{kind}_{name}", value, c.twins_n)
    run.note("twins", table)
    for name, G in pretrained.twins(run.device).items():
        shipped = score_samples(samples(G, c.twins_n, seed=1, device=run.device))
        measure(f"shipped_twins_{name}", shipped.pair)


def run_experiment(run: Run) -> None:
    """Both experiments, one seed."""
    run.plan(sum(steps for _, steps in (*run.config.arms, *run.config.twins_arms)))
    run_twins(run)
    run_arms(run)


FULL_IMAGES = sum(steps for _, steps in CONFIG["full"].arms) * CONFIG["full"].batch

EXPERIMENT = Experiment(
    chapter=6,
    config=CONFIG,
    run=run_experiment,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs=(
        "CIFAR-10 at 32 px with 20,000 steps of 64 images (smoke: MNIST at 16 px and a small digit "
        "net for features) instead of ImageNet at 128 px with a million steps of 256; FID is of "
        "EMA weights with standing statistics, which the paper did not use."
    ),
    flops={"full": 29.7e9 * FULL_IMAGES},
)
