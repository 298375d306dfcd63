"""The exercises of chapter 07."""

from __future__ import annotations

from cvlib.chapters.ganimation import checks, solutions
from cvlib.course.page.exercises import Exercise

_ALL = (
    Exercise(
        "07.1", "a mask in our convention, whoever made it", 15, 2, checks.check_repainted,
        (
            "the mean of a mask does not tell: there are large changes and small ones",
            "compose both ways and see which one gives the result",
        ),
        solutions.repainted,
    ),
    Exercise(
        "07.2", "the gradient penalty of patches", 20, 2, checks.check_patch_penalties,
        (
            "a picture has one score: the mean of its patches, or their sum",
            "the gradient of a sum of linear scores is the sum of their rows",
        ),
        solutions.patch_penalties,
    ),
    Exercise(
        "07.3", "a muscle of your own: AU 15", 20, 2, checks.check_droop,
        (
            "measure each point's distance to the nearer corner; |x| makes both one",
            "(1 - d^2 / 0.15^2)^2 inside and 0 outside ends without a jump",
        ),
        solutions.droop,
    ),
    Exercise(
        "07.4", "agreement that forgives no shift", 20, 2, checks.check_absolute_agreement,
        (
            "it is ICC(3,1) with one more term in the denominator",
            "2/n times (the raters' mean square less what is left)",
        ),
        solutions.absolute_agreement,
    ),
    Exercise(
        "07.5", "the price at which copying pays", 15, 3, checks.check_break_even,
        (
            "write down what a copy pays and what a painted face pays, and set them equal",
            "a copy pays for reading only; a painted face for reading, the cycle and two maps",
        ),
        solutions.break_even,
    ),
    Exercise(
        "07.6", "a tracker's scores as controls", 15, 1, checks.check_smile_and_lips,
        (
            "average left and right first",
            "parted lips: the strongest of three, less `mouthClose`, cut to [0, 1]",
        ),
        solutions.smile_and_lips,
    ),
)  # fmt: skip
EXERCISES = {exercise.id: exercise for exercise in _ALL}
