"""What every chapter's exercises must pass: `from tests.course.exercise_tests import ...`."""

from collections.abc import Mapping
from typing import Any

import torch

from cvlib.course.page.exercises import Exercise, judge, source_of


def _raises(*_args, **_kwargs):
    raise ArithmeticError("on purpose")


def _exits(*_args, **_kwargs):
    raise SystemExit(3)


GARBAGE = {
    "None": None,
    "a number": 3,
    "a text": "x" * 1_000_000,
    "an empty tensor": torch.zeros(0),
    "an object": object(),
    "a class": type("Answer", (), {}),
    "returns None": lambda *a, **k: None,
    "returns a text": lambda *a, **k: "x",
    "returns an empty tensor": lambda *a, **k: torch.zeros(0),
    "takes nothing": lambda: 1,
    "raises": _raises,
    "exits": _exits,
}


def assert_exercise(exercise: Exercise, wrong: Mapping[str, tuple[Any, str]]) -> None:
    """The solution passes, a stub is recognised, mistakes are named, nothing makes it raise.

    wrong: at least three plausible mistakes, name -> (answer, part of the message it must get).
    """
    assert len(wrong) >= 3, f"{exercise.id}: at least three plausible wrong answers"
    right = judge(exercise, exercise.solution)
    assert (right.status, right.message) == ("right", f"{exercise.id} {exercise.title}"), right
    assert source_of(exercise.solution)
    for stub in (NotImplemented, lambda *a, **k: NotImplemented):
        if callable(exercise.solution) or stub is NotImplemented:
            untouched = judge(exercise, stub).status == "untouched"
            assert untouched, f"{exercise.id} does not see that {stub} is the stub"
    for name, (answer, fragment) in wrong.items():
        verdict = judge(exercise, answer)
        assert verdict.status == "wrong", f"{exercise.id} accepts {name}"
        assert fragment in verdict.message, f"{exercise.id}, {name}: {verdict.message}"
    for name, answer in GARBAGE.items():
        verdict = judge(exercise, answer)
        assert verdict.status == "wrong", f"{exercise.id} accepts garbage: {name}"
        assert len(verdict.message) < 400, f"{exercise.id}, {name}: a message of one line"
        assert "\n" not in verdict.message, f"{exercise.id}, {name}: a message of one line"
