"""Three ways to solve A X = B for a symmetric positive definite A with a known spectrum.

`apply` is any function X -> A X; X and B are (q, H, W): q right-hand sides, solved side by side.
Every answer comes with the residual ||A X - B|| / ||B|| that it reached, the largest over q.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
from torch import Tensor

from cvlib.course.errors import CourseError

Operator = Callable[[Tensor], Tensor]


class Solution(NamedTuple):
    """What a solver returns: X (q, H, W), and the relative residual after each look at it."""

    X: Tensor
    iterations: int
    residuals: list[float]


def relative_residual(R: Tensor, B: Tensor) -> float:
    """max over the right-hand sides of ||R|| / ||B||; R, B (q, H, W). A zero B gives zero."""
    norms = B.flatten(1).norm(dim=1).clamp_min(torch.finfo(B.dtype).tiny)
    return float((R.flatten(1).norm(dim=1) / norms).max())


def conjugate_gradient(
    apply: Operator, B: Tensor, X0: Tensor, tol: float, max_iterations: int = 5000, every: int = 5
) -> Solution:
    """Conjugate gradients for every right-hand side at once (Hestenes and Stiefel 1952).

    The residual is read `every` iterations: each look makes a GPU wait. Raises CourseError when
    `max_iterations` do not reach `tol`.
    """
    X = X0.clone()
    R = B - apply(X)
    P = R.clone()
    energy = _dot(R, R)
    residuals = [relative_residual(R, B)]
    iteration = 0
    while residuals[-1] > tol:
        if iteration >= max_iterations:
            raise CourseError(_stalled("Conjugate gradients", iteration, residuals[-1], tol))
        AP = apply(P)
        step = energy / _dot(P, AP).clamp_min(torch.finfo(B.dtype).tiny)
        X.addcmul_(step, P)
        R.addcmul_(step, AP, value=-1)
        before, energy = energy, _dot(R, R)
        P.mul_(energy / before.clamp_min(torch.finfo(B.dtype).tiny)).add_(R)
        iteration += 1
        if iteration % every == 0:
            residuals.append(relative_residual(R, B))
    return Solution(X, iteration, residuals)


def chebyshev(
    apply: Operator,
    B: Tensor,
    X0: Tensor,
    tol: float,
    interval: tuple[float, float],
    max_iterations: int = 5000,
    every: int = 5,
) -> Solution:
    """The Chebyshev iteration for eigenvalues inside `interval` (Golub and Varga 1961).

    It needs no inner products, so nothing waits; the number of steps follows from the interval.
    Raises CourseError when `max_iterations` do not reach `tol`.
    """
    low, high = interval
    centre, half = (high + low) / 2, (high - low) / 2
    X = X0.clone()
    R = B - apply(X)
    step = R / centre
    rho = half / centre
    residuals = [relative_residual(R, B)]
    iteration = 0
    while residuals[-1] > tol:
        if iteration >= max_iterations:
            raise CourseError(_stalled("The Chebyshev iteration", iteration, residuals[-1], tol))
        X += step
        R -= apply(step)
        before, rho = rho, 1 / (2 * centre / half - rho)
        step.mul_(rho * before).add_(R, alpha=2 * rho / half)
        iteration += 1
        if iteration % every == 0:
            residuals.append(relative_residual(R, B))
    return Solution(X, iteration, residuals)


def direct(A: scipy.sparse.csr_array, B: Tensor, permutation: str = "MMD_AT_PLUS_A") -> Solution:
    """Sparse LU of a symmetric A (n, n) with SuperLU; B (q, H, W), n = H*W; float64 inside.

    Told that A is symmetric, SuperLU orders A + A^T and keeps the pivots on the diagonal: several
    times faster than its default for any matrix, `permutation="COLAMD"`.
    """
    n = A.shape[0]
    symmetric = permutation != "COLAMD"
    options = {"diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}} if symmetric else {}
    right = np.ascontiguousarray(B.double().cpu().numpy().reshape(-1, n).T)
    X = scipy.sparse.linalg.splu(A.tocsc(), permc_spec=permutation, **options).solve(right)
    residual = np.linalg.norm(A @ X - right, axis=0)
    norms = np.maximum(np.linalg.norm(right, axis=0), np.finfo(float).tiny)
    solved = torch.from_numpy(np.ascontiguousarray(X.T)).view(B.shape)
    return Solution(solved.to(B), 1, [float((residual / norms).max())])


def _dot(X: Tensor, Y: Tensor) -> Tensor:
    """Inner products of each right-hand side, (q, 1, 1)."""
    return torch.linalg.vecdot(X.flatten(1), Y.flatten(1))[:, None, None]


def _stalled(name: str, iterations: int, residual: float, tol: float) -> str:
    return (
        f"{name} reached a residual of {residual:.1e} after {iterations} iterations, not "
        f"{tol:.1e}: allow more iterations, a larger tol, or use float64."
    )
