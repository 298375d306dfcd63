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
from cvlib.course.run.experiment import Experiment, Unit
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


def run_arm(run: Run, name: str, steps: int) -> None:
    """One arm of the stability panel or of the attention table: train it and score it."""
    c: Config = run.config
    images, label = run.shared(c.images, lambda: load_images(c.images, run.device))
    run.data_label = label
    evaluator = run.shared("evaluator", lambda: make_evaluator(c.images, images, label))

    def curve_fid(pair: Pair) -> float:
        G = pair.evaluated(c.standing)
        return evaluator.frechet(samples(G, c.n_curve, seed=1, device=run.device))

    recipe = Recipe(steps, c.batch, c.lr_equal, c.lr_g, c.lr_d, c.ema, c.flip)
    pair, task = train(run, name, ARMS[name], PRESETS[c.preset], recipe, images, curve_fid, c.every)
    told = partial(evaluator, source="EMA, standing statistics")
    scores = score(pair, told, c.n_final, c.standing, run.device)
    curve = [(h["step"] + 1, h["fid"]) for h in task.history if "fid" in h]
    prefix = PREFIX[c.images]
    run.note("arm", {
        **asdict(scores), "seed": run.seed, "curve": curve, "gamma": gammas(pair),
        "diverged_at": divergence_step(*zip(*curve, strict=True)) if curve else None,
        "images_per_second": c.batch * task.step / max(task.seconds, 1e-9),
    })  # fmt: skip
    _measure(run, f"{prefix}_{name}", scores.frechet, scores.n)
    if name == c.three_fids:
        fids = three_fids(pair, evaluator.frechet, c.n_final, c.standing, run.device)
        run.note("three_fids", fids)
        run.measure("gamma_g", gammas(pair)["G"])
        if curve:
            _measure(run, f"{prefix}_first", curve[0][1], c.n_curve)


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


def run_twins_arm(run: Run, name: str, steps: int) -> None:
    """Long-range dependency measured directly: with attention, without, and with controls."""
    c: Config = run.config
    x, y = run.shared("twins", lambda: make_twins(4000, seed=0))
    images = (x.to(run.device), y.to(run.device))
    recipe = Recipe(**{**asdict(TWINS), "steps": steps})
    pair, _ = train(run, f"twins-{name}", ARMS[name], PRESETS["tiny16"], recipe, images)
    found = score(pair, score_samples, c.twins_n, c.standing, run.device)
    run.note("twins", asdict(found) | {"gamma": gammas(pair)})
    for kind, value in (("twins", found.pair), ("two", found.two)):
        _measure(run, f"{kind}_{name}", value, c.twins_n)


def run_shipped(run: Run) -> None:
    """The same measure on the small nets that ship with the course."""
    for name, G in pretrained.twins(run.device).items():
        shipped = score_samples(samples(G, run.config.twins_n, seed=1, device=run.device))
        run.measure(f"shipped_twins_{name}", shipped.pair, run.config.twins_n)


def units(c: Config) -> list[Unit]:
    """The twins' arms, the shipped twins, and the arms on images."""
    prefix = PREFIX[c.images]
    needs = ("gan-digits", "mnist5k") if c.images == "mnist5k" else (c.images,)
    found = []
    for name, steps in c.twins_arms:
        metrics = _declared(f"twins_{name}", f"two_{name}")
        work = partial(run_twins_arm, name=name, steps=steps)
        found.append(Unit(f"twins-{name}", work, metrics, steps))
    shipped = _declared("shipped_twins_attention", "shipped_twins_none")
    found.append(Unit("shipped-twins", run_shipped, shipped, priority=1))
    for name, steps in c.arms:
        metrics = _declared(f"{prefix}_{name}")
        if name == c.three_fids:
            metrics += _declared("gamma_g", f"{prefix}_first" if steps >= c.every else "")
        work = partial(run_arm, name=name, steps=steps)
        found.append(Unit(name, work, metrics, steps, needs=needs))
    return found


def _declared(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if name in METRICS)


EXPERIMENT = Experiment(
    chapter=6,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs=(
        "CIFAR-10 at 32 px with 20,000 steps of 64 images (smoke: MNIST at 16 px and a small digit "
        "net for features) instead of ImageNet at 128 px with a million steps of 256; FID is of "
        "EMA weights with standing statistics, which the paper did not use."
    ),
    derived={
        f"ratio_{name}": f"fid_{name} / fid_ttur"
        for name in ("feat8", "attention", "feat32", "local")
    },
)
