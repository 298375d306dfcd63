import matplotlib.pyplot as plt
import numpy as np
import pytest

from cvlib.psychophysics import pictures
from cvlib.psychophysics.exposure import ExposurePlan
from cvlib.psychophysics.log import Response
from cvlib.psychophysics.shares import Share


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def bars(ax):
    """Start and length of every bar, in the order of drawing."""
    return [(patch.get_x(), patch.get_width()) for patch in ax.patches]


@pytest.mark.parametrize("hz", [60, 144])
def test_the_timeline_is_to_scale(hz):
    ax = plt.figure().add_subplot()
    phases = ExposurePlan().phases(hz)
    pictures.draw_phases(ax, phases, 0)
    drawn = bars(ax)
    assert [width for _, width in drawn] == pytest.approx([phase.ms for phase in phases])
    assert drawn[1][0] == pytest.approx(0)  # the picture begins at 0 ms
    ends = [start + width for start, width in drawn]
    assert [start for start, _ in drawn[1:]] == pytest.approx(ends[:-1])


def test_each_screen_has_a_row_with_its_frames():
    fig = pictures.trial_timeline((60, 240))
    said = [text.get_text() for ax in fig.axes for text in ax.texts]
    assert "4 frames" in said
    assert "15 frames" in said


def test_the_histogram_counts_frames():
    late = [66.7] * 5 + [83.3] * 2 + [500.0]
    rows = [Response("a", 0, "image", "x", None, "x", 1.0, ms, ()) for ms in late]
    (ax,) = pictures.exposure_histogram(rows, ExposurePlan(), hz=60).axes
    heights = [patch.get_height() for patch in ax.patches]
    assert heights == [0, 0, 0, 5, 2, 1]  # of 1 to 6 frames; what is longer is in the last


def test_shares_with_and_without_trials():
    table = {"image": Share(9, 10), "adv": Share(0, 0), "flip": Share(8, 10)}
    (ax,) = pictures.condition_shares(table, Share(6, 10)).axes
    assert [t.get_text() for t in ax.texts] == ["9 of 10", "0 of 0", "8 of 10", "6 of 10"]


@pytest.mark.parametrize("answers", [[], [True], [True, False] * 10])
def test_belief_from_the_first_trial_on(answers):
    course, shape = pictures.growing_belief(answers).axes
    (mean,) = [line for line in course.lines if len(line.get_xdata()) == len(answers) + 1][:1]
    assert mean.get_ydata()[0] == 0.5
    assert np.isfinite(shape.lines[-2].get_ydata()).all()
