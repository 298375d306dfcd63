"""Exercises of chapter 04; their checks are in `checks`, the reference answers in `solutions`."""

from __future__ import annotations

from torch import Tensor

from cvlib.chapters.group_normalization import solutions
from cvlib.chapters.group_normalization.checks import (
    check_axes,
    check_backward,
    check_epsilon,
    check_fixed_group_norm,
    check_ghost,
    check_group_norm,
    check_stage_sizes,
)
from cvlib.course.page.exercises import Exercise


def buggy_group_norm(x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Group norm of x (N, C, *), with three bugs to find (exercise 04.7)."""
    n, c = x.shape[:2]
    grouped = x.reshape(n, c // groups, groups, -1)
    mean = grouped.mean((1, 3), keepdim=True)
    variance = grouped.var((1, 3), keepdim=True)
    normal = (grouped - mean) / (variance + eps).sqrt()
    gamma = weight[:: c // groups].reshape(1, 1, groups, 1)
    beta = bias.reshape(1, c // groups, groups, 1)
    return (normal * gamma + beta).reshape(x.shape)


EXERCISES: dict[str, Exercise] = {
    e.id: e
    for e in (
        Exercise(
            "04.1", "Four normalisations, four sets of axes", 10, 1, check_axes,
            ("Ask of every axis: does this normalisation take one mean over it, or one mean for "
             "each of its entries?",
             "All four average over the positions P. Batch norm alone averages over images; "
             "layer and group norm average over channels, and a channel's index is spread over "
             "the two axes G and C/G."),
            solutions.axes,
        ),
        Exercise(
            "04.2", "Group norm from scratch", 20, 2, check_group_norm,
            ("Reshape x to (N, G, m): a group is then one row, whatever dimensions follow C.",
             "Take the mean of a row, subtract it, take the mean square, add eps, take the root. "
             "Shape back to (N, C, P) before gamma and beta, which are per channel."),
            solutions.group_norm,
        ),
        Exercise(
            "04.3", "The gradient of group norm by hand", 35, 2, check_backward,
            ("x reaches the loss on three paths: directly, through the mean of its group, and "
             "through the variance. Start from g = dy gamma, the gradient of the normalised x.",
             "The two further paths take two directions out of g, inside each group: its mean, "
             "and its part along the normalised x. What is left is divided by sigma."),
            solutions.group_norm_backward,
        ),
        Exercise(
            "04.4", "The epsilon that halves a batch of two", 5, 1, check_epsilon,
            ("Two values at a distance d lie d/2 on either side of their mean.",
             "So the biased variance is (d/2)^2. Write the output as a function of eps and d, set "
             "it to 0.5 and solve."),
            solutions.EPSILON,
        ),
        Exercise(
            "04.5", "How many values stand behind a mean in ResNet-50", 10, 2, check_stage_sizes,
            ("Batch norm takes one mean per channel, over the images of its worker and all "
             "positions of the map.",
             "The stem's convolution halves 224, the max pool halves again, and conv3_x, conv4_x "
             "and conv5_x halve once each; conv2_x does not."),
            solutions.STAGE_SIZES,
        ),
        Exercise(
            "04.6", "Many workers in one pass of batch norm", 25, 3, check_ghost,
            ("Batch norm takes one mean per channel; here it is one per worker and channel. Which "
             "reshape gives the worker an axis of its own?",
             "Split B into (K, n): images of a worker are neighbours. Take mean and variance over "
             "n, H and W, keep their dimensions, normalise, and merge K and n again."),
            solutions.ghost_batch_norm,
        ),
        Exercise(
            "04.7", "Three bugs in a group norm", 20, 2, check_fixed_group_norm,
            ("Follow x[0, :, 0, 0] = 0, 1, 2, 3, 4, 5 through the first reshape with two groups: "
             "which channels get one mean?",
             "One bug is in the reshape, one in what a call of torch does by default, one in the "
             "number of gammas: weight has C entries, and all of them should be used."),
            solutions.fixed_group_norm,
        ),
    )
}  # fmt: skip
