"""Coarse classes: probabilities that sum, logarithms that stay finite, sets that are disjoint."""

import pytest
import torch

from cvlib.adversarial.coarse import IMAGENET_GROUPS, CoarseTask
from cvlib.course.errors import CourseError

TASK = CoarseTask({"one": {"a": [0, 2], "b": [1]}, "two": {"c": range(3, 6)}}, fine=8)


def test_coarse_probability_is_the_sum_of_the_fine_ones():
    logits = torch.randn(20, 8, dtype=torch.float64)
    softmax = logits.softmax(1)
    summed = torch.stack([softmax[:, ids].sum(1) for ids in TASK.sets], 1)
    assert (TASK.log_probs(logits).exp() - summed).abs().max() < 1e-12
    for name, y in (("a", 0), ("b", 1), ("c", 2)):
        assert TASK.index(name) == y
        odds = TASK.log_odds(logits, torch.full((20,), y))
        assert (odds.sigmoid() - summed[:, y]).abs().max() < 1e-12


def test_it_is_not_renormalized_over_the_two_answers():
    logits = torch.zeros(1, 8)
    assert TASK.log_probs(logits).exp()[0].tolist() == pytest.approx([2 / 8, 1 / 8, 3 / 8])


def test_the_logarithm_is_finite_where_softmax_is_zero():
    logits = torch.full((1, 8), 0.0, dtype=torch.float64)
    logits[0, 7] = 1e4
    logits[0, [0, 2]] = -1e4 + 1
    got = TASK.log_prob(logits, torch.tensor([0]))
    assert torch.isneginf(logits.softmax(1)[:, [0, 2]].sum(1).log()).all(), "the naive one is not"
    assert got.item() == pytest.approx(-2e4 + 1 + torch.log(torch.tensor(2.0)).item())
    hidden = CoarseTask({"g": {"far": range(5), "near": [9]}}, fine=10)
    extreme = torch.zeros(1, 10, dtype=torch.float64)
    extreme[0, :5] = -1e4
    extreme[0, 5:] = 1e4
    assert hidden.log_prob(extreme, torch.tensor([0])).item() == pytest.approx(-20000, abs=2)


def test_the_forced_choice_compares_the_two_and_nothing_else():
    logits = torch.randn(9, 8)
    a, b = torch.zeros(9, dtype=torch.long), torch.ones(9, dtype=torch.long)
    before = TASK.two_afc(logits, a, b)
    logits[:, 7] += 5  # a third class gains
    torch.testing.assert_close(TASK.two_afc(logits, a, b), before)
    torch.testing.assert_close(TASK.two_afc(logits, b, a), -before)


def test_fine_classes_know_their_coarse_class_and_its_rival():
    assert TASK.of_fine(torch.arange(8)).tolist() == [0, 1, 0, 2, 2, 2, -1, -1]
    assert TASK.rivals().tolist() == [1, 0, -1]


def test_imagenets_groups():
    task = CoarseTask(IMAGENET_GROUPS, 1000)
    assert [len(s) for s in task.sets] == [118, 5, 17, 6, 1, 1]
    assert task.names[int(task.rivals()[task.index("snake")])] == "spider"


@pytest.mark.parametrize(
    ("groups", "match"),
    [
        ({"g": {"a": [0, 1], "b": [1]}}, "a and b share the fine class 1"),
        ({"g": {"a": [], "b": [1]}}, "a needs fine classes between 0 and 3"),
        ({"g": {"a": [4], "b": [1]}}, "a needs fine classes between 0 and 3"),
    ],
)
def test_sets_that_make_no_sense_are_refused(groups, match):
    with pytest.raises(CourseError, match=match):
        CoarseTask(groups, fine=4)


def test_wrong_logits_and_names_are_refused():
    with pytest.raises(CourseError, match=r"expected logits \(B, 8\)"):
        TASK.log_probs(torch.zeros(2, 10))
    with pytest.raises(CourseError, match="no coarse class 'x'"):
        TASK.index("x")
