"""The arms that are compared and the sizes of every profile."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cvlib.gan.pair import Recipe
from cvlib.gan.sizes import GANConfig


@dataclass(frozen=True)
class Arm:
    """What one arm changes: spectral norm, learning rates, what stands at which map heights.

    `at` says where in (G, D) the `mixer` stands, as shares of the image's height.
    """

    sn_g: bool = True
    sn_d: bool = True
    two_rates: bool = True
    mixer: str = "attention"
    at: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())

    def net(self, preset: GANConfig) -> GANConfig:
        """The preset's sizes with this arm's changes."""
        in_g, in_d = ([round(preset.resolution * share) for share in net] for net in self.at)
        return replace(
            preset, sn_g=self.sn_g, sn_d=self.sn_d, mixer=self.mixer,
            attention_g=tuple(in_g), attention_d=tuple(in_d),
        )  # fmt: skip


HALF, QUARTER, FULL_SIZE = 1 / 2, 1 / 4, 1.0  # of the image's height
BOTH = ((HALF,), (HALF,))

# The stability panel (paper's Fig. 3), each line one change to the line before.
PANEL: dict[str, Arm] = {
    "no_sn": Arm(sn_g=False, sn_d=False, two_rates=False),
    "sn_d": Arm(sn_g=False, two_rates=False),
    "sn_gd": Arm(two_rates=False),
    "ttur": Arm(),
    "attention": Arm(at=BOTH),
    "local": Arm(at=BOTH, mixer="local"),  # as many weights, 3x3 sight
    # The paper's best place for FID is a quarter of the height: feat32 of 128 px.
    "attention_quarter": Arm(at=((QUARTER,), (QUARTER,))),
    "local_quarter": Arm(at=((QUARTER,), (QUARTER,)), mixer="local"),
}

# On the twins of 16 px: which net needs attention, and at which height.
TWINS: dict[str, Arm] = {
    "attention": Arm(at=BOTH),
    "none": Arm(),
    "local": Arm(at=BOTH, mixer="local"),
    "g_only": Arm(at=((HALF,), ())),
    "d_only": Arm(at=((), (HALF,))),
    "feat4": Arm(at=((QUARTER,), (QUARTER,))),
    "feat16": Arm(at=((FULL_SIZE,), ())),  # D has no map of the image's own height
}
TWINS_FIRST = ("attention", "none", "local", "g_only")  # what the third claim needs, and one more


@dataclass(frozen=True)
class Images:
    """The training on images: a data set, nets, and the arms of `PANEL` with their steps.

    A Fréchet distance of `n_curve` samples is taken every `every` steps. `lr_equal` is the one rate
    of arms without two.
    """

    data: str
    preset: str
    arms: tuple[tuple[str, int], ...]
    batch: int
    lr_equal: float
    lr_g: float
    lr_d: float
    half_life: int  # of the moving average, in images
    every: int
    n_curve: int
    n_final: int
    feature_epochs: int = 0  # of the feature net that is trained first, where none ships
    flip: bool = False

    def recipe(self, arm: Arm, steps: int) -> Recipe:
        """How this arm trains."""
        lr_g = self.lr_g if arm.two_rates else self.lr_equal
        lr_d = self.lr_d if arm.two_rates else self.lr_equal
        return Recipe(steps, self.batch, lr_g, lr_d, self.half_life)


@dataclass(frozen=True)
class Twins:
    """The training on twins: the arms of `TWINS` with their steps, and the samples of a score.

    On the way `n_curve` samples are scored every `every` steps.
    """

    arms: tuple[tuple[str, int], ...]
    n: int = 2000
    n_curve: int = 500
    every: int = 125

    def recipe(self, steps: int) -> Recipe:
        """How every arm trains."""
        return Recipe(steps, batch=64, lr_g=1e-3, lr_d=2e-3, half_life=4400)


@dataclass(frozen=True)
class Config:
    """All sizes of one profile."""

    images: Images
    twins: Twins


DIGITS = Images(
    data="mnist5k", preset="tiny16",
    arms=(("attention", 200),),
    batch=64, lr_equal=1e-3, lr_g=1e-3, lr_d=2e-3, half_life=4400,
    every=50, n_curve=500, n_final=1000,
)  # fmt: skip

CONFIG = {
    "smoke": Config(images=DIGITS, twins=Twins(arms=(), n=1000)),
    "laptop": Config(
        images=replace(
            DIGITS,
            arms=tuple((a, 200) for a in ("attention", "ttur", "sn_gd", "sn_d", "no_sn", "local")),
        ),
        twins=Twins(arms=tuple((arm, 500) for arm in TWINS_FIRST)),
    ),
    "workshop": Config(
        images=Images(
            data="cifar10", preset="sagan32_narrow",
            arms=tuple((arm, 3000) for arm in ("sn_d", "sn_gd", "ttur", "attention")),
            batch=64, lr_equal=2e-4, lr_g=2e-4, lr_d=8e-4, half_life=44_000,
            every=750, n_curve=2000, n_final=10_000, feature_epochs=4, flip=True,
        ),
        twins=Twins(arms=tuple((arm, 600) for arm in ("attention", "none", "local"))),
    ),
    "full": Config(
        images=Images(
            data="cifar10", preset="sagan32_narrow",
            arms=tuple((arm, 4000) for arm in PANEL),
            batch=256, lr_equal=2e-4, lr_g=2e-4, lr_d=8e-4, half_life=100_000,
            every=500, n_curve=5000, n_final=10_000, feature_epochs=10, flip=True,
        ),
        twins=Twins(arms=tuple((arm, 2000) for arm in TWINS)),
    ),
}  # fmt: skip
