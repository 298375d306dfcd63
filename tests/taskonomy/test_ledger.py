import pytest

from cvlib.course.errors import CourseError
from cvlib.taskonomy.ledger import (
    Books,
    favourable_set,
    noted,
    of_tasks,
    random_sets,
    read_back,
    within,
    written,
)
from tests.taskonomy.worlds import random_problem


@pytest.fixture
def books():
    problem = random_problem(0, cost={})
    top = max(problem.affinities.values())
    gain = {e: p / top for e, p in problem.affinities.items()}
    quality = {e: 0.5 if e.full else p / (2 * top) for e, p in problem.affinities.items()}
    return problem, Books(gain, quality, 120, 15, frozenset("gh"))


def test_lines_rise_with_the_budget_and_the_last_within_a_share_is_taken(books):
    problem, book = books
    lines = book.lines(problem, range(1, 9))
    objectives = [line.policy.objective for line in lines]
    assert objectives == sorted(objectives)
    line = within(lines, 0.5)
    assert line.labels <= 0.5
    assert all(x.labels > 0.5 or x.labels <= line.labels for x in lines)
    with pytest.raises(CourseError, match="no policy needs at most 1% of the labels"):
        within(lines, 0.01)


def test_notes_are_plain_and_edges_can_be_read_back(books):
    problem, book = books
    (line,) = noted(book.lines(problem, [3]))
    assert set(line["policy"]) == set("abcde")
    assert all(isinstance(s, list) for s in line["policy"].values())
    found = read_back(written(problem.affinities, book.gain, book.quality))
    for mine, original in zip(found, (problem.affinities, book.gain, book.quality), strict=True):
        assert mine.keys() == original.keys()
        assert all(mine[e] == pytest.approx(original[e], abs=1e-3) for e in mine)


def test_free_tasks_cost_nothing_in_a_ledger(books):
    problem, book = books
    small = of_tasks(problem, ["a", "b"], book.free)
    assert small.cost == {"g": 0.0, "h": 0.0}
    assert small.solve(0).used <= book.free
    assert book.line(small.solve(0), 0).labels == pytest.approx(15 / 120)


def test_the_band_is_ordered(books):
    problem, book = books
    band = book.band(problem, 3, 50, seed=0)
    assert band["gain"] == sorted(band["gain"])
    assert band["quality"] == sorted(band["quality"])


def test_sets_are_drawn_and_a_favourable_one_is_no_worse_than_its_start(books):
    problem, book = books
    sets = random_sets(problem, 3, 5, seed=0)
    assert len({tuple(s) for s in sets}) > 1
    assert all(len(set(s)) == 3 for s in sets)
    with pytest.raises(CourseError, match="there are 5"):
        random_sets(problem, 6, 1, 0)
    start = ["a", "b", "c"]
    none = favourable_set(problem, book, start, 1, 0, 0)[1]
    tasks, best = favourable_set(problem, book, start, 1, 12, 0)
    assert best.quality >= none.quality
    assert len(tasks) == 3
