"""What stands behind the pictures of chapter 07."""

import matplotlib.pyplot as plt
import pytest
import torch

from cvlib.chapters.ganimation import bench, figures, probes
from cvlib.chapters.ganimation.config import CONFIG
from cvlib.faces.aus import expression
from cvlib.gan.animation import Animator


@pytest.fixture
def G():
    torch.manual_seed(0)
    return Animator(3, 4, 1).eval()


def test_the_median_seed_is_a_rule():
    told = {"seeds": [0, 1, 2], "metrics": {"fit_long": {"values": [0.9, 0.2, 0.5]}}}
    assert probes.median_seed(told) == 2


def test_the_noises_are_those_of_the_arms_from_none_to_all():
    assert probes.noises() == {0.0: "clean", 0.2: "faint", 0.4: "half", 0.8: "base"}
    assert set(probes.noises().values()) <= set(probes.KEPT)


def test_a_stand_in_for_a_picture_is_one_person_without_expression():
    picture = probes.portrait(probes.strangers(1), 64)
    assert picture.shape == (3, 64, 64)
    assert probes.portrait(probes.strangers(1), 64).equal(picture)


def test_a_picture_comes_back_once_for_each_unit(G):
    picture = probes.portrait(probes.strangers(1), 64)
    made = probes.own_pictures(G, picture, (10, 10, 40))
    assert list(made) == ["the picture", "AU 4", "AU 12", "AU 26"]
    assert made["the picture"] is picture
    assert not torch.equal(made["AU 4"], picture)


def test_a_cross_fade_is_a_ghost_and_half_an_expression_is_none():
    face = probes.strangers(1)
    start, end = expression(()), expression((1, 2, 5, 25, 26))
    for t, is_end in ((0.0, True), (0.5, False), (1.0, True)):
        moved, faded = probes.crossfade(face, start, end, t, 64)
        assert torch.allclose(moved, faded, atol=1e-6) == is_end


def test_the_penalty_sets_the_slope_between_the_clouds_near_one():
    _, free = probes.penalty_field(0.0, steps=150)
    _, held = probes.penalty_field(10.0, steps=150)
    middle = (slice(14, 19), slice(10, 23))  # y about 0, x from about -0.75 to 0.75
    assert (held[middle].mean() - 1).abs() < 0.25
    assert free[middle].mean() > 1.5


def test_a_generator_that_keeps_everything_closes_the_cycle(G):
    torch.nn.init.constant_(G.attention.bias, -50.0)
    start, there, back = probes.triangle(G, probes.held_out(2))
    torch.testing.assert_close(there, start)
    torch.testing.assert_close(back, start)


def test_requests_by_number_are_what_the_renderer_draws():
    t = probes.one_request(probes.strangers(2), {26: 1.0})
    assert (t.asked[:, CONFIG["laptop"].numbers.index(26)] == 1).all()
    assert t.asked.sum() == 2
    assert t.mask.any()
    assert torch.equal(t.before, probes.one_request(probes.strangers(2), {}).truth)


def test_every_picture_without_a_record_can_be_drawn(G):
    face, t = probes.strangers(1), probes.held_out(2)
    drawn = [
        figures.hero(face, G, t), figures.fading(face, (12,), 32), figures.unit_sheet(face, 32),
        figures.decomposition(G, t),
        figures.talk({"one": torch.eye(3), "two": torch.eye(3)}),
    ]  # fmt: skip
    fig, ax = plt.subplots()
    figures.draw_split(G, face, 26)(ax, 0.5)
    said = {f"{kind}_half": {"mean": 0.5} for kind in figures.JUDGES}
    figures.draw_noise({"half": G}, t, said)(ax, 0.4)
    assert ax.get_xlabel().count("0.50") == 3
    figures.draw_muscles(face, {"smile": 12}, 32)(ax, {"smile": 0.5})
    assert all(each.axes for each in (*drawn, fig))
    plt.close("all")


def test_the_bench_prints_rates():
    text = bench.bench(quick=True)
    assert "faces/s" in text
    assert text.count("step of both nets") == 2
    assert "ms a face" in text
