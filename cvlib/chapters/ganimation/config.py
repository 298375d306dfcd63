"""All sizes of chapter 07, by profile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cvlib.faces.aus import NUMBERS
from cvlib.faces.render import HEAD, TIGHT
from cvlib.gan.animation_losses import Weights

SHOWN = (4, 12, 26)  # the units that every profile scores by name: brows, smile, jaw
# Chosen on short pilots with a seed that no record uses.
FEW = Weights(read=30.0, cycle=10.0, attention=0.1, sigma=0.8)


@dataclass(frozen=True)
class Arm:
    """One training: the base, or what it changes against the base.

    The price of attention rises from 0 to its full weight between `free` and `full`, shares of the
    training; `warm_up` are steps in which the judge learns to read real faces before G exists.
    """

    name: str
    title: str
    weights: Weights
    steps: int
    warm_up: int
    attention: bool = True
    free: float = 0.4
    full: float = 0.7
    priority: int = 0

    @property
    def key(self) -> str:
        """The arm's name as its metrics have it."""
        return self.name.replace("-", "_")

    def price(self, step: int) -> float:
        """The weight of the attention term at a step."""
        if self.full == 0:
            return self.weights.attention
        share = (step / self.steps - self.free) / (self.full - self.free)
        return self.weights.attention * min(1.0, max(0.0, share))


@dataclass(frozen=True)
class Config:
    """All sizes of one profile.

    `numbers` are the units that a face can move; `share` is how often each is active in a training
    face, `asked` in a request. `levels` are those of the grid that reads few units; a search reads
    many.
    """

    size: int
    framing: tuple[float, float]
    numbers: tuple[int, ...]
    arms: tuple[Arm, ...]
    width: int
    blocks: int
    judge_width: int
    faces: int
    batch: int
    people: int
    each: int
    swept: int  # people whose units are swept from 0 to 1
    estimator_steps: int
    share: float = 0.6
    asked: float = 1.0
    levels: int = 6
    path: int = 11
    d_steps: int = 2
    penalty_every: int = 4
    lr_g: float = 5e-4
    lr_d: float = 1e-3
    jitter: float = 0.1
    half_life: float = 1100.0  # of G's moving average, in faces
    look_every: int = 100
    betas: tuple[float, float] = field(default=(0.5, 0.999))


def panel(w: Weights, steps: int, warm_up: int, long: int) -> tuple[Arm, ...]:
    """The base and arms each of which differs from it in one thing; `long` steps has the first."""
    base = Arm("base", "noise on the reader, price ramped in late, warm-up", w, steps, warm_up)
    return (
        replace(base, name="long", title="a longer training", steps=long),
        base,
        replace(base, name="clean", title="no noise on the reader", weights=replace(w, sigma=0.0)),
        replace(base, name="no-attention", title="everything is repainted", attention=False),
        replace(base, name="faint", title="a quarter of the noise", priority=2,
                weights=replace(w, sigma=w.sigma / 4)),
        replace(base, name="half", title="half of the noise", priority=2,
                weights=replace(w, sigma=w.sigma / 2)),
        replace(base, name="free", title="repainting costs nothing", priority=1,
                weights=replace(w, attention=0.0)),
        replace(base, name="eager", title="ten times the price, from the start", priority=1,
                weights=replace(w, attention=10 * w.attention), free=0.0, full=0.0),
        replace(base, name="cold", title="no warm-up", warm_up=0, priority=1),
    )  # fmt: skip


CONFIG = {
    "smoke": Config(
        size=32, framing=TIGHT, numbers=SHOWN, arms=panel(FEW, 20, 60, 40)[:3], width=16, blocks=2,
        judge_width=32, faces=400, batch=16, people=12, each=4, swept=4, estimator_steps=60,
        levels=5, look_every=20,
    ),
    "laptop": Config(
        size=32, framing=TIGHT, numbers=SHOWN, arms=panel(FEW, 500, 400, 2000), width=16, blocks=2,
        judge_width=32, faces=4000, batch=16, people=50, each=4, swept=12, estimator_steps=500,
        look_every=150,
    ),
    "workshop": Config(
        size=64, framing=HEAD, numbers=NUMBERS, arms=panel(FEW, 1000, 1000, 4500)[:4], width=32,
        blocks=4, judge_width=48, faces=20_000, batch=32, people=50, each=2, swept=6,
        estimator_steps=1500, share=0.35, asked=0.35, half_life=5000.0, look_every=500,
    ),
    "full": Config(
        size=64, framing=HEAD, numbers=NUMBERS, arms=panel(FEW, 5000, 2000, 15_000),
        width=48, blocks=5, judge_width=64, faces=60_000, batch=32, people=100, each=2, swept=8,
        estimator_steps=3000, share=0.35, asked=0.35, half_life=10_000.0, look_every=2000,
    ),
}  # fmt: skip
