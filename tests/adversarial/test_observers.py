"""The stand-ins: what more time does to each, and what the glimpses see."""

import pytest
import torch

from cvlib.adversarial.observers import Accumulator, Glimpses
from cvlib.adversarial.viewing import ViewingGeometry


def test_without_evidence_the_accumulator_guesses():
    p = Accumulator().chooses_first(torch.zeros(3), 63)
    assert p.tolist() == pytest.approx([0.5] * 3)


def test_more_time_makes_the_accumulator_surer_whatever_it_hears():
    margin = torch.tensor([-2.0, 0.5, 3.0])
    brief, long = (Accumulator().chooses_first(margin, t) for t in (63, 1000))
    assert ((long - 0.5).abs() > (brief - 0.5).abs()).all(), "also when it hears the wrong thing"
    assert Accumulator().chooses_first(torch.tensor([50.0]), 1e6).item() == pytest.approx(0.98)


def test_the_first_glimpse_is_straight_on_and_the_others_are_not():
    look = Glimpses(ViewingGeometry(20), alpha=0.1, looks=4, seed=0)
    x = torch.rand(2, 1, 20, 20)
    views = look(x)
    torch.testing.assert_close(views[0], look.retinas[0](x), atol=1e-5, rtol=0)
    assert all((view - views[0]).abs().mean() > 0.02 for view in views[1:])
    again = Glimpses(ViewingGeometry(20), alpha=0.1, looks=4, seed=0)(x)
    assert all(map(torch.equal, views, again)), "the same seed looks at the same places"


def test_margins_are_running_means():
    look = Glimpses(ViewingGeometry(20), alpha=0.1, looks=3, seed=1)
    x = torch.rand(5, 1, 20, 20)
    by_look = torch.stack([view.mean((1, 2, 3)) for view in look(x)])
    got = look.margins(x, lambda view: view.mean((1, 2, 3)))
    torch.testing.assert_close(got[0], by_look[0])
    torch.testing.assert_close(got[2], by_look.mean(0))
