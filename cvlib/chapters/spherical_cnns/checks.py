"""How the answers of chapter 01 are judged: each check names the first property that is missing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvlib.chapters.spherical_cnns import solutions
from cvlib.chapters.spherical_cnns.probes import relu_error
from cvlib.course.page.answers import (
    Wrong,
    apart,
    close,
    function,
    sequence,
    tensor,
    whole,
)
from cvlib.spherical.fourier import SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.layers import so3_integrate
from cvlib.spherical.rotations import (
    euler_zyz,
    random_rotations,
    rotate_s2_spectrum,
    rotate_signal,
    rotation_matrix,
)
from cvlib.spherical.spectrum import s2_power, so3_size
from cvlib.spherical.wigner import wigner_D

F64 = torch.float64
FINE = 0.03  # error of equivariance that exercise 01.6 asks for


def check_weights(answer: Any) -> None:
    """Integrate powers of cos(beta), whose integrals are known."""
    rule = function(answer, "weights(b)")
    for b in (4, 1, 7):
        w = tensor(rule(b), (2 * b,), f"weights({b})")
        x = torch.as_tensor(np.cos(Grid(b).beta))
        if not close(w.sum(), 2.0):
            total, two = apart(float(w.sum()), 2.0)
            raise Wrong(f"your weights for b = {b} sum to {total}, not to {two}")
        if not close(w, w.flip(0)):
            raise Wrong(f"your weights for b = {b} treat north and south differently")
        for degree in range(2, 2 * b, 2):
            integral = (w.double() * x**degree).sum().to(w.dtype)
            if not close(integral, 2 / (degree + 1)):
                got, right = apart(float(integral), 2 / (degree + 1))
                raise Wrong(
                    f"with b = {b} your sum for cos(beta)^{degree} is {got}, the integral {right}: "
                    "the weights must be exact for every degree below 2b"
                )


def check_turn(answer: Any) -> None:
    """Compare with the signal itself, evaluated where the turned points came from."""
    turn = function(answer, "turn(f, angle)")
    L = 4
    angle = 0.7
    f = torch.randn(L * L, dtype=F64)
    got = tensor(turn(f, angle), (L * L,), "turn(f, angle)")
    if not close(tensor(turn(f, 0.0), (L * L,), "turn(f, 0)"), f):
        raise Wrong("a turn by 0 changes the signal")
    if not close(got[[0, 2, 6, 12]], f[[0, 2, 6, 12]]):
        raise Wrong("a coefficient with m = 0 changes: those harmonics are the same all around z")
    if not close(s2_power(got), s2_power(f)):
        raise Wrong("the power of a degree changes: a rotation keeps the sum of squares")
    R = rotation_matrix(torch.tensor([angle, 0, 0], dtype=F64))
    if close(got, rotate_s2_spectrum(f[None], R.T)[0]):
        raise Wrong("the sphere turns the wrong way: the new signal at x is the old one at R^-1 x")
    exact = rotate_s2_spectrum(f[None], R)[0]
    if close(got[1:4], exact[1:4]) and not close(got, exact):
        raise Wrong("degree 1 is right, degree 2 is not: order m turns by m times the angle")
    if not close(got, exact):
        raise Wrong("the turned signal at a point x is not the old signal at R^-1 x")


def check_correlate(answer: Any) -> None:
    """Evaluate the learner's spectrum at rotations, beside the integral."""
    correlate = function(answer, "correlate(f, psi)")
    L = 4
    f, psi = torch.randn(2, 3, L * L, dtype=F64)
    given = sequence(correlate(f, psi), f"a list of {L} matrices")
    if len(given) != L:
        raise Wrong(f"expected {L} matrices for {L * L} coefficients a channel, got {len(given)}")
    F = [tensor(m, (2 * l + 1, 2 * l + 1), f"degree {l}") for l, m in enumerate(given)]
    right = solutions.correlate(f, psi)
    if all(close(a, b.T) for a, b in zip(F, right, strict=True)):
        raise Wrong("rows and columns are swapped: f belongs to the rows")
    _same_up_to_a_factor(F, right)
    for R in random_rotations(5):
        D = [torch.as_tensor(d[0]) for d in wigner_D(L, euler_zyz(R).numpy())]
        terms = [math.sqrt(len(d)) * (d * m).sum() for d, m in zip(D, F, strict=True)]
        value = torch.stack(terms).sum()
        integral = _integral(f, psi, R)
        if not close(value.to(F[-1].dtype), integral):
            got, exact = apart(float(value), integral)
            raise Wrong(
                f"at a random rotation the integral is {exact}, your spectrum gives {got}: which "
                "coefficients of f and psi meet in one degree, and do all channels add up?"
            )


def _same_up_to_a_factor(F: list[Tensor], right: list[Tensor]) -> None:
    for l, (mine, exact) in enumerate(zip(F, right, strict=True)):
        if l == 0:
            continue  # one number is always a multiple of another
        ratio = (mine.double() * exact).sum() / exact.square().sum()
        if not close(ratio.to(mine.dtype), 1.0) and close(mine, ratio * exact):
            raise Wrong(f"degree {l} has the right form, but is {float(ratio):.4g} times too large")


def _integral(f: Tensor, psi: Tensor, R: Tensor) -> float:
    """The correlation at one rotation, summed over channels and a grid, point by point."""
    L = math.isqrt(f.shape[1])
    grid = Grid(2 * L)
    w = torch.as_tensor(grid.weights / 2 / grid.n_alpha)[:, None]
    signal = torch.as_tensor(spherical_harmonics(L, grid.points)) @ f.T  # (beta, alpha, C)
    turned = torch.as_tensor(spherical_harmonics(L, grid.points @ R.numpy())) @ psi.T
    return float((w * (signal * turned).sum(-1)).sum())


def check_integrate(answer: Any) -> None:
    """An integral over all rotations must not notice one more."""
    pool = function(answer, "integrate(x)")
    b = 4
    one = tensor(pool(torch.ones(1, 2, *[2 * b] * 3, dtype=F64)), (1, 2), "integrate(x)")
    if not close(one, torch.ones(1, 2)):
        raise Wrong(f"the mean of a constant 1 comes out as {apart(float(one[0, 0]), 1.0)[0]}")
    x = SO3Transform(Grid(b), b).inverse(torch.randn(2, 3, so3_size(b), dtype=F64))
    got = tensor(pool(x), (2, 3), "integrate(x)")
    turned = rotate_signal(x, random_rotations(2), "so3")
    after = tensor(pool(turned), (2, 3), "integrate(turned x)")
    if not close(after, got):
        change = float((after.double() - got.double()).abs().max() / x.std())
        raise Wrong(
            f"your result changes by {100 * change:.2g} % of the signal's spread when the signal "
            "turns: do all grid points stand for the same share of the rotations?"
        )
    if not close(got, so3_integrate(x)):
        raise Wrong("your result is invariant, but it is not the mean over all rotations")


def check_gammas(answer: Any) -> None:
    """Networks of both known sizes, and one that nobody built."""
    gammas = function(answer, "gammas(parameters)")
    for parameters, n, whose in (
        (58_550, 3, "the paper's network"),
        (154_550, 8, "the network of the authors' code today"),
        (39_350, 2, "a network with two angles gamma"),
    ):
        got = whole(gammas(parameters), f"gammas({parameters})")
        if got == n:
            continue
        hint = (
            "count the first layer's filter (it has no gamma), a bias per output channel, and the "
            "linear layer with its biases"
        )
        if abs(got - n) > 1:
            hint = "a point of the SO(3) filter costs one weight per pair of channels, 20 times 40"
        raise Wrong(f"{whose} has {parameters:,} parameters and not {got} angles gamma: {hint}")


def check_bandwidth(answer: Any) -> None:
    """Measure the error at the learner's bandwidth, and at the next smaller one."""
    b = whole(answer, "the bandwidth")
    if not 5 <= b <= 16:
        raise Wrong("a grid for 5 degrees has a bandwidth of at least 5; more than 16 is a waste")
    error = relu_error(b, 5, "gauss")
    if error >= FINE:
        raise Wrong(f"at bandwidth {b} the error is {100 * error:.2g} %, above 3 %")
    if b > 5 and relu_error(b - 1, 5, "gauss") < FINE:
        raise Wrong(f"bandwidth {b} does it, but a coarser grid would do as well")
