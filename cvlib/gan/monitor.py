"""Watching a training for collapse (BigGAN, Sec. 4): what D remembers, what G repeats, sigma_0."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cvlib.course.errors import Diverged
from cvlib.gan.spectra import sigma_table

WORSE = 2.0  # times the best Fréchet distance so far
GROWTH = 1.5  # of sigma_0 of G's first linear layer ...
WITHIN = 500  # ... within so many steps


@torch.no_grad()
def called_real(D: nn.Module, x: Tensor, y: Tensor) -> float:
    """Share of images x (B, C, R, R) in [-1, 1] with classes y (B,) that D takes for real.

    In evaluation mode, so that a look at D does not move its power iteration; the mode is put back.
    """
    training = D.training
    try:
        return (D.eval()(x, y) > 0).float().mean().item()
    finally:
        D.train(training)


@torch.no_grad()
def spread(images: Tensor) -> float:
    """Mean distance per pixel between images (B, C, R, R): 0 when all are alike."""
    flat = images.flatten(1).float()  # (B, C R R)
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


@torch.no_grad()
def distance_to_average(live: nn.Module, average: nn.Module) -> float:
    """Relative distance of the live parameters from their moving average, in [0, infinity)."""
    pairs = list(zip(live.parameters(), average.parameters(), strict=True))
    apart = sum(float((a - b).square().sum()) for a, b in pairs)
    length = sum(float(b.square().sum()) for _, b in pairs)
    return (apart / max(length, 1e-12)) ** 0.5


@dataclass(frozen=True)
class Reading:
    """What the monitor saw at one step."""

    step: int
    train_real: float  # share of training images that D calls real
    held_out_real: float  # the same of images that D never saw
    spread: float  # of G's images for the fixed noise
    sigma_g: dict[str, list[float]]
    sigma_d: dict[str, list[float]]
    frechet: float | None = None

    def row(self) -> dict[str, float]:
        """The reading as plain numbers for a training's history, sigma_0 of every layer by name."""
        row = {
            "train_real": self.train_real,
            "held_out_real": self.held_out_real,
            "spread": self.spread,
        }
        if self.frechet is not None:
            row["frechet"] = self.frechet
        row |= {f"sigma_g/{name}": values[0] for name, values in self.sigma_g.items()}
        row |= {f"sigma_d/{name}": values[0] for name, values in self.sigma_d.items()}
        return row


@dataclass
class CollapseMonitor:
    """Reads D, G and their weights every so often; `collapsed` judges what it has read.

    `seen` and `unseen` are images (B, C, R, R) in [-1, 1] with their classes (B,), of the training
    set and held out; `z` (b, z_dim) and `y` (b,) stay fixed, so that pictures compare over time.
    """

    seen: tuple[Tensor, Tensor]
    unseen: tuple[Tensor, Tensor]
    z: Tensor
    y: Tensor
    first: str = "linear"  # G's first linear layer: over-complete, the first to grow in the paper
    readings: list[Reading] = field(default_factory=list)

    @torch.no_grad()
    def read(
        self, step: int, G: nn.Module, D: nn.Module, frechet: Callable[[], float] | None = None
    ) -> Reading:
        """Take one reading and keep it; `frechet()` scores G, if it is to be scored.

        Raises `Diverged` when G draws values that are not finite.
        """
        training = G.training
        images = G.eval()(self.z, self.y)  # (b, C, R, R)
        G.train(training)
        if not torch.isfinite(images).all():
            raise Diverged(f"G draws values that are not finite at step {step}")
        reading = Reading(
            step, called_real(D, *self.seen), called_real(D, *self.unseen), spread(images),
            sigma_table(G), sigma_table(D), frechet() if frechet else None,
        )  # fmt: skip
        self.readings.append(reading)
        return reading

    @property
    def collapsed(self) -> str:
        """Why the training should stop and go back, or an empty string."""
        steps = [r.step for r in self.readings]
        sigma = [r.sigma_g[self.first][0] for r in self.readings]
        if (at := sigma_jump(steps, sigma)) is not None:
            return f"sigma_0 of G's {self.first} grew {GROWTH} x within {WITHIN} steps at step {at}"
        scored = [(r.step, r.frechet) for r in self.readings if r.frechet is not None]
        if scored and scored[-1][1] > WORSE * min(value for _, value in scored):
            return f"the Fréchet distance is over {WORSE} x its best at step {scored[-1][0]}"
        return ""


def sigma_jump(
    steps: Sequence[int], values: Sequence[float], growth: float = GROWTH, within: int = WITHIN
) -> int | None:
    """The first step at which a value is `growth` times one of at most `within` steps before.

    None where there is none. A value that is not finite counts as infinitely large. The first
    `within` steps of a training are left out: every weight grows then.
    """
    for i, step in enumerate(steps):
        earliest = max(within, step - within)
        before = [values[j] for j in range(i) if steps[j] >= earliest]
        if before and not values[i] < growth * min(before):
            return step
    return None
