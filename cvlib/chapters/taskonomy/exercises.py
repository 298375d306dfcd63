"""Exercises of chapter 05; their checks are in `checks`, the reference answers in `solutions`."""

from __future__ import annotations

from cvlib.chapters.taskonomy import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES: dict[str, Exercise] = {
    e.id: e
    for e in (
        Exercise(
            "05.1", "A tournament in which a small lead is a tie", 15, 1, checks.check_margin,
            ("Take the difference of the losses of every pair on every picture: broadcasting "
             "(1, n, N) against (n, 1, N) gives (n, n, N).",
             "Player i wins where j loses more by over `margin`, ties where the difference is at "
             "most `margin` in size. Count 1 and 1/2, and take the mean over the pictures."),
            solutions.tournament_with_margin,
        ),
        Exercise(
            "05.2", "How consistent is a tournament?", 20, 2, checks.check_inconsistency,
            ("Run the page's power iteration, but keep the eigenvalue instead of the vector.",
             "At the fixed point the image of v is λ v; since v sums to 1, the image sums to λ. "
             "Then subtract n and divide by n - 1."),
            solutions.inconsistency,
        ),
        Exercise(
            "05.3", "Is this policy allowed?", 20, 2, checks.check_allowed,
            ("Three questions: does every chosen transfer have all its sources among the "
             "supervised tasks? Is every target solved once? Is the cost within the budget?",
             "The targets are those of all edges, not of the chosen ones. Compare the sorted list "
             "of solved targets with the sorted targets: a target that is missing or solved twice "
             "shows. Sum the costs of the supervised tasks, used or not."),
            solutions.allowed,
        ),
        Exercise(
            "05.4", "The smallest budget that comes near parity", 10, 1, checks.check_budget,
            ("`policies[\"settings\"][\"order 1\"]` holds a line a budget: budget, labels, gain, "
             "quality, policy.",
             "Quality rises with the budget here: take the first line whose quality is at least "
             "0.4."),
            solutions.SMALLEST_BUDGET,
        ),
        Exercise(
            "05.5", "The clip that halves a champion", 15, 2, checks.check_clip,
            ("All 26 others tie with one another, so their odds are 1. The champion's odds "
             "against each are o = (1 - ε) / ε. Such a matrix is consistent.",
             "So the affinities stand as o to 1 to 1 ...: the champion has o / (o + 26). Set it "
             "to one half and solve for ε."),
            solutions.HALF,
        ),
        Exercise(
            "05.6", "Where greed is not enough", 20, 3, checks.check_counterexample,
            ("Greed takes first what helps most at once. Make one task that helps two targets a "
             "little, and two tasks that help one target each a lot.",
             "With a budget of two, the generalist first leaves room for one specialist only. "
             "Choose the numbers so that both specialists together are clearly better."),
            solutions.COUNTEREXAMPLE,
        ),
        Exercise(
            "05.7", "The ledger, solved for the budget", 15, 2, checks.check_largest_budget,
            ("γ tasks have all labels; the other n - γ targets are read out and need the share "
             "`ratio` each. Write the labels over n, and ask that they be at most `share`.",
             "γ + (n - γ) r ≤ s n. Solve for γ and round down; mind a γ that is whole up to "
             "rounding errors."),
            solutions.largest_budget,
        ),
    )
}  # fmt: skip
