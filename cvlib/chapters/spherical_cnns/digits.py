"""Spherical MNIST (Sec. 5.2): train upright, test turned.

NR: digits as projected. R: one random rotation per digit, fixed once. Shared: the authors' own
data have one rotation for every 500 digits; that starves a planar network of rotations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.chapters.spherical_cnns.training import accuracy, fit, steps
from cvlib.course import data
from cvlib.course.run.run import Run
from cvlib.spherical.images import image_to_sphere
from cvlib.spherical.models import (
    PlanarCNN,
    SphericalClassifier,
    deep_net,
    paper_net,
    parameters,
    small_net,
)
from cvlib.spherical.rotations import random_rotations, rotation_matrix

NETS: dict[str, Callable[[int], SphericalClassifier]] = {
    "small": small_net,
    "paper": lambda b: paper_net(),
    "deep": lambda b: deep_net(),
}


@dataclass(frozen=True)
class Digits:
    """Sizes of the experiment; ``deep_epochs = 0`` leaves the deep network out."""

    data: str
    b: int
    train: int
    test: int
    net: str
    epochs: int
    lr: float
    batch: int
    planar_epochs: int
    planar_lr: float
    digits_per_rotation: int
    deep_epochs: int = 0
    tilts: int = 7  # angles of the curve accuracy over tilt

    @property
    def steps(self) -> int:
        """Optimiser steps of all trainings."""
        plan = [self.epochs] * 2 + [self.planar_epochs] * 3 + [self.deep_epochs] * 2
        return sum(steps(self.train, epochs, self.batch) for epochs in plan)


class SphericalDigits:
    """Digits and labels on a device, projected onto the sphere on demand."""

    def __init__(self, images: Tensor, labels: Tensor, b: int, device: torch.device):
        self.images, self.labels, self.b = images.to(device), labels.to(device), b
        self.mean, self.std = 0.0, 1.0

    def signals(self, R: Tensor | None = None, chunk: int = 1000) -> Tensor:
        """Standardised signals ``(N, 1, 2b, 2b)``, turned by ``R`` (``(N, 3, 3)`` or none)."""
        parts = []
        for start in range(0, len(self.images), chunk):
            digits = self.images[start : start + chunk].float() / 255
            turn = None if R is None else R[start : start + chunk].to(digits.device)
            parts.append(image_to_sphere(digits, self.b, turn))
        return (torch.cat(parts) - self.mean) / self.std

    def standardise_like(self, other: Tensor) -> None:
        """Shift and scale all signals so that ``other`` has mean 0 and deviation 1."""
        self.mean, self.std = float(other.mean()), float(other.std())


def tilt(angle: float, n: int, generator: torch.Generator | None = None) -> Tensor:
    """Rotations ``(n, 3, 3)`` by ``angle`` (radians) about random horizontal axes."""
    azimuth = 2 * torch.pi * torch.rand(n, generator=generator, dtype=torch.float64)
    return rotation_matrix(torch.stack([azimuth, torch.full_like(azimuth, angle), -azimuth], -1))


def load(c: Digits, device: torch.device) -> tuple[SphericalDigits, SphericalDigits, str]:
    """Training digits, test digits (standardised alike) and the label of the data."""
    source = data.images(c.data)
    train = SphericalDigits(source.train_x[: c.train], source.train_y[: c.train], c.b, device)
    test = SphericalDigits(source.test_x[: c.test], source.test_y[: c.test], c.b, device)
    upright = train.signals()
    train.standardise_like(upright)
    test.standardise_like(upright)
    return train, test, source.label


def shared_rotations(n: int, group: int, generator: torch.Generator) -> Tensor:
    """One rotation for each run of ``group`` digits, ``(n, 3, 3)``."""
    return random_rotations(-(-n // group), generator).repeat_interleave(group, 0)[:n]


def run_digits(run: Run) -> None:
    """Measure the table of Sec. 5.2, the two protocols of rotation, and accuracy over tilt."""
    c: Digits = run.config.digits
    g = torch.Generator().manual_seed(run.seed)
    train, test, run.data_label = load(c, run.device)
    turns = {
        "nr": None,
        "r": random_rotations(len(train.labels), g),
        "shared": shared_rotations(len(train.labels), c.digits_per_rotation, g),
    }
    tests = {"nr": test.signals(), "r": test.signals(random_rotations(len(test.labels), g))}
    nets = {"spherical": (c.net, c.epochs), "deep": ("deep", c.deep_epochs)}
    upright: dict[str, nn.Module] = {}
    for name, (kind, epochs) in nets.items():
        for how in ("nr", "r") if epochs else ():
            net = NETS[kind](c.b)
            _train_spherical(run, f"{name}-{how}", net, train, turns[how], epochs)
            _measure(run, name, how, net, tests, test.labels)
            upright.setdefault(name, net)
    for how, R in turns.items():
        net = PlanarCNN(c.b)
        _train(
            run, f"planar-{how}", net, train.signals(R), train.labels, c.planar_epochs, c.planar_lr
        )
        _measure(run, "planar", how, net, tests, test.labels)
        upright.setdefault("planar", net)
    run.note(
        "distinct rotations",
        {"r": len(train.labels), "shared": -(-c.train // c.digits_per_rotation)},
    )
    run.note("tilt", tilt_curve(upright, test, c.tilts, g))


def _train_spherical(
    run: Run,
    name: str,
    net: SphericalClassifier,
    digits: SphericalDigits,
    R: Tensor | None,
    epochs: int,
) -> None:
    first = net.features[0].to(run.device)
    with torch.no_grad():  # the first layer reads these numbers only: analyse each digit once
        x = torch.cat([first.coefficients(part) for part in digits.signals(R).split(1000)])
    _train(run, name, net, x, digits.labels, epochs, run.config.digits.lr)


def _train(
    run: Run, name: str, net: nn.Module, x: Tensor, y: Tensor, epochs: int, lr: float
) -> None:
    def loss_of(model: nn.Module, i: Tensor) -> Tensor:
        return F.cross_entropy(model(x[i]), y[i])

    fit(run, name, net, loss_of, len(x), epochs, run.config.digits.batch, lr)


def _measure(
    run: Run, name: str, how: str, net: nn.Module, tests: dict[str, Tensor], y: Tensor
) -> None:
    """The columns NR/NR and NR/R of a net trained upright, R/R of one trained on rotations."""
    if how == "nr":
        run.measure(f"{name}_parameters", parameters(net))
        run.measure(f"{name}_nr_nr", accuracy(net, tests["nr"], y), n=len(y))
    column = {"nr": "nr_r", "r": "r_r", "shared": "r_r_shared"}[how]
    run.measure(f"{name}_{column}", accuracy(net, tests["r"], y), n=len(y))


def tilt_curve(
    nets: dict[str, nn.Module], test: SphericalDigits, angles: int, g: torch.Generator
) -> dict[str, list[float]]:
    """Accuracy in per cent of nets trained upright, over the tilt of the test digits in degrees."""
    curve: dict[str, list[float]] = {"degrees": [], **{name: [] for name in nets}}
    for degrees in torch.linspace(0, 180, angles).tolist():
        x = test.signals(tilt(degrees * torch.pi / 180, len(test.labels), g))
        curve["degrees"].append(degrees)
        for name, net in nets.items():
            curve[name].append(round(accuracy(net, x, test.labels), 2))
    return curve
