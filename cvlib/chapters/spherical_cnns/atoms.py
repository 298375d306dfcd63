"""Atomization energies (Sec. 5.4): one sphere around each atom, one network, a sum over atoms.

QM7 (Rupp et al. 2012) in the full run. Where nothing can be fetched, toy molecules whose energy is
a sum over pairs: they exercise the code and say nothing about chemistry.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.io import loadmat
from torch import Tensor, nn

from cvlib.chapters.spherical_cnns.training import fit, steps
from cvlib.course import data
from cvlib.course.errors import CourseError
from cvlib.course.run.run import Run
from cvlib.spherical.models import MoleculeNet
from cvlib.spherical.molecules import (
    ELEMENTS,
    check_molecules,
    minimal_radius,
    molecule_to_spheres,
)
from cvlib.synth import molecules as toy

BOHR = 0.529177210903  # angstrom


@dataclass(frozen=True)
class Atoms:
    """Sizes of the experiment; ``data`` is ``toy`` or ``qm7``."""

    data: str
    train: int  # molecules (toy only: QM7 has its own five folds)
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
        return steps(5732 if self.data == "qm7" else self.train, self.epochs, self.batch)


@dataclass(frozen=True)
class Molecules:
    """Positions ``(N, A, 3)`` in angstrom, charges ``(N, A)``, energies ``(N,)`` in kcal/mol."""

    positions: Tensor
    charges: Tensor
    energy: Tensor

    def __getitem__(self, i: Tensor) -> "Molecules":
        return Molecules(self.positions[i], self.charges[i], self.energy[i])

    def to(self, device: torch.device) -> "Molecules":
        """The same on a device."""
        return Molecules(*(v.to(device) for v in (self.positions, self.charges, self.energy)))

    @property
    def counts(self) -> Tensor:
        """Number of atoms of each element, and a one: ``(N, elements + 1)``."""
        of = [(self.charges == z).sum(1) for z in ELEMENTS]
        return torch.stack([*of, torch.ones_like(of[0])], 1).double()


def _toy(c: Atoms, seed: int) -> tuple[Molecules, Molecules]:
    rng = np.random.default_rng(seed)
    p, z, e = toy.molecules(c.train + c.test, c.heavy, rng)
    every = Molecules(torch.as_tensor(p).float(), torch.as_tensor(z), torch.as_tensor(e))
    order = torch.arange(len(e))
    return every[order[: c.train]], every[order[c.train :]]


def _qm7(c: Atoms, seed: int) -> tuple[Molecules, Molecules]:
    """Seed ``s`` tests on the data set's own fold ``s mod 5``."""
    mat = loadmat(data.path("qm7/mat"))
    if not {"R", "Z", "T", "P"} <= mat.keys():
        raise CourseError("qm7.mat lacks one of R, Z, T, P: it is not the QM7 file.")
    every = Molecules(
        torch.as_tensor(mat["R"] * BOHR).float(),
        torch.as_tensor(mat["Z"]).long(),
        torch.as_tensor(mat["T"]).double().flatten(),
    )
    folds = torch.as_tensor(mat["P"].astype(np.int64))
    fold = seed % len(folds)
    rest = torch.cat([folds[k] for k in range(len(folds)) if k != fold])
    return every[rest], every[folds[fold]]


SOURCES: dict[str, Callable[[Atoms, int], tuple[Molecules, Molecules]]] = {"toy": _toy, "qm7": _qm7}


class Composition:
    """Least-squares energy from the numbers of atoms alone: the network learns what is left."""

    def __init__(self, train: Molecules):
        self.per_atom = torch.linalg.lstsq(
            train.counts, train.energy[:, None], driver="gelsd"
        ).solution
        self.spread = float((train.energy - self(train)).std())

    def __call__(self, m: Molecules) -> Tensor:
        """Energies ``(N,)`` in kcal/mol."""
        return (m.counts @ self.per_atom)[:, 0]


def run_atoms(run: Run) -> None:
    """Measure the root mean square error of the energies, with and without geometry."""
    c: Atoms = run.config.atoms
    train, test = SOURCES[c.data](c, run.seed)
    for part in (train, test):
        check_molecules(part.positions, part.charges)
    radius = min(minimal_radius(part.positions, part.charges) for part in (train, test))
    base = Composition(train)  # on the CPU, where least squares copes with absent elements
    targets = ((train.energy - base(train)) / base.spread).float().to(run.device)
    there, net = train.to(run.device), MoleculeNet(c.channels, c.b, c.hidden)
    scale = _spheres(there[torch.arange(min(256, len(targets)))], radius, c.b[0], 1.0)
    scale = scale[scale != 0].std()

    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        some = there[i]
        energy = model(_spheres(some, radius, c.b[0], scale), some.charges > 0)
        return F.mse_loss(energy.float(), targets[i])

    fit(run, "atoms", net, loss_of, len(targets), c.epochs, c.batch, c.lr)
    with torch.no_grad():
        parts = test.to(run.device)
        energies = [
            net(_spheres(parts[i], radius, c.b[0], scale), parts[i].charges > 0)
            for i in torch.arange(len(test.energy), device=run.device).split(c.batch)
        ]
    predicted = base(test) + base.spread * torch.cat(energies).double().cpu()
    run.measure(f"{c.data}_rmse", _rmse(predicted, test.energy), n=len(test.energy))
    run.measure(f"{c.data}_rmse_counts", _rmse(base(test), test.energy), n=len(test.energy))


def _spheres(m: Molecules, radius: float, b: int, scale: Tensor | float) -> Tensor:
    return molecule_to_spheres(m.positions, m.charges, radius, b) / scale


def _rmse(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean().sqrt())
