import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.taskonomy.world import PARTS, build

COUNTS = {"train": 12, "transfer": 4, "choose": 5, "judge": 3}


def test_splits_lie_side_by_side_and_do_not_overlap():
    world = build(("depth", "semantic"), 16, COUNTS, seed=3)
    assert world.size == 16
    rows = [list(range(24))[world.part(part)] for part in PARTS]
    assert [len(r) for r in rows] == list(COUNTS.values())
    assert [k for r in rows for k in r] == list(range(24))
    assert world.labels["depth"].shape == (24, 1, 16, 16)
    assert world.labels["semantic"].dtype == torch.int64
    assert world.reference("depth").mean().abs() < 1e-5
    again = build(("depth",), 16, COUNTS, seed=3)
    assert torch.equal(again.rgb, world.rgb)
    assert not torch.equal(build(("depth",), 16, COUNTS, seed=4).rgb, world.rgb)


def test_bad_input_is_one_sentence():
    with pytest.raises(CourseError, match="'judge' is empty"):
        build(("depth",), 16, {**COUNTS, "judge": 0})
    with pytest.raises(CourseError, match="no task"):
        build(("dreams",), 16, COUNTS)
    with pytest.raises(CourseError, match="no split"):
        build(("depth",), 16, COUNTS).part("test")
