"""Exercises of chapter 03; their checks are in `checks`, the reference answers in `solutions`."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.chapters.fast_photo_style import checks, solutions
from cvlib.course.page.exercises import Exercise


def bordered_smooth(W: Tensor, Y: Tensor, alpha: float) -> Tensor:
    """The released normalisation, which turns a grey photo's border dark (exercise 03.5)."""
    root = W.sum(1).rsqrt()
    S = root[:, None] * W * root
    identity = torch.eye(len(W), dtype=W.dtype)
    return (1 - alpha) * torch.linalg.solve(identity - alpha * S, Y)


EXERCISES: dict[str, Exercise] = {
    e.id: e
    for e in (
        Exercise(
            "03.1", "The symmetric square root of a covariance", 15, 1, checks.check_square_roots,
            ("torch.linalg.eigh gives cov = E L E^T. What is E L^(1/2) E^T squared?",
             "The inverse takes L^(-1/2). Keep only eigenvalues above 1e-5 of the largest: the "
             "others are directions in which nothing varies."),
            solutions.square_roots,
        ),
        Exercise(
            "03.2", "What one window adds to the affinity", 20, 2, checks.check_window_affinity,
            ("Subtract the mean colour first. The covariance divides by 9, not by 8.",
             "All 81 products at once: centred @ solve(cov + eps/9 I, centred.T); then add 1 and "
             "divide by 9."),
            solutions.window_affinity,
        ),
        Exercise(
            "03.3", "The guided filter is one step of the walk", 15, 2,
            checks.check_guided_by_walk,
            ("matting_affinity(content, eps).apply(Y) is W Y; a step of the walk is D^-1 W Y.",
             "The degree is W applied to ones. The affinity regularises with eps/9, the guided "
             "filter with eps: which eps must the affinity get?"),
            solutions.guided_by_walk,
        ),
        Exercise(
            "03.4", "How many iterations conjugate gradients need", 10, 1,
            checks.check_cg_iterations,
            ("The eigenvalues lie in [1 - alpha, 1], so the condition number kappa is known.",
             "The error falls by 2 ((sqrt(kappa) - 1) / (sqrt(kappa) + 1))^k, which is about "
             "2 exp(-2 k / sqrt(kappa)). Solve for k."),
            solutions.cg_iterations,
        ),
        Exercise(
            "03.5", "A grey photo stays grey", 20, 2, checks.check_smooth_dense,
            ("S = D^-1/2 W D^-1/2 times ones is not ones where the degree changes.",
             "D^-1 W times ones is ones. Three lines change."),
            solutions.smooth_dense,
        ),
        Exercise(
            "03.6", "The first decoder needs no training", 30, 3, checks.check_fit_decoder,
            ("One convolution without a ReLU is linear in its weights: least squares.",
             "F.unfold of the reflect-padded features gives a row of C*9 numbers a pixel; append a "
             "one for the bias and solve for the three colours at once."),
            solutions.fit_decoder,
        ),
    )
}  # fmt: skip
