"""The page's helpers on a tiny recorded run and on the rooms themselves."""

from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from cvlib.chapters.taskonomy import figures, probes
from cvlib.chapters.taskonomy.experiment import EXPERIMENT
from cvlib.course.run.record import note
from cvlib.course.run.run import Run
from cvlib.synth.rooms import render
from cvlib.taskonomy import pictures
from cvlib.taskonomy.own import teachers_of
from tests.chapters.taskonomy.test_experiment import TINY


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    experiment = replace(EXPERIMENT, config={"smoke": replace(TINY, plenty=0, wide=())})
    return Run(experiment, "smoke", 0, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def record(run):
    return run.execute()


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    plt.close("all")


def test_sixteen_maps_with_the_vanishing_points_of_one_room():
    rendered, scene, view = probes.room(64)
    maps = probes.label_maps(rendered)
    assert len(maps) + 1 == 16
    assert {m.shape[:2] for m in maps.values()} == {(64, 64), (63, 63)}
    edges = probes.room_edges(scene, view)
    assert sorted(axis for axis, _ in edges) == [0] * 4 + [1] * 4 + [2] * 4
    fig = figures.label_maps(probes.photo(rendered), maps, edges)
    assert len(fig.axes) == 17


def test_the_rooms_edges_lie_where_the_picture_changes_its_wall():
    """A point on a vertical edge of the room projects onto a pixel between two walls."""
    rendered, scene, view = probes.room(96)
    segment = rendered["segment"][0].numpy()
    hits = 0
    for axis, points in probes.room_edges(scene, view):
        inside = (points > 0.05).all(1) & (points < 0.95).all(1)
        for x, y in (96 * points[inside & (axis == 2)]).astype(int):
            around = segment[max(0, y - 1) : y + 2, max(0, x - 2) : x + 3]
            hits += len(np.unique(around)) > 1
    assert hits > 5


def test_a_jigsaw_has_the_same_tiles():
    rgb = torch.rand(1, 3, 9, 9)
    mixed = probes.jigsaw(rgb)
    assert mixed.shape == rgb.shape
    assert not torch.equal(mixed, rgb)
    torch.testing.assert_close(mixed.flatten().sort().values, rgb.flatten().sort().values)


def test_curves_and_odds_read_the_record(record):
    curve = probes.rooms_curve(record)
    assert curve.share.tolist() == pytest.approx([k / 6 for k in range(1, 7)])
    assert curve.quality.shape == (1, 6)
    assert (curve.gain_band[:, 0] <= curve.gain_band[:, 1]).all()
    assert probes.published_curve(record) is None
    assert probes.published_curve(None) is None
    odds = probes.odds_against_full(record)
    assert len(odds) == 6 * 6
    pairs = probes.asymmetries(odds, 4)
    assert all(odds[a, b].mean() > odds[b, a].mean() for a, b in pairs)
    players, weights = probes.power_iterates(record, 40)
    assert players[0] == "depth"
    p = note(record, "transfers", "affinities")["depth"]
    assert len(players) == len(p)
    np.testing.assert_allclose(weights.sum(1), 1)


def test_a_problem_of_the_record_gives_its_policies_back(record):
    problem, books = probes.rooms_problem(record)
    for line in note(record, "transfers", "second order"):
        found = books.line(problem.solve(line["budget"]), line["budget"])
        assert found.quality == pytest.approx(line["quality"], abs=2e-3)
    few, _ = probes.rooms_problem(record, ["depth", "normal"], importance={"depth": 3.0})
    assert set(few.targets) == {"depth", "normal"}
    assert few.importance == {"depth": 3.0}
    assert few.cost == {"random": 0.0}, "what needs no labels costs nothing"


def test_an_own_policy_keeps_order_cost_and_budget(record):
    needed = ["depth", "normal", "semantic"]
    solved = partial(probes.own_policy, record, needed)
    for order in (1, 2):
        policy, ledger = solved(2, order, {"semantic": 3.0}, {})
        assert set(policy) == set(needed)
        assert max(len(sources) for sources in policy.values()) <= order
        assert set(ledger) == {"labels", "gain", "quality"}
    policy, _ = solved(2, 2, {}, {"normal": 3.0})
    assert not any("normal" in sources for sources in policy.values()), "beyond the budget"
    everything, _ = solved(3, 2, {}, {})
    free, _ = solved(2, 2, {}, {"normal": 0.0})
    assert free == everything, "a free task leaves the budget to the other two"


def test_readings_and_encoders_come_from_the_files_of_a_finished_run(run, record):
    again = Run(run.experiment, "smoke", 0, run.out)
    again.execute()
    rgb, truth, read = probes.readings(again, "depth", ("normal", "random"), count=3)
    assert rgb.shape == (3, 16, 16, 3)
    assert truth.shape == read["normal"].shape == read["random"].shape == (3, 16, 16)
    assert not np.allclose(read["normal"], read["random"])
    encoders = probes.encoders(again)
    assert list(encoders) == [*TINY.tasks, "random"]
    rooms = render(32, 16, seed=5)
    losses = teachers_of(rooms["rgb"], rooms["reshade"], encoders, steps=3)
    assert set(losses) == set(encoders)
    assert list(losses.values()) == sorted(losses.values())


def test_every_figure_can_be_drawn(record):
    curve = probes.rooms_curve(record)
    odds = probes.odds_against_full(record)
    losses = [note(record, "transfers", "losses")["depth"]]
    names = ["depth", "normal", "semantic"]
    tree = names, np.array([[0, 1, 0.2, 2], [2, 3, 0.5, 3]])
    drawn = [
        figures.curves(None, curve, curve),
        figures.losses_by_source(losses, ("autoencode",)),
        figures.structure(odds, odds, {"rooms": tree, "authors": tree}),
        figures.asymmetric(probes.asymmetries(odds, 3), odds, odds),
    ]
    for fig in drawn:
        fig.canvas.draw()
    fig, (one, other) = plt.subplots(1, 2)
    players, weights = probes.power_iterates(record, 3)
    figures.draw_weights(one, players, weights[3], np.argsort(-weights[3]))
    policy = {"depth": ["normal"], "normal": ["normal"]}
    pictures.draw_policy(other, policy, names, {"labels": 0.4, "quality": 0.3})
    fig.canvas.draw()
    assert [t.get_text() for t in other.texts][-2:] == ["quality", "0.30"]
