"""Sizes of chapter 01's experiments in each profile."""

from dataclasses import dataclass

from cvlib.synth.solids import CLASSES

MODELNET10 = 3991  # training shapes of the set
QM7 = 5680  # training molecules of four of its five folds


def steps(n: int, epochs: int, batch: int) -> int:
    """Number of optimiser steps of a training on `n` examples; short batches are left out."""
    return epochs * (n // batch)


@dataclass(frozen=True)
class Digits:
    """Sec. 5.2: digits of a data set on the grid of bandwidth `b`, and how a network trains.

    `grids` are the small network's, for its two ReLUs (section 12 of the page says why); `train`
    and `test` are numbers of digits, `tilt_test` of those for the curve over the tilt.
    """

    data: str
    b: int
    grids: tuple[int, int]
    train: int
    test: int
    epochs: int
    batch: int
    lr: float
    planar_epochs: int
    planar_lr: float
    digits_per_rotation: int
    tilts: int
    tilt_test: int

    @property
    def steps(self) -> int:
        """Optimiser steps of one spherical training."""
        return steps(self.train, self.epochs, self.batch)

    @property
    def planar_steps(self) -> int:
        """Optimiser steps of one planar training."""
        return steps(self.train, self.planar_epochs, self.batch)


@dataclass(frozen=True)
class Large:
    """A larger network beside the main one: the paper's at bandwidth 30, or the deep one."""

    train: int
    epochs: int
    batch: int
    lr: float

    @property
    def steps(self) -> int:
        """Optimiser steps of one training."""
        return steps(self.train, self.epochs, self.batch)


@dataclass(frozen=True)
class Shapes:
    """Sec. 5.3: `data` is `solids` (`train` and `test` of each class) or `modelnet`."""

    data: str
    train: int
    test: int
    channels: tuple[int, ...]
    b: tuple[int, ...]
    epochs: int
    batch: int
    lr: float

    @property
    def steps(self) -> int:
        """Optimiser steps of one training."""
        n = MODELNET10 if self.data == "modelnet" else self.train * len(CLASSES)
        return steps(n, self.epochs, self.batch)


@dataclass(frozen=True)
class Atoms:
    """Sec. 5.4: `data` is `toy` (`train` and `test` molecules), `qm7` or `qm7-xyz` (folds)."""

    data: str
    train: int
    test: int
    heavy: int
    channels: tuple[int, ...]
    b: tuple[int, ...]
    hidden: tuple[int, int]
    epochs: int
    batch: int
    lr: float

    @property
    def steps(self) -> int:
        """Optimiser steps of the training."""
        n = self.train if self.data == "toy" else QM7
        return steps(n, self.epochs, self.batch)


@dataclass(frozen=True)
class Commuting:
    """Sec. 5.1: random networks of up to `depth` layers at each bandwidth, `n` rotations."""

    bandwidths: tuple[int, ...]
    depth: int
    n: int


@dataclass(frozen=True)
class Config:
    """Sizes of the experiments; `net` is the main spherical network, `small` or `paper`.

    `paper` and `deep` train these networks too, at bandwidth 30; `coarse` trains the small one
    on grids that are too coarse for its ReLUs.
    """

    net: str
    digits: Digits
    shapes: Shapes
    atoms: Atoms
    commuting: Commuting
    coarse: bool = False
    paper: Large | None = None
    deep: Large | None = None


CONFIG = {
    "smoke": Config(
        net="small",
        digits=Digits(
            data="mnist5k", b=16, grids=(9, 6), train=2000, test=1000, epochs=3, batch=32, lr=1e-2,
            planar_epochs=4, planar_lr=2e-3, digits_per_rotation=250, tilts=7, tilt_test=200,
        ),
        shapes=Shapes(
            data="solids", train=20, test=10, channels=(6, 12, 24), b=(8, 6, 4), epochs=7,
            batch=20, lr=1e-2,
        ),
        atoms=Atoms(
            data="toy", train=384, test=128, heavy=3, channels=(8, 16), b=(5, 3, 2),
            hidden=(64, 64), epochs=6, batch=24, lr=1e-2,
        ),
        commuting=Commuting(bandwidths=(4, 6), depth=3, n=6),
    ),
    "laptop": Config(
        net="small",
        digits=Digits(
            data="mnist", b=16, grids=(9, 6), train=60000, test=10000, epochs=1, batch=32, lr=1e-2,
            planar_epochs=2, planar_lr=2e-3, digits_per_rotation=500, tilts=13, tilt_test=500,
        ),
        shapes=Shapes(
            data="solids", train=60, test=30, channels=(6, 16, 32), b=(12, 8, 5), epochs=10,
            batch=20, lr=1e-2,
        ),
        atoms=Atoms(
            data="qm7-xyz", train=0, test=0, heavy=0, channels=(16, 32), b=(8, 4, 2),
            hidden=(128, 256), epochs=8, batch=32, lr=5e-3,
        ),
        commuting=Commuting(bandwidths=(4, 6, 8, 12), depth=4, n=20),
        coarse=True,
        paper=Large(train=48000, epochs=2, batch=32, lr=5e-3),
    ),
    "workshop": Config(
        net="paper",
        digits=Digits(
            data="mnist", b=30, grids=(10, 7), train=60000, test=10000, epochs=8, batch=128,
            lr=5e-3, planar_epochs=8, planar_lr=1e-3, digits_per_rotation=500, tilts=7,
            tilt_test=10000,
        ),
        shapes=Shapes(
            data="solids", train=100, test=30, channels=(6, 32, 64), b=(16, 10, 6), epochs=10,
            batch=32, lr=5e-3,
        ),
        atoms=Atoms(
            data="toy", train=2000, test=500, heavy=7, channels=(8, 16, 32, 64),
            b=(10, 8, 6, 4, 2), hidden=(256, 512), epochs=10, batch=32, lr=1e-3,
        ),
        commuting=Commuting(bandwidths=(4, 8, 16), depth=5, n=50),
    ),
    "full": Config(
        net="paper",
        digits=Digits(
            data="mnist", b=30, grids=(10, 7), train=60000, test=10000, epochs=10, batch=128,
            lr=5e-3, planar_epochs=10, planar_lr=1e-3, digits_per_rotation=500, tilts=13,
            tilt_test=10000,
        ),
        shapes=Shapes(
            data="modelnet", train=0, test=0, channels=(6, 100, 100), b=(64, 16, 10), epochs=30,
            batch=32, lr=5e-3,
        ),
        atoms=Atoms(
            data="qm7", train=0, test=0, heavy=0, channels=(8, 16, 32, 64), b=(10, 8, 6, 4, 2),
            hidden=(256, 512), epochs=30, batch=32, lr=1e-3,
        ),
        commuting=Commuting(bandwidths=(4, 8, 16, 24), depth=6, n=200),
        deep=Large(train=60000, epochs=10, batch=128, lr=5e-3),
    ),
}  # fmt: skip
