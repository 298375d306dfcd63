"""All sizes of chapter 10, by profile."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cvlib.gan.sizes import TINY16, GANConfig

# BigGAN's two changes of architecture on the small nets of chapter 06: one table of class vectors
# for all blocks, and a chunk of the noise for each of them.
BIG16 = replace(TINY16, shared_dim=16, hierarchical_z=True, z_dim=36)
BIG32 = GANConfig(
    resolution=32, g_mult=(4, 4, 4, 4), d_mult=(4, 4, 4, 4), g_width=32, d_width=32,
    z_dim=80, shared_dim=64, hierarchical_z=True, d_down=(True, True, False, False),
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """One training: what it changes against the base, and where on its way it is scored.

    `marks` pair a step with the name of the score taken there; the last mark is the end.
    """

    name: str
    marks: tuple[tuple[int, str], ...]
    batch: int = 64
    width: float = 1.0  # times the base's widths, in both nets
    beta: float = 0.0  # of the orthogonal penalty
    curve: bool = False  # whether its truncation curve is measured
    priority: int = 0

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.marks[-1][0]

    def net(self, base: GANConfig) -> GANConfig:
        """The base net with this arm's width."""
        return replace(
            base, g_width=round(base.g_width * self.width), d_width=round(base.d_width * self.width)
        )


@dataclass(frozen=True)
class Collapse:
    """The training that is driven too hard: rates times `hurry`, no spectral norm in G."""

    steps: int
    every: int  # steps between two readings of the monitor
    hurry: float


@dataclass(frozen=True)
class Config:
    """All sizes of one profile.

    `samples` images are scored; `standing` are behind batch-norm statistics; `half_life` is that of
    the moving average of G, in images; `thresholds` are those of the truncation curve, None for no
    truncation.
    """

    images: str
    net: GANConfig
    arms: tuple[Arm, ...]
    collapse: Collapse
    lr_g: float
    lr_d: float
    half_life: float
    samples: int
    standing: int
    thresholds: tuple[float | None, ...]
    feature_epochs: int = 0  # of the net that compares colour images; digits have a shipped one
    flip: bool = False
    held_out: int = 1000  # test images on which D's memory is tried


def panel(steps: int, beta: float) -> tuple[Arm, ...]:
    """The panel of batch, width and orthogonal penalty, around a base of `steps` steps of 64.

    Batch 16 and 256 are scored twice: after the same number of steps as the base, and after the
    same number of images.
    """
    return (
        Arm("base", ((steps, "b64"),), curve=True),
        Arm("batch-16", ((steps, "b16"), (4 * steps, "b16_images")), batch=16),
        Arm("batch-256", ((steps // 4, "b256_images"), (steps, "b256")), batch=256),
        Arm("width-half", ((steps, "half"),), width=0.5, priority=1),
        Arm("width-double", ((steps, "double"),), width=2.0, priority=1),
        Arm("ortho", ((steps, "ortho"),), beta=beta, curve=True, priority=1),
    )


THRESHOLDS = (None, 2.0, 1.0, 0.5, 0.3, 0.04)
BETA = 1e-3  # ten times the paper's 1e-4: our trainings are a thousand times shorter

CONFIG = {
    "smoke": Config(
        images="mnist5k", net=BIG16,
        arms=(
            Arm("base", ((120, "b64"),), curve=True),
            Arm("ortho", ((8, "ortho"),), beta=BETA, curve=True, priority=1),
        ),
        collapse=Collapse(steps=12, every=4, hurry=4.0),
        lr_g=1e-3, lr_d=2e-3, half_life=4400, samples=500, standing=500,
        thresholds=(None, 0.5),
    ),
    "laptop": Config(
        images="mnist5k", net=BIG16, arms=panel(480, BETA),
        collapse=Collapse(steps=480, every=40, hurry=4.0),
        lr_g=1e-3, lr_d=2e-3, half_life=4400, samples=2000, standing=2000,
        thresholds=THRESHOLDS,
    ),
    "workshop": Config(
        images="mnist5k", net=BIG16, arms=panel(1000, BETA),
        collapse=Collapse(steps=1000, every=25, hurry=4.0),
        lr_g=1e-3, lr_d=2e-3, half_life=4400, samples=5000, standing=5000,
        thresholds=THRESHOLDS,
    ),
    "full": Config(
        images="cifar10", net=BIG32, arms=panel(2000, 1e-4), flip=True,
        feature_epochs=10,
        collapse=Collapse(steps=2000, every=100, hurry=4.0),
        lr_g=2e-4, lr_d=4e-4, half_life=50_000, samples=10_000, standing=10_000,
        thresholds=THRESHOLDS,
    ),
}  # fmt: skip
