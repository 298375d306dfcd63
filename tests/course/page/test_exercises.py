import types

import pytest
import torch

from cvlib.course.chapters import Chapter
from cvlib.course.errors import CourseError
from cvlib.course.page import exercises
from cvlib.course.page.exercises import Exercise, Wrong, check, hint, judge, solution, verdict
from tests.course.exercise_tests import assert_exercise


def double(x):
    """Twice x."""
    return 2 * x


def check_double(answer):
    x = torch.randn(3)
    out = answer(x)
    if out.shape != x.shape:
        raise Wrong("your output changes the shape")
    if not torch.equal(out, 2 * x):
        raise Wrong("your output is not twice the input")


HINTS = ("use *", "2 * x")
DOUBLE = Exercise("04.1", "Twice", 15, 2, check_double, HINTS, double)


@pytest.fixture(autouse=True)
def _exercises(monkeypatch):
    module = types.SimpleNamespace(EXERCISES={"04.1": DOUBLE})
    monkeypatch.setattr(Chapter, "module", lambda self, part: module)
    monkeypatch.setattr(exercises, "_hints_given", exercises.Counter())


def test_the_helper_of_the_chapters_accepts_a_good_exercise():
    wrong = {
        "adds two": (lambda x: x + 2, "not twice"),
        "drops an element": (lambda x: 2 * x[1:], "changes the shape"),
        "raises": (lambda x: x.double_it(), "your answer raised AttributeError"),
    }
    assert_exercise(DOUBLE, wrong)


def test_the_helper_of_the_chapters_rejects_a_check_that_accepts_everything():
    lax = Exercise("04.1", "Twice", 15, 2, lambda answer: None, HINTS, double)
    with pytest.raises(AssertionError, match="does not see"):
        assert_exercise(lax, {name: (lambda x: x, "not") for name in "abc"})


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (double, "✓ 04.1 Twice"),
        (NotImplemented, "○ 04.1 not attempted (15 min, ★★☆)"),
        (lambda x: NotImplemented, "○ 04.1 not attempted (15 min, ★★☆)"),
        (lambda x: x, "✗ 04.1 your output is not twice the input"),
        (None, "✗ 04.1 your answer of type NoneType fails: TypeError"),
        (lambda x: None, "✗ 04.1 your answer returned something of type NoneType that fails"),
        (lambda x: {}["a"], "✗ 04.1 your answer raised KeyError: 'a'"),
    ],
)
def test_one_line_for_each_kind_of_answer(answer, line, capsys):
    check("04.1", answer)
    printed = capsys.readouterr().out
    assert printed.startswith(line)
    assert printed.count("\n") == 1


class Silent(BaseException):
    def __str__(self):
        raise RuntimeError("no text")


class Untruthful:
    @property
    def __class__(self):
        raise RuntimeError("no class")


def _raise(error):
    raise error


def _endless(x):
    return _endless(x)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: _raise(Silent()),
        lambda x: _raise(SystemExit()),
        lambda x: _raise(GeneratorExit()),
        lambda x: _raise(ValueError("a\nb" * 10_000)),
        _endless,
        lambda x: Untruthful(),
        torch.nn.Linear,
        print,
    ],
)
def test_a_check_never_raises(answer):
    assert verdict("04.1", answer).status == "wrong"
    assert len(verdict("04.1", answer).message) < 300


def test_a_check_never_raises_for_an_object_that_hides_its_class():
    assert verdict("04.1", Untruthful()).status == "wrong"


def test_the_learner_may_still_interrupt():
    with pytest.raises(KeyboardInterrupt):
        check("04.1", lambda x: _raise(KeyboardInterrupt()))


def test_a_check_leaves_the_notebooks_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(2)
    torch.manual_seed(7)
    verdict("04.1", double)
    assert torch.equal(torch.rand(2), expected)


def test_a_stub_in_a_class_is_untouched_but_a_finished_class_is_not():
    class Stub(torch.nn.Module):
        def forward(self, x):
            return NotImplemented

    class Finished(torch.nn.Module):
        def forward(self, x):
            return 2 * x

        def __eq__(self, other):
            return NotImplemented

        __hash__ = None

    of_class = Exercise("04.1", "T", 5, 1, lambda cls: check_double(cls()), HINTS, Finished)
    assert judge(of_class, Stub).status == "untouched"
    assert judge(DOUBLE, Stub()).status == "untouched"
    assert judge(of_class, Finished).status == "right"


def test_two_hints_and_then_the_way_to_the_solution(capsys):
    for _ in range(3):
        hint("04.1")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Hint 1 of 2 for 04.1: use *",
        "Hint 2 of 2 for 04.1: 2 * x",
        'There are no more hints for 04.1; solution("04.1") shows one way to do it.',
    ]


def test_the_solution_is_plain_text_without_a_page(capsys):
    solution("04.1")
    assert "def double(x):\n" in capsys.readouterr().out


def test_the_solution_is_folded_and_escaped_on_a_page(monkeypatch):
    shown = []
    monkeypatch.setattr(exercises.frontend, "in_kernel", lambda: True)
    monkeypatch.setattr(exercises.frontend, "display", lambda data: shown.append(data))
    monkeypatch.setattr(exercises, "source_of", lambda answer: "a < b")
    solution("04.1")
    (data,) = shown
    assert data["text/html"].startswith("<details><summary>Solution of 04.1")
    assert "a &lt; b" in data["text/html"]
    assert "<" not in data["text/plain"]


@pytest.mark.parametrize("ask", [lambda id: check(id, double), hint, solution])
def test_an_unknown_exercise_is_one_line_that_names_the_known_ones(ask, capsys):
    for id in ("04.9", "x", "99.1", ""):
        ask(id)
        line = capsys.readouterr().out
        assert "there is no" in line
        assert line.count("\n") == 1
    ask("04.9")
    assert "this chapter has 04.1" in capsys.readouterr().out


def test_the_leading_zero_may_be_left_out(capsys):
    check("4.1", double)
    assert capsys.readouterr().out.startswith("✓ 04.1")


def test_a_check_runs_in_a_known_state_and_puts_it_back():
    seen = []

    def look(answer):
        seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
        seen.append(torch.get_default_dtype())
        torch.set_default_dtype(torch.float16)

    exercise = Exercise("04.1", "T", 1, 1, look, HINTS, double)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode():
            judge(exercise, double)
            assert torch.is_inference_mode_enabled()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert seen == [(True, False), torch.float32]


@pytest.mark.parametrize("change", [{"id": "4.1"}, {"stars": 4}, {"hints": ("one",)}])
def test_a_malformed_exercise_is_refused(change):
    fields = {"id": "04.1", "stars": 1, "hints": HINTS, **change}
    with pytest.raises(CourseError):
        Exercise(title="T", minutes=1, check=check_double, solution=double, **fields)
