"""What the page reads out of a record, and its pictures."""

import matplotlib.pyplot as plt
import pytest
import torch

from cvlib.chapters.self_attention_gan import figures, probes
from cvlib.chapters.self_attention_gan.claims import METRICS
from cvlib.gan import shipped
from cvlib.gan.twins import TwinScores, make_twins, score_twins


def a_record():
    metrics = {name: {"values": [None, None]} for name in METRICS}
    metrics["twins_attention"]["values"] = [0.8, 0.9]
    metrics["two_attention"]["values"] = [0.5, 0.6]
    metrics["twins_none"]["values"] = [0.7, None]
    metrics["two_none"]["values"] = [0.4, None]
    line = {"seed": 0, "points": [{"step": 1, "loss": 2.0}, {"step": 49, "live": 90.0}]}
    return {
        "seeds": [0, 1],
        "metrics": metrics,
        "history": [{**line, "task": "sn_d"}, {**line, "task": "twins-none"},
                    {**line, "seed": 1, "task": "sn_d"}],
        "extra": {"0": {}, "1": {"sn_d": {"diverged": "loss is nan at step 7"}}},
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_values_curves_and_divergence_are_read_by_seed():
    record = a_record()
    assert probes.seed_values(record, "twins_none") == [0.7]
    assert probes.seed_values(None, "twins_none") == []
    assert probes.curves(record) == {"sn_d": [[(50, 90.0)], [(50, 90.0)]]}
    assert probes.curves(None) == {}
    assert probes.diverged(record) == ["sn_d"]
    assert probes.diverged(None) == []


def test_every_seed_is_a_dot():
    fig = figures.twins_dots(a_record())
    dots = [line for line in fig.axes[0].lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0.8, 0.9], [0.7]]
    words = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert words == ["attention in G and D", "no attention"]


def test_the_seeds_of_a_longer_record_are_hollow_and_lie_below():
    fig = figures.twins_dots(a_record(), a_record())
    dots = [line for line in fig.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_fillstyle() for line in dots] == ["full", "full", "none", "none"]
    heights = [line.get_ydata()[0] for line in dots]
    assert heights == pytest.approx([0, 1, 0.28, 1.28])


def test_recalled_values_are_hollow():
    fig = figures.placement()
    marks = [line for line in fig.axes[0].lines if line.get_markersize() == 9]
    hollow = [line.get_ydata()[0] for line in marks if line.get_markerfacecolor() == "white"]
    assert sorted(hollow) == [22.14, 22.40, 28.82]


def test_this_run_and_recorded_seeds_have_their_own_marks():
    curve = [(50, 90.0), (100, 40.0)]
    fig = figures.stability_panel({"sn_d": [curve, curve]}, {"attention": curve}, ["sn_d"])
    assert [ax.get_title() for ax in fig.axes] == [
        "spectral norm\nin D\n(diverged)", "and attention"
    ]  # fmt: skip
    assert [len(ax.lines) for ax in fig.axes] == [2, 1]
    assert fig.axes[1].lines[0].get_marker() == "D"


def test_the_level_of_two_digits_of_a_class_is_measured():
    mates = make_twins(2000, seed=0, same_instance=False)[0]
    assert score_twins(mates / 127.5 - 1).pair == pytest.approx(figures.SAME_CLASS, abs=0.01)


def test_maps_and_scores_of_the_shipped_nets():
    G = shipped.twins()["attention"]
    images, beta = probes.looked_at(G, 5, seed=0)
    assert images.shape == (5, 1, 16, 16)
    torch.testing.assert_close(beta.sum(-1), torch.ones(5, 64))
    assert 0 < probes.twin_scores(G, 50).two <= 1
    _, ax = plt.subplots()
    figures.draw_attention(ax, images[0], beta[0], 10)
    assert len(ax.images) == 2


def test_gamma_lines_show_both_scores():
    fig = figures.gamma_lines({0.0: TwinScores(0.7, 0.5), 1.0: TwinScores(0.8, 0.6)})
    assert [list(line.get_ydata()) for line in fig.axes[0].lines[:2]] == [[0.7, 0.8], [0.5, 0.6]]
