"""The pictures draw what a record holds, and nothing where it holds nothing."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cvlib.chapters.group_normalization import figures
from cvlib.chapters.group_normalization.claims import BN, METRICS
from cvlib.chapters.group_normalization.config import CONFIG
from cvlib.course.page.figures import PAPER, RECORDED
from cvlib.normalization.reference import set_size


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def record(**values):
    metrics = {name: {"values": values.get(name, [None] * 3)} for name in METRICS}
    return {"profile": "laptop", "metrics": metrics, "seeds": [0, 1, 2], "history": []}


BEST = record(
    bn_error_32=[50.0, 52.0, 51.0], bn_error_2=[60.0, 64.0, 62.0], gn_error=[55.0, 56.0, 57.0],
    ln_error=[57.0, 58.0, 59.0], in_error=[67.0, 68.0, 69.0], large_bn_error_32=[53.0] * 3,
    large_bn_error_2=[64.0] * 3, transfer_gn=[29.0] * 3, transfer_frozen=[31.0] * 3,
)  # fmt: skip


def lines(ax, colour):
    found = [line for line in ax.get_lines() if line.get_color() == colour]
    return [[np.atleast_1d(v).tolist() for v in line.get_data()] for line in found]


def test_the_hero_shows_points_lost_since_32():
    fig = figures.hero(recorded=BEST)
    bn, gn = fig.axes
    assert lines(bn, RECORDED["color"]) == [[[32, 2], [0.0, 11.0]]]
    assert lines(gn, RECORDED["color"]) == [[[32, 16, 8, 4, 2], [0.0] * 5]]
    (paper,) = lines(bn, PAPER["color"])
    assert paper[1] == pytest.approx([v - BN[32] for v in BN.values()])


def test_a_second_recorded_run_is_drawn_hollow():
    bn, _ = figures.hero(recorded=BEST, longer={**BEST, "profile": "full"}).axes
    first, second = (line for line in bn.get_lines() if line.get_color() == RECORDED["color"])
    assert (first.get_fillstyle(), second.get_fillstyle()) == ("full", "none")
    assert second.get_label() == "recorded run (full)"


def test_without_any_run_the_hero_is_the_papers():
    fig = figures.hero()
    assert [t.get_text() for t in fig.axes[0].get_legend().get_texts()] == ["paper"]


@pytest.mark.parametrize("live", [None, BEST])
@pytest.mark.parametrize("best", [None, BEST])
def test_every_comparison_can_be_drawn_with_and_without_records(live, best):
    study = CONFIG["laptop"].study
    for fig in (
        figures.tables(live, best, study),
        figures.one_thing_changed(live, best),
        figures.transfer(live, best),
    ):
        assert len(fig.axes) == 2


def test_tables_compare_with_group_norm():
    norms, counts = figures.tables(None, BEST, CONFIG["laptop"].study).axes
    assert [t.get_text() for t in norms.get_yticklabels()] == ["IN", "LN", "BN (32)"]
    drawn = [x for ((x,), _) in lines(norms, RECORDED["color"])]
    assert sorted(drawn) == [-5.0, 2.0, 12.0]
    assert "G = 4" not in [t.get_text() for t in counts.get_yticklabels()], "its own G is 0"


def test_the_changed_stride_is_named_without_an_m_that_another_profile_has():
    stride, _ = figures.one_thing_changed(None, BEST).axes
    names = {t.get_text() for t in stride.get_yticklabels()}
    assert names == {"last stride 2", "last stride 1"}


def test_training_from_scratch_stands_beside_group_norm_of_the_same_length():
    paper, _ = figures.transfer(None, BEST).axes
    drawn = sorted(round(x, 1) for ((x,), _) in lines(paper, PAPER["color"]))
    assert drawn == [0.9, 1.7, 2.2]


def test_training_curves_are_those_of_the_first_seed():
    whole = dict(BEST)
    whole["history"] = [
        {"task": task, "seed": seed, "points": [{"step": i, "loss": 2.0 - seed} for i in range(40)]}
        for task in ("bn-32", "gn", "ln")
        for seed in (0, 1)
    ]
    (ax,) = figures.curves(whole, {"bn-32": "BN, 32", "gn": "GN"}).axes
    assert [line.get_label() for line in ax.get_lines()] == ["BN, 32", "GN"]
    assert all(np.allclose(line.get_ydata(), 2.0) for line in ax.get_lines())


@pytest.mark.parametrize("kind", figures.INDEX_SETS)
def test_index_sets_have_m_values(kind):
    name, groups = figures.INDEX_SETS[kind]
    member = figures.index_set(name, (4, 8, 4), (3, 0), groups)
    assert member.sum() == set_size(name, (4, 8, 4), groups)
