"""All sizes of chapter 02, by profile."""

from __future__ import annotations

from dataclasses import dataclass

from cvlib.adversarial.coarse import Groups
from cvlib.adversarial.nets import NETS, Size

# Three pairs of digits that people, too, mistake for each other; a coarse class has one fine one.
DIGIT_PAIRS: Groups = {
    "3 or 8": {"3": [3], "8": [8]},
    "4 or 9": {"4": [4], "9": [9]},
    "1 or 7": {"1": [1], "7": [7]},
}
COLOR_PAIRS: Groups = {
    "pets": {"cat": [3], "dog": [5]},
    "hooves": {"deer": [4], "horse": [7]},
    "roads": {"automobile": [1], "truck": [9]},
}
ALL = tuple(NETS)
VIEWERS = ("plain", "retina")  # what judges: a bare net, or one behind a retina


@dataclass(frozen=True)
class Attack:
    """Bound and step in levels of 255, and how many steps."""

    eps: int = 32
    step: float = 3.2
    steps: int = 24


@dataclass(frozen=True)
class Photos:
    """The attack on photographs, `size` px wide."""

    attack: Attack
    size: int = 160
    alpha: float = 0.03


@dataclass(frozen=True)
class Config:
    """All sizes of one profile.

    `trained` nets are trained here, once plain and once behind a retina, for `steps` steps; the
    others ship with the course. Each of `held_out` is attacked through all the others. `alpha` is
    the retina's growth of blur; `shown` images are attacked, `neither` a pair in the condition
    `false`.
    """

    images: str
    groups: Groups
    net: Size
    trained: tuple[str, ...]
    held_out: tuple[str, ...]
    steps: int
    attack: Attack
    alpha: float
    shown: int
    neither: int
    looks: int
    further: bool = True  # success against the number of nets, and against eps
    photos: Photos | None = None
    batch: int = 50
    rate: float = 3e-3


# An image of 28 px over 14 degrees has 2 px a degree, so the digits' retina is much coarser than an
# eye: alpha 0.25, where 0.03 is the slope of models of human resolution.
CONFIG = {
    "smoke": Config(
        images="mnist5k", groups=DIGIT_PAIRS, net=Size(), trained=("plain",),
        held_out=("plain",), steps=150, attack=Attack(steps=12), alpha=0.25,
        shown=60, neither=10, looks=7, further=False,
    ),
    "laptop": Config(
        images="mnist5k", groups=DIGIT_PAIRS, net=Size(), trained=ALL, held_out=ALL,
        steps=400, attack=Attack(), alpha=0.25, shown=150, neither=25, looks=7,
        photos=Photos(attack=Attack(step=4, steps=10)),
    ),
    "workshop": Config(
        images="mnist5k", groups=DIGIT_PAIRS, net=Size(width=32), trained=ALL, held_out=ALL,
        steps=1000, attack=Attack(steps=40), alpha=0.25, shown=500, neither=80, looks=7,
        photos=Photos(attack=Attack(step=2, steps=40), size=224),
    ),
    "full": Config(
        images="cifar10", groups=COLOR_PAIRS, net=Size(channels=3, pixels=32, width=64),
        trained=ALL, held_out=ALL, steps=8000, attack=Attack(step=2, steps=100), alpha=0.12,
        shown=1000, neither=160, looks=7, batch=100,
        photos=Photos(attack=Attack(step=2, steps=100), size=224),
    ),
}  # fmt: skip
