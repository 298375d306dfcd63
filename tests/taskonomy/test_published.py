import collections
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from cvlib.course.data.locate import present
from cvlib.course.data.registry import data_file
from cvlib.course.errors import CourseError
from cvlib.taskonomy import published
from cvlib.taskonomy.policy import labels_used, random_policies, restricted, scores
from cvlib.taskonomy.program import Transfer
from cvlib.taskonomy.tree import rank_agreement, task_tree

# objective, gain and quality by budget; computed with this programme's prototype
ORDER_1_16K = {
    1: (0.9367, 0.453, 0.142), 2: (1.5325, 0.526, 0.172), 4: (1.9997, 0.755, 0.312),
    8: (2.2472, 0.826, 0.389), 15: (2.4163, 0.870, 0.469), 20: (2.4565, 0.884, 0.499),
    26: (2.4573, 0.884, 0.500),
}  # fmt: skip
ORDER_4_16K = {
    1: (0.9367, 0.453, 0.142), 2: (1.5348, 0.529, 0.172), 4: (2.0015, 0.756, 0.312),
    8: (2.2794, 0.840, 0.413), 15: (2.4421, 0.879, 0.485), 20: (2.4704, 0.887, 0.505),
    26: (2.4710, 0.886, 0.505),
}  # fmt: skip
ORDER_4_1K = {
    1: (0.9778, 0.478, 0.119), 2: (1.8285, 0.530, 0.145), 4: (2.8377, 0.734, 0.234),
    8: (3.7351, 0.803, 0.323), 15: (4.3320, 0.875, 0.444), 20: (4.4468, 0.903, 0.494),
    26: (4.4529, 0.903, 0.500),
}  # fmt: skip
BRUTE = {1: 0.936660150672, 2: 1.532513748100, 3: 1.796868466883}


@pytest.fixture(scope="module")
def measured():
    if not present(data_file(published.ARRAYS)):
        pytest.skip("the published measurements are not in CVLIB_DATA")
    return {amount: published.load(amount) for amount in published.AMOUNTS}


@pytest.mark.parametrize(
    ("amount", "order", "table"),
    [("16k", 1, ORDER_1_16K), ("16k", 4, ORDER_4_16K), ("1k", 4, ORDER_4_1K)],
)
def test_the_published_data_table_to_its_last_digit(measured, amount, order, table):
    m = measured[amount]
    problem = m.problem(order)
    for budget, (objective, gain, quality) in table.items():
        policy = problem.solve(budget)
        found = scores(policy, m.gain, m.quality)
        assert f"{policy.objective:.4f}" == f"{objective:.4f}"
        assert (f"{found.gain:.3f}", f"{found.quality:.3f}") == (f"{gain:.3f}", f"{quality:.3f}")


def test_brute_force_agrees_on_the_published_first_order(measured):
    problem = measured["16k"].problem(1)
    for budget, objective in BRUTE.items():
        assert problem.solve(budget).objective == pytest.approx(objective, abs=1e-11)
    assert problem.brute_force(2).objective == pytest.approx(BRUTE[2], abs=1e-11)


def test_the_two_forms_of_the_constraint_agree(measured):
    problem = measured["16k"].problem(2)
    for budget in (1, 3, 5, 22):
        split, joined = problem.solve(budget), problem.solve(budget, aggregated=True)
        assert split.objective == pytest.approx(joined.objective, abs=1e-10)


def test_sources_at_budget_four(measured):
    policy = measured["16k"].problem(4).solve(4)
    assert policy.used == {"denoise", "edge2d", "keypoint2d", "rgb2sfnorm"}


def test_affinities_of_each_target_sum_to_one_with_what_is_left_out(measured):
    with np.load(Path(os.environ["CVLIB_DATA"]) / "taskonomy" / "published.npz") as z:
        keys, p = z["keys_16k"], z["p_16k"]
    totals = collections.Counter()
    for key, value in zip(keys, p, strict=True):
        totals[key.split("__")[-1]] += value
    np.testing.assert_allclose(list(totals.values()), 1, atol=1e-6)


def test_random_policies_are_far_below_the_taxonomy(measured):
    m = measured["16k"]
    drawn = [scores(p, m.gain, m.quality) for p in random_policies(m.problem(4), 8, 200)]
    gain, quality = np.mean(drawn, 0)
    assert gain == pytest.approx(0.481, abs=0.015)
    assert quality == pytest.approx(0.162, abs=0.01)
    assert np.percentile([s.gain for s in drawn], 95) < 0.60


def test_the_tree_has_the_papers_3d_and_semantic_clusters(measured):
    m = measured["16k"]
    tree = task_tree({t: m.affinities_of(t) for t in m.problem(1).targets})
    clusters = tree.clusters(4)
    assert published.THREE_D in clusters
    assert published.SEMANTIC in clusters


def test_the_amount_of_transfer_data_changes_the_order(measured):
    a, b = (measured[amount] for amount in published.AMOUNTS)
    targets = a.problem(1).targets
    mean = np.mean([rank_agreement(a.affinities_of(t), b.affinities_of(t)) for t in targets])
    assert 0.6 < mean < 0.9


def test_the_ledger_of_ten_tasks(measured):
    m = measured["16k"]
    problem = m.problem(4)
    ten = sorted(published.THREE_D | {"room_layout", "vanishing_point_well_defined"})
    free = published.SOURCE_ONLY
    small = restricted(problem, ten, sorted(free))
    policy = type(problem)(small.affinities, cost=dict.fromkeys(free & set(small.nodes), 0)).solve(
        1
    )
    found = scores(policy, m.gain, m.quality)
    assert {s for s in policy.used if s not in free} == {"rgb2sfnorm"}
    assert labels_used(policy, 120_000, 16_000, free) == pytest.approx(0.22, abs=0.005)
    assert (round(found.gain, 3), round(found.quality, 3)) == (0.845, 0.297)


def test_keys_name_sources_and_target_and_self_is_the_target():
    table = {"a__b__c": 0.2, "self__c": 0.5, "c__c": 0.1, "class_selected__c": 0.1, "a__c": 0.1}
    m = published.measurements(table, table, table)
    assert m.affinity == {
        Transfer(frozenset("ab"), "c"): 0.2,
        Transfer(frozenset("c"), "c"): 0.5,
        Transfer(frozenset("a"), "c"): 0.1,
    }
    assert set(m.problem(1).affinities) == {e for e in m.affinity if len(e.sources) == 1}
    assert m.affinities_of("c") == {"c": 0.5, "a": 0.1}
    for call in (lambda: m.problem(0), lambda: m.affinities_of("z"), lambda: published.load("2k")):
        with pytest.raises(CourseError):
            call()


def python_2_pickle(key: bytes, value: float) -> bytes:
    """{key: numpy float64} as Python 2 and an old numpy wrote it, strings as bytes."""
    dtype = b"cnumpy\ndtype\n(U\x02f8K\x00K\x01tR"
    state = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    scalar = b"cnumpy.core.multiarray\nscalar\n(" + dtype + state
    number = b"U\x08" + struct.pack("<d", value) + b"tR"
    return b"\x80\x02}U" + bytes([len(key)]) + key + scalar + number + b"s."


def test_pickles_of_numbers_are_read(tmp_path):
    file = tmp_path / "table.pkl"
    file.write_bytes(pickle.dumps({"a__b": np.float64(0.25), "self__b": 1.5}))
    assert published.read_pickle(file) == {"a__b": 0.25, "self__b": 1.5}
    file.write_bytes(python_2_pickle(b"self__edge2d", -0.7))
    assert published.read_pickle(file) == {"self__edge2d": -0.7}


class _Evil:
    def __reduce__(self):
        return (os.system, ("touch hacked",))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"a": _Evil()}),
        pickle.dumps({"a": np.zeros(3)}),
        pickle.dumps([1, 2]),
        pickle.dumps({"a": Path("x")}),
        b"\x80\x02",
        b"no pickle at all",
    ],
    ids=["a command", "an array", "a list", "a class", "cut short", "text"],
)
def test_foreign_pickles_are_refused_and_not_run(tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "table.pkl"
    file.write_bytes(content)
    with pytest.raises(CourseError, match="is no table of numbers") as caught:
        published.read_pickle(file)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "hacked").exists()
