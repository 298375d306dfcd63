"""Exercises of chapter 09; their checks are in `checks`, one right answer each in `solutions`."""

from __future__ import annotations

from cvlib.chapters.everybody_dance_now import checks, solutions
from cvlib.course.page.exercises import Exercise

EXERCISES: dict[str, Exercise] = {
    "09.1": Exercise(
        "09.1", "The way back", 15, 2, checks.check_undo,
        ("The placed foot lies at m(a) = t_min + u (t_max - t_min). Solve for u, then for a.",
         "With u you know the scale c that was used: divide by it, in y about the foot, in x about "
         "the middle column. Calling `normalize` with the people swapped uses another scale."),
        solutions.undo,
    ),
    "09.2": Exercise(
        "09.2", "The worst miss of the wrong pivot", 20, 2, checks.check_worst_miss,
        ("Write c(a) as far + slope (a - low). The miss (c(a) - 1)(a - first) is a parabola.",
         "Its roots are `first` and the row where c = 1; the vertex lies halfway. Compare the two "
         "ends and, if it is on the stage, the vertex, by size."),
        solutions.worst_miss,
    ),
    "09.3": Exercise(
        "09.3", "A stick thinner than a pixel", 10, 1, checks.check_coverage,
        ("The pixel reaches from d - 1/2 to d + 1/2, the stick from -width/2 to width/2.",
         "How long is the overlap of two intervals? The lesser right end minus the greater left "
         "end, or 0."),
        solutions.coverage,
    ),
    "09.4": Exercise(
        "09.4", "Smooth along a line", 25, 3, checks.check_smooth_lines,
        ("For every frame: weights over all frames, their mean time and mean place, and a slope.",
         "With lag = time - this frame: slope = sum(w (lag - mean lag) place) / "
         "sum(w (lag - mean lag)^2), and the line at lag 0 is mean place - slope mean lag."),
        solutions.smooth_lines,
    ),
    "09.5": Exercise(
        "09.5", "Drag a wrist", 20, 2, checks.check_elbow,
        ("Shoulder, elbow and wrist are a triangle with known sides: how far along the way to the "
         "wrist lies the elbow, and how far aside?",
         "Along: (distance^2 + upper^2 - lower^2) / (2 distance), kept within -upper and upper. "
         "Aside: the root of upper^2 - along^2, in the direction (-ahead_y, ahead_x)."),
        solutions.elbow,
    ),
    "09.6": Exercise(
        "09.6", "Who is accused", 15, 2, checks.check_wrongly_accused,
        ("Two rates do not depend on how many fakes there are: the share of real clips that is "
         "flagged, and the share of generated ones.",
         "Of all clips, flagged and real are rate_real (1 - share), flagged and generated "
         "rate_fake share. Divide the first by the sum of both."),
        solutions.wrongly_accused,
    ),
}  # fmt: skip
