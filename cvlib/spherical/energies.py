"""Atomization energies (Sec. 5.4): sets of molecules, and what counting atoms explains of them.

QM7 (Rupp et al. 2012), or toy molecules whose energy is a sum over pairs of atoms: those try out
the code and say nothing about chemistry.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.io import loadmat
from torch import Tensor

from cvlib.course import data
from cvlib.course.errors import CourseError
from cvlib.spherical.molecules import (
    ELEMENTS,
    check_molecules,
    minimal_radius,
    molecule_to_spheres,
)
from cvlib.synth import molecules as toy

BOHR = 0.529177210903  # angstrom
FOLDS = 5


@dataclass(frozen=True)
class Molecules:
    """Positions `(N, A, 3)` in angstrom, charges `(N, A)`, energies `(N,)` in kcal/mol."""

    positions: Tensor
    charges: Tensor
    energy: Tensor

    def __getitem__(self, i: Tensor) -> "Molecules":
        return Molecules(self.positions[i], self.charges[i], self.energy[i])

    def to(self, device: torch.device) -> "Molecules":
        """The same on a device."""
        return Molecules(self.positions.to(device), self.charges.to(device), self.energy.to(device))

    @property
    def counts(self) -> Tensor:
        """Number of atoms of each element, and a one: `(N, elements + 1)`, float64."""
        columns = [(self.charges == z).sum(1) for z in ELEMENTS]
        columns.append(torch.ones_like(columns[0]))
        return torch.stack(columns, 1).double()


class Composition:
    """Least-squares energy from the numbers of atoms alone: the network learns what is left.

    The paper does the same with a small network on the counts, and reports about 19 kcal/mol.
    """

    def __init__(self, train: Molecules):
        fit = torch.linalg.lstsq(train.counts, train.energy[:, None], driver="gelsd")
        self.per_atom = fit.solution
        self.spread = float((train.energy - self(train)).std())

    def __call__(self, m: Molecules) -> Tensor:
        """Energies `(N,)` in kcal/mol."""
        return (m.counts @ self.per_atom)[:, 0]


def rmse(a: Tensor, b: Tensor) -> float:
    """Root mean square difference."""
    return float((a - b).square().mean().sqrt())


def spheres_of(there: Molecules, test: Molecules, b: int) -> Callable[[Molecules], Tensor]:
    """The map from molecules to spheres `(N, A, elements, 2b, 2b)`, scaled to deviation 1.

    All spheres have one radius, at which none of `there` (training) and `test` meet (Sec. 5.4).
    """
    radius = min(minimal_radius(part.positions, part.charges) for part in (there, test))
    some = there[torch.arange(min(256, len(there.energy)))]
    signals = molecule_to_spheres(some.positions, some.charges, radius, b)
    scale = float(signals[signals != 0].std())
    return lambda m: molecule_to_spheres(m.positions, m.charges, radius, b) / scale


def load(source: str, seed: int, train: int, test: int, heavy: int) -> tuple[Molecules, Molecules]:
    """Training and test molecules of `toy`, `qm7` or `qm7-xyz`.

    The last two are divided into five folds: seed `s` tests on fold `s mod 5`. `train`, `test` and
    `heavy` (atoms other than hydrogen) are sizes of the toy set only. CourseError where the data
    are not what they should be, `DataMissing` where they are not to be had.
    """
    if source == "toy":
        every, fold = _toy(seed, train + test, heavy), torch.arange(train, train + test)
    else:
        every, folds = QM7[source]()
        fold = folds[seed % len(folds)]
    check_molecules(every.positions, every.charges)
    rest = torch.ones(len(every.energy), dtype=torch.bool)
    rest[fold] = False
    return every[rest], every[fold]


def _toy(seed: int, n: int, heavy: int) -> Molecules:
    positions, charges, energy = toy.molecules(n, heavy, np.random.default_rng(seed))
    return Molecules(
        torch.as_tensor(positions).float(), torch.as_tensor(charges), torch.as_tensor(energy)
    )


def _qm7() -> tuple[Molecules, list[Tensor]]:
    """The public file with its own five folds."""
    mat = loadmat(data.path("qm7/mat"))
    if not {"R", "Z", "T", "P"} <= mat.keys():
        raise CourseError("qm7.mat lacks one of R, Z, T, P: it is not the QM7 file")
    every = Molecules(
        torch.as_tensor(mat["R"] * BOHR).float(),
        torch.as_tensor(mat["Z"]).long(),
        torch.as_tensor(mat["T"]).double().flatten(),
    )
    return every, list(torch.as_tensor(mat["P"].astype(np.int64)))


def _qm7_xyz() -> tuple[Molecules, list[Tensor]]:
    """The qml project's geometries and energies; molecules are dealt to five folds by energy.

    As in the public file, each fold then spans all energies (Rupp et al. stratify the same way).
    """
    with np.load(data.path("qm7-xyz/molecules"), allow_pickle=False) as z:
        every = Molecules(
            torch.as_tensor(z["R_angstrom"]).float(),
            torch.as_tensor(z["Z"]).long(),
            torch.as_tensor(z["T_kcal_mol"]).double(),
        )
    ranked = every.energy.argsort(stable=True)
    groups = ranked[: len(ranked) // FOLDS * FOLDS].view(-1, FOLDS)
    dealt = torch.stack([group[_shuffled(k)] for k, group in enumerate(groups)])
    return every, list(dealt.T)


def _shuffled(k: int) -> Tensor:
    return torch.randperm(FOLDS, generator=torch.Generator().manual_seed(k))


QM7: dict[str, Callable[[], tuple[Molecules, list[Tensor]]]] = {"qm7": _qm7, "qm7-xyz": _qm7_xyz}
