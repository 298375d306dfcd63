"""Measurements behind the chapter's pictures."""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor

from cvlib.stylization.pairs import Pair, sample_photo, sky_and_land
from cvlib.stylization.photos import resize
from cvlib.stylization.smoothing import SmoothingSystem
from cvlib.stylization.solvers import gradient_steps

HERO = ("aitzgorri", "sunset")


def hero_pair() -> Pair:
    """Two of the shipped photos with their skies, as large as a page holds."""
    photos = [resize(sample_photo(name), 519 * 346) for name in HERO]
    masks = [sky_and_land(n, *p.shape[1:]) for n, p in zip(HERO, photos, strict=True)]
    return Pair(" as ".join(HERO), *photos, tuple(masks))


def energy_errors(content: Tensor, Y: Tensor, iterations: int, every: int) -> list[float]:
    """The error of conjugate gradients in the energy norm, relative to the first guess.

    content, Y (3, H, W). ||Z - Z*||_A with the exact Z* from a factorisation, in float64, every
    `every` iterations.
    """
    system = SmoothingSystem(content, dtype=torch.float64)
    exact = system.root * system.solve(Y, "direct", tol=1e-11).image
    B = (1 - system.alpha) * system.root * Y.double()
    norms = []
    for Z, _ in islice(gradient_steps(system.apply, B, system.root * Y), 0, iterations + 1, every):
        error = Z - exact
        norms.append(float((error * system.apply(error)).sum().sqrt()))
    return [norm / norms[0] for norm in norms]


def energy_bound(alpha: float, iterations: int, every: int) -> list[float]:
    """2 ((sqrt(kappa) - 1) / (sqrt(kappa) + 1))^k, the bound on `energy_errors`."""
    root = (1 / (1 - alpha)) ** 0.5
    rate = (root - 1) / (root + 1)
    return [2 * rate**k for k in range(0, iterations + 1, every)]
