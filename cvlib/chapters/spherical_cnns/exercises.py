"""Exercises of chapter 01: each check names the first property that an answer lacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvlib.chapters.spherical_cnns import solutions
from cvlib.course.page.exercises import Exercise, Wrong
from cvlib.spherical.fourier import S2Transform, SO3Transform
from cvlib.spherical.grids import Grid
from cvlib.spherical.harmonics import spherical_harmonics
from cvlib.spherical.kernels import s2_near_identity, so3_near_identity
from cvlib.spherical.layers import S2Convolution, SO3Convolution, so3_integrate
from cvlib.spherical.metrics import equivariance_error
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


def _function(answer: Any, signature: str) -> Callable[..., Any]:
    if not callable(answer):
        raise Wrong(f"expected the function {signature}, got {_kind(answer)}")
    return answer


def _kind(value: Any) -> str:
    if isinstance(value, Tensor | np.ndarray):
        return f"an array of shape {tuple(value.shape)}"
    return "None" if value is None else f"an object of type {type(value).__name__}"


def _array(value: Any, shape: tuple[int, ...], name: str) -> Tensor:
    """The value as a float64 tensor of this shape, or `Wrong`."""
    if not isinstance(value, Tensor | np.ndarray | list | tuple):
        raise Wrong(f"{name}: expected an array of shape {shape}, got {_kind(value)}")
    try:
        array = torch.as_tensor(value).detach().to(F64)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{name}: expected an array of numbers of shape {shape}") from None
    if array.shape != shape:
        raise Wrong(f"{name}: expected the shape {shape}, got {tuple(array.shape)}")
    if not array.isfinite().all():
        raise Wrong(f"{name} holds nan or infinity")
    return array


def _off(got: Tensor, expected: Tensor) -> float:
    return float((got - expected).abs().max())


# 01.1 ---------------------------------------------------------------------------------------------


def check_weights(answer: Any) -> None:
    """Integrate powers of cos(beta), whose integrals are known."""
    rule = _function(answer, "weights(b)")
    for b in (4, 1, 7):
        w = _array(rule(b), (2 * b,), f"weights({b})")
        x = torch.as_tensor(np.cos(Grid(b).beta))
        if abs(float(w.sum()) - 2) > 1e-12:
            raise Wrong(f"your weights for b = {b} sum to {float(w.sum()):.4g}, not to 2")
        if _off(w, w.flip(0)) > 1e-12:
            raise Wrong(f"your weights for b = {b} treat north and south differently")
        for degree in range(2, 2 * b, 2):
            integral = float((w * x**degree).sum())
            if abs(integral - 2 / (degree + 1)) > 1e-12:
                raise Wrong(
                    f"with b = {b} your sum for cos(beta)^{degree} is {integral:.5g}, the integral "
                    f"{2 / (degree + 1):.5g}: the weights must be exact for every degree below 2b"
                )


# 01.2 ---------------------------------------------------------------------------------------------


def check_turn(answer: Any) -> None:
    """Compare with the signal itself, evaluated where the turned points came from."""
    turn, L = _function(answer, "turn(f, angle)"), 4
    f, angle = torch.randn(L * L, dtype=F64), 0.7
    got = _array(turn(f.clone(), angle), (L * L,), "turn(f, angle)")
    if _off(_array(turn(f.clone(), 0.0), (L * L,), "turn(f, 0)"), f) > 1e-10:
        raise Wrong("a turn by 0 changes the signal")
    if _off(got[[0, 2, 6, 12]], f[[0, 2, 6, 12]]) > 1e-10:
        raise Wrong("a coefficient with m = 0 changes: those harmonics are the same all around z")
    if _off(s2_power(got), s2_power(f)) > 1e-10:
        raise Wrong("the power of a degree changes: a rotation keeps the sum of squares")
    R = rotation_matrix(torch.tensor([angle, 0, 0], dtype=F64))
    if _off(got, rotate_s2_spectrum(f[None], R.T)[0]) < 1e-10:
        raise Wrong("the sphere turns the wrong way: the new signal at x is the old one at R^-1 x")
    exact = rotate_s2_spectrum(f[None], R)[0]
    if _off(got[1:4], exact[1:4]) < 1e-10 < _off(got, exact):
        raise Wrong("degree 1 is right, degree 2 is not: order m turns by m times the angle")
    points = random_rotations(6)[:, 0].numpy()
    here, there = spherical_harmonics(L, points), spherical_harmonics(L, points @ R.numpy())
    if _off(torch.as_tensor(here) @ got, torch.as_tensor(there) @ f) > 1e-10:
        raise Wrong("the turned signal at a point x is not the old signal at R^-1 x")


# 01.3 ---------------------------------------------------------------------------------------------


def _integral(f: Tensor, psi: Tensor, R: Tensor) -> float:
    """The correlation at one rotation, summed over a grid point by point."""
    L, grid = math.isqrt(len(f)), Grid(2 * math.isqrt(len(f)))
    w = torch.as_tensor(grid.weights / 2 / grid.n_alpha)[:, None]
    turned = torch.as_tensor(spherical_harmonics(L, grid.points @ R.numpy())) @ psi
    return float((w * turned * (torch.as_tensor(spherical_harmonics(L, grid.points)) @ f)).sum())


def check_correlate(answer: Any) -> None:
    """Evaluate the learner's spectrum at rotations, beside the integral."""
    correlate, L = _function(answer, "correlate(f, psi)"), 4
    f, psi = torch.randn(2, L * L, dtype=F64)
    got = correlate(f.clone(), psi.clone())
    if not isinstance(got, Sequence) or len(got) != L:
        raise Wrong(f"expected a list of {L} matrices for {L * L} coefficients, got {_kind(got)}")
    F = [_array(m, (2 * l + 1, 2 * l + 1), f"degree {l}") for l, m in enumerate(got)]
    right = solutions.correlate(f, psi)
    if all(_off(a, b.T) < 1e-10 for a, b in zip(F, right, strict=True)):
        raise Wrong("rows and columns are swapped: f belongs to the rows")
    for l, (mine, exact) in enumerate(zip(F, right, strict=True)):
        ratio = float((mine * exact).sum() / exact.square().sum())
        if abs(ratio - 1) > 1e-10 and _off(mine, ratio * exact) < 1e-10 * (1 + abs(ratio)):
            raise Wrong(f"degree {l} has the right form, but is {ratio:.4g} times too large")
    for R in random_rotations(5):
        D = [torch.as_tensor(d[0]) for d in wigner_D(L, euler_zyz(R).numpy())]
        terms = (math.sqrt(len(d)) * (d * m).sum() for d, m in zip(D, F, strict=True))
        value, integral = float(sum(terms)), _integral(f, psi, R)
        if abs(value - integral) > 1e-10:
            raise Wrong(
                f"at a random rotation the integral is {integral:.4g}, your spectrum gives "
                f"{value:.4g}: which coefficients of f and psi meet in one degree?"
            )


# 01.4 ---------------------------------------------------------------------------------------------


def check_integrate(answer: Any) -> None:
    """An integral over all rotations must not notice one more."""
    pool, b = _function(answer, "integrate(x)"), 4
    one = _array(pool(torch.ones(1, 2, *[2 * b] * 3, dtype=F64)), (1, 2), "integrate(x)")
    if _off(one, torch.ones_like(one)) > 1e-10:
        raise Wrong(f"the mean of a constant 1 comes out as {float(one[0, 0]):.4g}")
    x = SO3Transform(Grid(b), b).inverse(torch.randn(2, 3, so3_size(b), dtype=F64))
    got = _array(pool(x.clone()), (2, 3), "integrate(x)")
    turned = _array(
        pool(rotate_signal(x, random_rotations(2), "so3")), (2, 3), "integrate(turned x)"
    )
    change = _off(turned, got) / float(x.std())
    if change > 1e-10:
        raise Wrong(
            f"your result changes by {100 * change:.2g} % of the signal's spread when the signal "
            "turns: do all grid points stand for the same share of the rotations?"
        )
    if _off(got, so3_integrate(x)) > 1e-10:
        raise Wrong("your result is invariant, but it is not the mean over all rotations")


# 01.5 ---------------------------------------------------------------------------------------------


def check_count(answer: Any) -> None:
    """Vary one angle at a time."""
    count = _function(answer, "count(n_alpha, n_beta, n_gamma)")

    def ask(*points: int) -> float:
        value = count(*points)
        if not isinstance(value, Real) or not math.isfinite(value):
            raise Wrong(f"count{points}: expected a number, got {_kind(value)}")
        return float(value)

    gamma = ask(8, 3, 4) - ask(8, 3, 3)
    if gamma == 24 * (800 + 20):
        raise Wrong("the first layer's filter lives on the sphere: a point there has no gamma")
    if gamma != 24 * 800:
        raise Wrong(
            f"one more gamma changes your count by {gamma:g}: the second layer has one weight per "
            "input channel, output channel and point"
        )
    points = (ask(9, 3, 3) - ask(8, 3, 3), ask(8, 4, 3) - ask(8, 3, 3))
    if points != (3 * (20 + 3 * 800), 8 * (20 + 3 * 800)):
        raise Wrong("one more alpha or beta must add points to both layers' filters")
    rest = ask(8, 3, 3) - solutions.count(8, 3, 3)
    if rest:
        raise Wrong(
            f"the filters are right, the rest is off by {rest:g}: each layer has a bias per output "
            "channel, and a linear layer follows"
        )


# 01.6 ---------------------------------------------------------------------------------------------


@cache
def relu_error(b: int, kind: str = "soft") -> float:
    """Equivariance error of three ReLU layers with six degrees on grids of bandwidth ``b``.

    The layers (8 channels, wide filters) and the smooth input signals are always the same ones.
    """
    L, g = 6, torch.Generator().manual_seed(1)
    l = torch.repeat_interleave(torch.arange(L), 2 * torch.arange(L) + 1)
    x = S2Transform(Grid(b, kind), L).inverse(torch.randn(4, 1, L * L, generator=g) / (1 + l))
    R = random_rotations(4, torch.Generator().manual_seed(0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = S2Convolution(1, 8, b, b, s2_near_identity(1.0), L, kind)
        wide = so3_near_identity(1.0, math.pi, n_gamma=6)
        others = [SO3Convolution(8, 8, b, b, wide, L, kind) for _ in range(3)]

    def net(signal: Tensor) -> Tensor:
        signal = first(signal)
        for layer in others:
            signal = layer(signal.relu())
        return signal

    return equivariance_error(net, x, R)


def check_bandwidth(answer: Any) -> None:
    """Measure the error at the learner's bandwidth, and at the next smaller one."""
    if not isinstance(answer, Integral) or isinstance(answer, bool):
        raise Wrong(f"expected a bandwidth, a whole number, got {_kind(answer)}")
    if not 6 <= answer <= 16:
        raise Wrong("a grid for 6 degrees has a bandwidth of at least 6; more than 16 is a waste")
    error = relu_error(int(answer))
    if error >= 0.02:
        raise Wrong(f"at bandwidth {answer} the error is {100 * error:.2g} %, above 2 %")
    if answer > 6 and relu_error(int(answer) - 1) < 0.02:
        raise Wrong(f"bandwidth {answer} does it, but a coarser grid would do as well")


EXERCISES = {
    exercise.id: exercise
    for exercise in (
        Exercise(
            "01.1", "Quadrature on the sphere", 15, 1, check_weights,
            ("The formula has three factors: 2/b, sin(beta_j), and a sum of b sines of odd "
             "multiples of beta_j, each divided by its multiple.",
             "np.outer(beta, 2k + 1) gives all arguments of the inner sines at once; sum over k."),
            solutions.weights,
        ),
        Exercise(
            "01.2", "Turn a signal in its spectrum", 20, 2, check_turn,
            ("In degree l, the pair (m, -m) holds the amplitudes of cos(m alpha) and "
             "sin(m alpha). What becomes of them when alpha is replaced by alpha - angle?",
             "cos(m alpha - m angle) = cos(m angle) cos(m alpha) + sin(m angle) sin(m alpha): a "
             "plane rotation of the pair by m times the angle. Degree l starts at index l * l."),
            solutions.turn,
        ),
        Exercise(
            "01.3", "The Fourier theorem on the sphere", 20, 2, check_correlate,
            ("Only coefficients of the same degree meet. A vector of 2l+1 numbers from f and one "
             "from psi must give a matrix.",
             "The orientation of the output is turned by the input's rotation on the left, so f "
             "belongs to the rows. The constant makes up for the three factors sqrt(2l+1) of the "
             "bases: one of them too many."),
            solutions.correlate,
        ),
        Exercise(
            "01.4", "An invariant pooling", 15, 2, check_integrate,
            ("Near the poles the grid points crowd together. How much of the group does a row of "
             "constant beta stand for?",
             "Average over alpha and gamma; weight the rows with exercise 01.1's numbers, which "
             "sum to 2."),
            solutions.integrate,
        ),
        Exercise(
            "01.5", "Whose 58,550 parameters?", 10, 1, check_count,
            ("A filter on the sphere has n_alpha n_beta points, a filter on SO(3) "
             "n_alpha n_beta n_gamma. The layers are 1 to 20 and 20 to 40 channels, then 40 to 10.",
             "Weights per layer: inputs times outputs times points; then one bias per output, in "
             "all three layers."),
            solutions.count,
        ),
        Exercise(
            "01.6", "How fine must the grid of a ReLU be?", 10, 2, check_bandwidth,
            ("relu_error(b) measures the error of three ReLU layers with 6 degrees on grids of "
             "bandwidth b.",
             "The error falls at every step: try 6, 7, 8, ... and stop at the first below 2 %."),
            solutions.BANDWIDTH,
        ),
    )
}  # fmt: skip
