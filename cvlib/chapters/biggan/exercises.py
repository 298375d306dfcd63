"""Exercises of chapter 10; their checks are in `checks`, one right answer each in `solutions`."""

from __future__ import annotations

from cvlib.chapters.biggan import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES: dict[str, Exercise] = {
    "10.1": Exercise(
        "10.1", "How wide is truncated noise", 10, 1, checks.check_truncated_std,
        ("The density inside [-t, t] is the normal one divided by the probability of being inside, "
         "`math.erf(t / sqrt(2))`; the mean is 0.",
         "Integrate z^2 phi(z) by parts: -z phi(z) at the borders plus the probability inside. "
         "Divide by that probability and take the root."),
        solutions.truncated_std,
    ),
    "10.2": Exercise(
        "10.2", "The push of the full penalty", 20, 2, checks.check_full_penalty_gradient,
        ("Write the penalty as the sum of squares of M = WW' - I and let W change by dW.",
         "dM = dW W' + W dW', and M is symmetric, so both terms give the same: "
         "d|M|^2 = 4 <M W, dW>."),
        solutions.full_penalty_gradient,
    ),
    "10.3": Exercise(
        "10.3", "What sharing the class vectors saves", 15, 2, checks.check_conditioning,
        ("A conditional batch norm with C channels has a gain and a bias for each of them.",
         "Tables: 2 K C a batch norm. Shared: K times the vector once, then 2 linear maps without "
         "bias a batch norm, from vector plus chunk to C."),
        solutions.conditioning,
    ),
    "10.4": Exercise(
        "10.4", "Back to the last good checkpoint", 15, 2, checks.check_checkpoint_before,
        ("Walk through neighbours of the log until one is more than `growth` times the one before.",
         "Of the saved steps take the largest that is smaller than the step of the jump; without a "
         "jump take the largest of all."),
        solutions.checkpoint_before,
    ),
    "10.5": Exercise(
        "10.5", "Coverage, recall's sturdier sister", 20, 3, checks.check_coverage,
        ("Around each real image lies a ball that reaches to its k-th real neighbour.",
         "Sort each row of real_real: place 0 is the image itself, place k the radius. A real "
         "image is covered if its nearest fake is no farther than that."),
        solutions.coverage,
    ),
    "10.6": Exercise(
        "10.6", "Clamp one singular value", 15, 3, checks.check_clamped,
        ("Only the first singular value changes; the limit is `ratio` times the second.",
         "W minus (s0 - limit) u0 v0', but only if s0 is above the limit."),
        solutions.clamped,
    ),
}  # fmt: skip
