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
            "03.1", "The map that moves features least", 20, 2, checks.check_transport,
            ("P_S P_C gives the right covariance, but is no symmetric matrix. Look for a symmetric "
             "T with T cov_c T = cov_s.",
             "With R the symmetric root of cov_c: (R T R)^2 = R cov_s R. Take the root, then undo "
             "R on both sides."),
            solutions.transport,
        ),
        Exercise(
            "03.2", "The affinity of a grey photo", 15, 1, checks.check_grey_window,
            ("One channel: the covariance is a number, the variance, over 9 and not over 8.",
             "torch.outer(centred, centred) / (variance + eps / 9); then add 1 and divide by 9."),
            solutions.grey_window,
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
            "03.4", "The largest alpha for a budget of iterations", 10, 1,
            checks.check_largest_alpha,
            ("Section 5.4 goes from alpha to iterations: half the root of the condition number, "
             "times ln(2 / tol). Solve it for the condition number.",
             "kappa = (2 k / ln(2 / tol))^2, and kappa = 1 / (1 - alpha)."),
            solutions.largest_alpha,
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
