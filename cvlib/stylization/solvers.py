"""Solving A X = B for a symmetric positive definite A with a known spectrum.

`apply` is any function X -> A X; X and B are (q, H, W): q right-hand sides, solved side by side.
Conjugate gradients and the Chebyshev iteration update their residual instead of computing it, and
in single precision that number drifts away from the truth: they may use it to decide when to stop,
never to report. `refined` computes B - A X anew in double precision and goes on until it is small.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from cvlib.course.errors import CourseError

Operator = Callable[[Tensor], Tensor]
# (right-hand sides, tolerance) -> (X, iterations): a solver that starts from zero
Solver = Callable[[Tensor, float], tuple[Tensor, int]]
# (apply, B, X0) -> X and R before the first and after every step
Steps = Callable[[Operator, Tensor, Tensor], Iterator[tuple[Tensor, Tensor]]]
ITERATIONS = 5000  # of one call: ten times what alpha = 0.9999 needs
ROUNDS = 20  # of refinement: one or two are usual


class Solution(NamedTuple):
    """X (q, H, W) float64, all iterations, and ||A X - B|| / ||B|| as computed from this X."""

    X: Tensor
    iterations: int
    residual: float


def relative_residual(R: Tensor, B: Tensor) -> float:
    """max over the right-hand sides of ||R|| / ||B||; R, B (q, H, W). A zero B gives zero."""
    norms = B.flatten(1).norm(dim=1).clamp_min(torch.finfo(B.dtype).tiny)
    return float((R.flatten(1).norm(dim=1) / norms).max())


def refined(solve: Solver, apply: Operator, B: Tensor, X0: Tensor, tol: float) -> Solution:
    """X with a true residual of at most tol: what is left is solved again until it is small.

    `apply` and B are float64, whatever precision `solve` works in (iterative refinement, Wilkinson
    1963). Raises CourseError when `solve` does not bring the residual down.
    """
    X = X0.double()
    R = B - apply(X)
    residual = relative_residual(R, B)
    iterations = 0
    for _ in range(ROUNDS):
        if residual <= tol:
            return Solution(X, iterations, residual)
        correction, used = solve(R, 0.5 * tol / residual)
        X = X + correction
        R = B - apply(X)
        residual = relative_residual(R, B)
        iterations += used
    raise CourseError(
        f"the residual is still {residual:.1e} after {iterations} iterations, not {tol:.1e}: "
        "take a larger tol or dtype=torch.float64"
    )


def gradient_steps(apply: Operator, B: Tensor, X0: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """X and the updated residual R before the first and after every step, in place, without end.

    Conjugate gradients for every right-hand side at once (Hestenes and Stiefel 1952).
    """
    tiny = torch.finfo(B.dtype).tiny
    X = X0.clone()
    R = B - apply(X)
    P = R.clone()
    energy = _dot(R, R)
    while True:
        yield X, R
        AP = apply(P)
        step = energy / _dot(P, AP).clamp_min(tiny)
        X.addcmul_(step, P)
        R.addcmul_(step, AP, value=-1)

        before, energy = energy, _dot(R, R)
        P.mul_(energy / before.clamp_min(tiny)).add_(R)


def chebyshev_steps(
    apply: Operator, B: Tensor, X0: Tensor, interval: tuple[float, float]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The same for the Chebyshev iteration on eigenvalues inside `interval` (Golub, Varga 1961).

    It needs no inner products; the number of steps follows from the interval.
    """
    low, high = interval
    centre, half = (high + low) / 2, (high - low) / 2
    X = X0.clone()
    R = B - apply(X)
    step = R / centre
    rho = half / centre
    while True:
        yield X, R
        X += step
        R -= apply(step)

        before, rho = rho, 1 / (2 * centre / half - rho)
        step.mul_(rho * before).add_(R, alpha=2 * rho / half)


def run_until(
    steps: Iterator[tuple[Tensor, Tensor]], B: Tensor, tol: float, every: int = 5
) -> tuple[Tensor, int]:
    """Iterate until the updated residual is at most tol ||B||: X (q, H, W) and the iterations.

    The residual is read `every` iterations: each look makes a GPU wait. Raises CourseError after
    `ITERATIONS`.
    """
    for look, (X, R) in enumerate(islice(steps, 0, ITERATIONS + 1, every)):
        if relative_residual(R, B) <= tol:
            return X, look * every
    raise CourseError(
        f"{ITERATIONS} iterations do not bring the residual to {tol:.1e}: take a larger tol, a "
        "smaller alpha, or dtype=torch.float64"
    )


def _dot(X: Tensor, Y: Tensor) -> Tensor:
    """Inner products of each right-hand side, (q, 1, 1)."""
    return torch.linalg.vecdot(X.flatten(1), Y.flatten(1))[:, None, None]
