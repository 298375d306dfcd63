"""Exercises of chapter 04; their checks are in `checks`, the reference answers in `solutions`."""

from __future__ import annotations

from torch import Tensor

from cvlib.chapters.group_normalization import checks, solutions
from cvlib.course.page.exercises import Exercise


def buggy_merge(
    kernel: Tensor, offset: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor,
    eps: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A frozen batch norm merged into the convolution before it, with three bugs to find."""
    scale = gamma / (var.sqrt() + eps)
    new_kernel = kernel * scale[None, :, None, None]
    new_offset = offset + beta - mean * scale
    return new_kernel, new_offset


LISTED = (
    Exercise(
        "04.1", "The transformer's layer norm", 10, 1, checks.check_channel_norm,
        ("Write x as (N, C, *). Which single axis do mean and variance run over?",
         "Axis 1 alone, with keepdim=True; gamma and beta get the shape (1, C, 1, ...)."),
        solutions.channel_norm,
    ),
    Exercise(
        "04.2", "Group norm of padded sequences", 20, 2, checks.check_masked_group_norm,
        ("Start from the group norm of section 6, and replace each mean by a sum over the valid "
         "positions divided by how many values are valid.",
         "Set the differences from the mean to zero where the mask is false, before you square "
         "them; m is C/G times the number of valid positions, for each sequence its own."),
        solutions.masked_group_norm,
    ),
    Exercise(
        "04.3", "The gradient of batch norm", 30, 2, checks.check_backward,
        ("The derivation of 5.4 never used which values form the set. Which axes does the bar "
         "average over now?",
         "With g = dy gamma: take two directions out of g in each channel, its mean and its part "
         "along the normalised x. What is left is divided by sigma."),
        solutions.batch_norm_backward,
    ),
    Exercise(
        "04.4", "The epsilon that halves a batch of two", 5, 1, checks.check_epsilon,
        ("Two values at a distance d lie d/2 on either side of their mean.",
         "So the biased variance is (d/2)^2. Write the output as a function of eps and d, set "
         "it to 0.5 and solve."),
        solutions.EPSILON,
    ),
    Exercise(
        "04.5", "How many values stand behind a mean in ResNet-50", 10, 2, checks.check_stage_sizes,
        ("Batch norm takes one mean per channel, over the images of its worker and all "
         "positions of the map.",
         "The stem's convolution halves 224, the max pool halves again, and conv3_x, conv4_x "
         "and conv5_x halve once each; conv2_x does not."),
        solutions.STAGE_SIZES,
    ),
    Exercise(
        "04.6", "What the workers remember", 15, 2, checks.check_running_statistics,
        ("Reshape the batch so that the worker has an axis of its own, as in 6.3, and take a "
         "mean and a variance per worker and channel.",
         "Batch norm stores the unbiased variance. Average over the workers, then mix: "
         "(1 - momentum) old + momentum new."),
        solutions.running_statistics,
    ),
    Exercise(
        "04.7", "Three bugs in a merged batch norm", 20, 2, checks.check_merged,
        ("Write out what the two layers do to one output channel: a sum over the kernel, plus "
         "offset, minus mean, times a scale, plus beta.",
         "One bug is in the place of eps, one in the axis of the kernel, one in what becomes of "
         "the convolution's own offset."),
        solutions.merged,
    ),
)  # fmt: skip

EXERCISES = {exercise.id: exercise for exercise in LISTED}
