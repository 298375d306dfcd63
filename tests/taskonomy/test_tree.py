import numpy as np
import pytest

from cvlib.course.errors import CourseError
from cvlib.taskonomy.tree import matrix, rank_agreement, task_tree


def families(rng, noise=0.05):
    """Three families of three sources, each good for its own two targets."""
    affinities = {}
    for target in range(6):
        known = {}
        for family in range(3):
            for member in range(3):
                log = 2.0 * (family == target % 3) + noise * rng.standard_normal()
                known[f"{'abc'[family]}{member}"] = float(np.exp(log))
        affinities[f"t{target}"] = known
    return affinities


def test_families_are_found():
    tree = task_tree(families(np.random.default_rng(0)))
    expected = {frozenset(f"{f}{i}" for i in range(3)) for f in "abc"}
    assert set(tree.clusters(3)) == expected
    assert tree.clusters(1) == [frozenset(tree.tasks)]


def test_scaling_a_targets_affinities_changes_nothing():
    affinities = families(np.random.default_rng(1))
    scaled = {t: {s: 7 * p for s, p in known.items()} for t, known in affinities.items()}
    np.testing.assert_allclose(task_tree(affinities).merges, task_tree(scaled).merges, atol=1e-9)


def test_a_matrix_holds_logs_and_gaps():
    table = matrix({"t": {"a": 0.1, "b": 1.0}}, ["a", "b", "c"], ["t"])
    np.testing.assert_allclose(table[:2, 0], [-1, 0])
    assert np.isnan(table[2, 0])


def test_rank_agreement():
    first = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 9.0}
    assert rank_agreement(first, {"a": 30.0, "b": 1.0, "c": 0.5}) == pytest.approx(1)
    assert rank_agreement(first, {"a": 0.1, "b": 1.0, "c": 5.0}) == pytest.approx(-1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: task_tree({"t": {"a": 1.0, "b": 2.0}}),
        lambda: task_tree({"t": {"a": 1.0, "b": 1.0, "c": 1.0}}),
        lambda: task_tree(families(np.random.default_rng(0))).clusters(10),
        lambda: rank_agreement({"a": 1.0}, {"a": 1.0}),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(CourseError):
        call()
