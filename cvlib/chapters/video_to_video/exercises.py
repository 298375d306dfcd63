"""Exercises of chapter 08; their checks are in `checks`, the answers in `solutions`."""

from __future__ import annotations

from cvlib.chapters.video_to_video import solutions
from cvlib.chapters.video_to_video.checks import check_scores
from cvlib.course.page.exercises import Exercise

# TODO: three core and two stretch exercises, each a variant of what the page shows.
EXERCISES: dict[str, Exercise] = {
    e.id: e
    for e in (
        Exercise(
            "08.1", "Scores of a linear classifier", 10, 1, check_scores,
            ("One score per class: the inner product of x with that class's weights.",
             "x (B, 2) times the transpose of W (2, 2), plus b (2,)."),
            solutions.scores,
        ),
    )
}  # fmt: skip
