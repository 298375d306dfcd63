"""Right answers are accepted in every form, in every written chapter."""

import pytest

from cvlib.course.chapters import written
from tests.course.exercise_tests import assert_accepted

CASES = [
    exercise for entry in written() for exercise in entry.module("exercises").EXERCISES.values()
]


@pytest.mark.parametrize("exercise", CASES, ids=lambda e: e.id)
def test_a_right_answer_is_right_in_every_form_and_state(exercise):
    assert_accepted(exercise)
