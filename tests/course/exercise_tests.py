"""What every chapter's exercises must pass: `from tests.course.exercise_tests import ...`."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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


def _converted(value: Any, convert: Callable[[torch.Tensor], Any]) -> Any:
    """The value with `convert` applied to the floating-point tensors in it."""
    if isinstance(value, tuple | list):
        return type(value)(_converted(v, convert) for v in value)
    if isinstance(value, float):
        return convert(torch.tensor(value, dtype=torch.float64))
    real = isinstance(value, torch.Tensor) and value.is_floating_point()
    return convert(value.detach()) if real else value


FORMS: dict[str, Callable[[torch.Tensor], Any]] = {
    "float32": torch.Tensor.float,
    "float64": torch.Tensor.double,
    "a list": torch.Tensor.tolist,
    "numpy": torch.Tensor.numpy,
}


def in_form(answer: Any, convert: Callable[[torch.Tensor], Any]) -> Any:
    """The answer, or the function with its output, in another form of the same numbers."""
    if not inspect.isroutine(answer):
        return _converted(answer, convert)
    return lambda *args, **kwargs: _converted(answer(*args, **kwargs), convert)


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        assert torch.get_default_dtype() == dtype, "the check left another default dtype behind"
        torch.set_default_dtype(torch.float32)


STATES: dict[str, Callable[[], Any]] = {
    "inference mode": torch.inference_mode,
    "gradients off": torch.no_grad,
    "default dtype float64": lambda: _default_dtype(torch.float64),
}


def assert_accepted(exercise: Exercise) -> None:
    """The reference answer is right in every form of the same numbers and in any torch state."""
    if not inspect.isclass(exercise.solution):
        for name, convert in FORMS.items():
            found = judge(exercise, in_form(exercise.solution, convert))
            assert found.status == "right", f"{exercise.id} as {name}: {found.message}"
    for name, state in STATES.items():
        with state():
            found = judge(exercise, exercise.solution)
        assert found.status == "right", f"{exercise.id} under {name}: {found.message}"


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
