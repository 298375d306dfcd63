"""Chapter 03's experiment: train decoders, restyle all pairs with every method, take the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from cvlib.chapters.fast_photo_style.claims import CLAIMS, DERIVED, METRICS, PAPER
from cvlib.chapters.fast_photo_style.config import CONFIG, Config
from cvlib.chapters.fast_photo_style.train import train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run
from cvlib.stylization import methods, pairs
from cvlib.stylization.backbones import backbone
from cvlib.stylization.clock import timed
from cvlib.stylization.methods import Images, Networks
from cvlib.stylization.pairs import Pair
from cvlib.stylization.photos import read_photo, resize_to
from cvlib.stylization.photowct import Decoder, Encoder
from cvlib.stylization.reconstruction import MODES, make_decoders, psnr
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.tiny import training_tiles

CALIBRATION = 64  # training photos on which VGG's activations are normalised
Kinds = tuple[str, ...]


def training_squares(config: Config) -> torch.Tensor:
    """Square photos for training, uint8 (N, 3, square, square)."""
    if config.photos == "samples":
        return training_tiles(config.square)
    squares = {"imagenet": pairs.imagenet_squares, "coco": pairs.coco_squares}[config.photos]
    return squares(config.square, config.photo_count)


def content_pairs(run: Run) -> list[Pair]:
    """The pairs to restyle, on the run's device; read once."""
    config: Config = run.config

    def read() -> list[Pair]:
        if config.pairs == "samples":
            found = pairs.sample_pairs(config.pixels)
        else:
            found = pairs.deep_photo_pairs(config.numbers, config.pixels)
        return [pair.to(run.device) for pair in found]

    found = run.shared("pairs", read)
    run.data_label = f"{len(found)} pairs ({config.pairs})"
    return found


def frozen(run: Run) -> tuple[Encoder, dict[str, Decoder], torch.Tensor]:
    """The encoder, the decoders that come with it, and the training photos; made once."""
    config: Config = run.config

    def make() -> tuple[Encoder, dict[str, Decoder], torch.Tensor]:
        squares = training_squares(config)
        some = squares[:: max(1, len(squares) // CALIBRATION)].float() / 255
        encoder, shipped = backbone(config.backbone, some, max(config.levels))
        return encoder.to(run.device), shipped, squares

    return run.shared("encoder", make)


def train_decoders(run: Run) -> None:
    """Unit `decoders`: what every other unit restyles with, and how well it gives photos back."""
    found = content_pairs(run)
    encoder, shipped, squares = frozen(run)
    trained = train(run, encoder, shipped, squares)
    run.weights("decoders", torch.nn.ModuleDict(trained))
    for name, decoder in trained.items():
        values = [psnr(encoder, decoder, pair.content) for pair in found]
        mode, level = name.split("-")
        run.measure(f"{mode}_psnr_{level}", sum(values) / len(values), len(values))


def trained_networks(run: Run) -> Networks:
    """The cascades with the decoders that unit `decoders` kept; read once."""
    config: Config = run.config

    def read() -> Networks:
        encoder, _, _ = frozen(run)
        decoders = make_decoders(encoder.widths, encoder.depths, config.levels, MODES)
        whole = torch.nn.ModuleDict(decoders).to(run.device).eval().requires_grad_(False)
        whole.load_state_dict(run.load_weights("decoders", "decoders"))
        return methods.networks(encoder, decoders)

    return run.shared("networks", read)


def compare(run: Run, images_of: Callable[[Pair, Networks], Images]) -> None:
    """Measure what `images_of` makes of every pair; the metrics are means over the pairs."""
    nets = trained_networks(run)
    rows = {}
    for pair in content_pairs(run):
        rows[pair.name] = methods.measured(pair, nets.encoder, images_of(pair, nets))
        run.tick()
    run.note("pairs", rows)
    for name in next(iter(rows.values())):
        for kind in methods.KINDS:
            mean = sum(row[name][kind] for row in rows.values()) / len(rows)
            run.measure(f"{name}_{kind}", mean, len(rows))


def restyled(pair: Pair, nets: Networks) -> Images:
    """What unit `methods` compares: colours only, and both cascades with and without smoothing."""
    system = SmoothingSystem(pair.content)
    yield from methods.color_results(pair, system)
    yield from methods.feature_results(pair, nets, system)


def sweep_alpha(run: Run) -> None:
    """Unit `alpha`: structure and style against alpha, on the second pair."""
    pair = content_pairs(run)[1]
    run.note("sweep", methods.alpha_sweep(pair, trained_networks(run), run.config.alphas))


def clock(run: Run) -> None:
    """Unit `clock`: seconds against pixels; the last size's are the speed claim's."""
    config: Config = run.config
    rows = []
    for size in config.sizes:
        rows.append(timed(size, trained_networks(run), config.clock_steps, run.device))
        run.tick()
    run.note("seconds", rows)
    if config.speed:
        last = rows[-1]
        run.measure("ours_seconds", last["stylise"] + last["smooth"])
        run.measure("luan_seconds", last["optimise_extrapolated"])
        run.measure("smooth_seconds", last["smooth"])
        run.measure("true_residual", last["residual"])


def published(run: Run) -> Callable[[Pair, Networks], Images]:
    """Luan et al.'s own pictures, at the size of our content photos."""
    files = pairs.deep_photo_results(run.config.numbers)

    def images_of(pair: Pair, nets: Networks) -> Images:
        size = pair.content.shape[1:]
        yield "luan", resize_to(read_photo(files[pair.name]), *size).to(pair.content)

    return images_of


def optimised(run: Run) -> Callable[[Pair, Networks], Images]:
    """A few steps of optimisation in Luan et al.'s manner."""

    def images_of(pair: Pair, nets: Networks) -> Images:
        yield "optimised", methods.optimised(pair, nets.encoder, run.config.luan_steps)

    return images_of


def _scoring(
    name: str, run: Callable[[Run], None], scored: Iterable[str], needs: Kinds, priority: int
) -> Unit:
    """A unit that measures these methods on every pair."""
    metrics = tuple(f"{method}_{kind}" for method in scored for kind in methods.KINDS)
    return Unit(name, run, metrics, priority=priority, needs=needs, after=("decoders",))


def units(config: Config) -> list[Unit]:
    """One seed: train decoders, compare, sweep alpha, take the time."""
    needs = NEEDS[config.backbone] + NEEDS[config.photos] + NEEDS[config.pairs]
    psnrs = tuple(f"{mode}_psnr_{level}" for mode in MODES for level in config.levels)
    main = {**methods.COLOURS, **methods.FEATURES}
    found = [
        Unit("decoders", train_decoders, psnrs, steps=config.steps, needs=needs),
        _scoring("methods", lambda run: compare(run, restyled), main, needs, 0),
        Unit(
            "clock",
            clock,
            CLOCKED if config.speed else (),
            priority=1,
            needs=needs,
            after=("decoders",),
        ),
        Unit("alpha", sweep_alpha, (), priority=1, needs=needs, after=("decoders",)),
    ]
    if config.pairs == "deep-photo":
        found.append(
            _scoring("luan", lambda run: compare(run, published(run)), ("luan",), needs, 1)
        )
    if config.luan_steps:
        found.append(
            _scoring("slow", lambda run: compare(run, optimised(run)), ("optimised",), needs, 2)
        )
    released = _scoring(
        "released", lambda run: compare(run, methods.released_results), methods.RELEASED, needs, 2
    )
    return [*found, released]


CLOCKED = ("ours_seconds", "luan_seconds", "smooth_seconds", "true_residual")
# What the parts of a configuration need of the data registry.
NEEDS = {
    "tiny": ("photowct-tiny",),
    "vgg16": ("vgg16",),
    "vgg19": ("vgg19",),
    "samples": ("stylization-photos",),
    "imagenet": ("imagenet1000",),
    "coco": ("coco-val2017",),
    "deep-photo": ("deep-photo",),
}

EXPERIMENT = Experiment(
    chapter=3,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    derived=DERIVED,
    seeds={"laptop": 3, "full": 3},
    fixed_shapes=False,  # every pair has its own size
    differs=(
        "decoders trained here (the authors never released that code), two or three levels of the "
        "paper's four but in full, random-walk normalisation, no post-filter; edge-SSIM and style "
        "distance stand in for the paper's user study, which no number here repeats."
    ),
)
