"""Chapter 09's experiment: its units, top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

from cvlib.chapters.everybody_dance_now.claims import CLAIMS, METRICS, PAPER
from cvlib.chapters.everybody_dance_now.config import CONFIG, Config
from cvlib.chapters.everybody_dance_now.train import error_rate, guess, points, train
from cvlib.course.run.experiment import Experiment, Unit
from cvlib.course.run.run import Run

TEST_SEED = 1_000_000  # never a seed of training


def _main(run: Run) -> None:
    """Train the method and score it beside its baseline on the same test points."""
    run.data_label = "two clouds"
    net = train(run, run.config)
    x, y = points(1000, TEST_SEED)
    run.measure("error", error_rate(net, x, y), n=len(y))
    run.measure("baseline_error", error_rate(guess, x, y), n=len(y))


def units(config: Config) -> Sequence[Unit]:
    """All units of one seed in this profile; the headline comes first."""
    return [Unit("main", _main, metrics=("error", "baseline_error"), steps=config.steps)]


EXPERIMENT = Experiment(
    chapter=9,
    config=CONFIG,
    units=units,
    metrics=METRICS,
    paper=PAPER,
    claims=CLAIMS,
    differs="TODO: what differs from the paper",
    seeds={"laptop": 3, "full": 3},
)
