"""Every solution passes; every plausible mistake is refused for its own reason."""

import pytest

from cvlib.chapters.video_to_video.exercises import EXERCISES
from tests.course.exercise_tests import assert_accepted, assert_exercise

WRONG = {
    "08.1": {
        "without the bias": (lambda x, weights, bias: x @ weights.T, "leave out b"),
        "columns": (lambda x, weights, bias: x @ weights + bias, "use the columns of W"),
        "twice": (lambda x, weights, bias: 2 * (x @ weights.T + bias), "are not W x + b"),
    },
}


@pytest.mark.parametrize("id", EXERCISES)
def test_the_solution_passes_and_mistakes_are_named(id):
    assert_exercise(EXERCISES[id], WRONG[id])
    assert_accepted(EXERCISES[id])
