"""Rows side by side: what is drawn is what the record holds."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cvlib.course.page.compare import Line, compare, runs, seeds
from cvlib.course.page.figures import LIVE, PAPER, RECORDED


def record(profile, **values):
    return {"profile": profile, "metrics": {k: {"values": v} for k, v in values.items()}}


BEST = record("laptop", a=[3.0, 5.0, None], b=[1.0, 1.0, 1.0], none=[None, None, None])
LIVE_RUN = record("smoke", a=[7.0], b=[2.0], none=[None])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_difference_is_taken_seed_by_seed_and_a_missing_seed_left_out():
    assert seeds(BEST, "a") == [3.0, 5.0]
    assert seeds(BEST, "a", "b") == [2.0, 4.0]
    assert seeds(BEST, "a", "none") == []


def test_the_runs_are_named_with_their_marks():
    assert [(name, mark) for name, _, mark in runs(LIVE_RUN, BEST)] == [
        ("recorded run (laptop)", RECORDED), ("this run", LIVE)
    ]  # fmt: skip
    assert runs(None, None) == []


def large(ax):
    """Colour -> places of the large marks of an axes."""
    found = {}
    for line in ax.get_lines():
        if line.get_marker() not in ("None", None, ""):
            x, y = (np.atleast_1d(v)[0] for v in line.get_data())
            found.setdefault(line.get_color(), []).append((float(x), round(float(y), 2)))
    return found


def test_every_line_has_the_papers_value_the_mean_and_its_seeds():
    lines = [Line("first", "a", "b", paper=1.5), Line("second", "none"), Line("third", paper=9.0)]
    fig = compare({"title": lines}, "points", LIVE_RUN, BEST)
    (ax,) = fig.axes
    marks = large(ax)
    assert sorted(marks[PAPER["color"]]) == [(1.5, 2.22), (9.0, 0.22)]
    assert marks[RECORDED["color"]] == [(3.0, 2.0)], "the mean over two seeds of a - b"
    assert marks[LIVE["color"]] == [(5.0, 1.78)]
    dots = [tuple(xy) for c in ax.collections for xy in c.get_offsets().tolist()]
    assert (2.0, 2.0) in dots
    assert (4.0, 2.0) in dots
    assert [t.get_text() for t in ax.get_yticklabels()] == ["third", "second", "first"]
    assert [t.get_text() for t in fig.legends[0].get_texts()] == [
        "paper", "recorded run (laptop)", "this run"
    ]  # fmt: skip


def test_what_is_not_there_has_no_mark_in_the_legend():
    fig = compare({"title": [Line("first", "a")]}, "points", LIVE_RUN, None)
    assert [t.get_text() for t in fig.legends[0].get_texts()] == ["this run"]
