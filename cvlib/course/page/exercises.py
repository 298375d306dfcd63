"""Exercises that check themselves: one line says right, wrong and why, or not attempted.

A chapter's package holds `EXERCISES`, a dict from id (`"04.1"`) to `Exercise`. In the notebook
the learner replaces a stub that returns `NotImplemented` and calls `check("04.1", answer)`.
"""

from __future__ import annotations

import inspect
import pprint
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch

from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.page import frontend
from cvlib.course.page.answers import Wrong

MARKS = {"right": "✓", "wrong": "✗", "untouched": "○"}
_hints_given: Counter[str] = Counter()


class _Untouched(Exception):
    """The learner's function returned `NotImplemented`: it is still the stub."""


@dataclass(frozen=True)
class Exercise:
    """One exercise and how its answers are judged.

    `check` calls the learner's answer and raises `Wrong` with the first property that fails.
    """

    id: str
    title: str
    minutes: int
    stars: int
    check: Callable[[Any], None]
    hints: tuple[str, str]
    solution: Any

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d\d\.\d", self.id):
            raise CourseError(f"exercise id {self.id!r} must look like '04.1'")
        if self.stars not in (1, 2, 3) or len(self.hints) != 2:
            raise CourseError(f"exercise {self.id} needs 1 to 3 stars and exactly two hints")


@dataclass(frozen=True)
class Verdict:
    """What a check found, and the sentence that the learner reads."""

    status: Literal["right", "wrong", "untouched"]
    message: str

    def __str__(self) -> str:
        return f"{MARKS[self.status]} {self.message}"


def exercise(id: str) -> Exercise:
    """The exercise with this id (`"04.1"` or `"4.1"`).

    Raises `CourseError` that lists the chapter's ids.
    """
    number, _, place = str(id).partition(".")
    known = chapter(number).module("exercises").EXERCISES
    name = f"{number.zfill(2)}.{place}"
    if name not in known:
        raise CourseError(f"there is no exercise {id!r}; this chapter has {', '.join(known)}")
    return known[name]


def _named(id: str) -> Exercise | None:
    """The exercise with this id, or None after one printed line that says which there are."""
    try:
        return exercise(id)
    except CourseError as error:
        print(error)
        return None


def check(id: str, answer: Any) -> None:
    """Print one line about the learner's answer; never raises, whatever id or answer it gets."""
    if task := _named(id):
        print(judge(task, answer))


def verdict(id: str, answer: Any) -> Verdict:
    """Judge an answer without printing."""
    return judge(exercise(id), answer)


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """Judge an answer to this exercise in a known state of torch, which is then put back."""
    watched = _Watched(answer)
    try:
        with _known_state():
            exercise.check(watched.watch())
    except _Untouched:
        effort = f"{exercise.minutes} min, {'★' * exercise.stars}{'☆' * (3 - exercise.stars)}"
        return Verdict("untouched", f"{exercise.id} not attempted ({effort})")
    except Wrong as wrong:
        return Verdict("wrong", f"{exercise.id} {wrong}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in an answer must not end the kernel
        return Verdict("wrong", f"{exercise.id} {watched.blame(error)}")
    return Verdict("right", f"{exercise.id} {exercise.title}")


@contextmanager
def _known_state() -> Iterator[None]:
    """Seeded generators, gradients on, float32 by default; all of it is put back afterwards."""
    dtype = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


class _Watched:
    """A learner's answer under observation: a stub is recognised, an exception is placed."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.raised: BaseException | None = None
        self.returned: str | None = None  # the type, once the answer is called and returns

    def watch(self) -> Any:
        """What the check gets: a function that watches the learner's, else the answer itself."""
        if self.answer is NotImplemented or _is_stub_class(self.answer):
            raise _Untouched
        return self._call if inspect.isroutine(self.answer) else self.answer

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        try:
            value = self.answer(*args, **kwargs)
        except BaseException as error:
            self.raised = error
            raise
        self.returned = type(value).__name__
        if value is NotImplemented:
            raise _Untouched
        return value

    def blame(self, error: BaseException) -> str:
        """Say where an unexpected exception came from."""
        what = type(error).__name__ + _first_line(error)
        if error is self.raised:
            return f"your answer raised {what}"
        if self.returned:
            return f"your answer returned something of type {self.returned} that fails: {what}"
        return f"your answer of type {type(self.answer).__name__} fails: {what}"


def _is_stub_class(answer: Any) -> bool:
    """True for a class, or a module of one, with a method that says `NotImplemented`."""
    kind = type(answer) if isinstance(answer, torch.nn.Module) else answer
    if not inspect.isclass(kind):
        return False
    methods = [
        method.__code__.co_names
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and (name in ("__init__", "__call__") or name[:2] != "__")
    ]
    return any("NotImplemented" in names for names in methods)


def _first_line(error: BaseException) -> str:
    try:
        lines = str(error).strip().splitlines()
    except BaseException:  # an exception class of the learner's with a broken __str__
        return ""
    return ": " + textwrap.shorten(lines[0], 160, placeholder=" …") if lines else ""


def hint(id: str) -> None:
    """Print the first hint, at the second call the second one."""
    task = _named(id)
    if task is None:
        return
    given = _hints_given[task.id]
    _hints_given[task.id] += 1
    if given < len(task.hints):
        print(f"Hint {given + 1} of {len(task.hints)} for {task.id}: {task.hints[given]}")
    else:
        print(f'There are no more hints for {task.id}; solution("{id}") shows one way to do it.')


def solution(id: str) -> None:
    """Show the reference answer, folded on a notebook's page, as plain text elsewhere.

    The stored notebook holds the folded form, so nobody reads a solution by accident.
    """
    task = _named(id)
    if task:
        title = f"Solution of {task.id}: {task.title}"
        frontend.folded(title, source_of(task.solution))


def show_source(title: str, *things: Any) -> None:
    """Show the source of functions or classes, folded: `show_source("The loop", train)`."""
    frontend.folded(title, "\n\n\n".join(source_of(thing) for thing in things))


def source_of(answer: Any) -> str:
    """The source of a function or class, or the text of a value."""
    if inspect.isroutine(answer) or inspect.isclass(answer):
        return textwrap.dedent(inspect.getsource(answer)).strip()
    return pprint.pformat(answer, sort_dicts=False)
