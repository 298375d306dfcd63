"""What ships beside a record: of the median seed, by a rule that every chapter shares; timing."""

import time

import pytest
import torch

from cvlib.course.chapters import chapter
from cvlib.course.errors import CourseError
from cvlib.course.run import record, timing, weights


def told(*values):
    return {"seeds": list(range(10, 10 + len(values))), "metrics": {"error": {"values": values}}}


@pytest.mark.parametrize(
    ("values", "seed"), [((3.0, 1.0, 2.0), 12), ((4.0, 1.0, 3.0, 2.0), 13), ((5.0,), 10)]
)
def test_the_median_seed_is_the_lower_of_two_in_the_middle(values, seed):
    assert record.median_seed(told(*values), "error") == seed


def test_a_kept_net_is_copied_beside_the_record_and_read_there(tmp_path, monkeypatch):
    monkeypatch.setattr("cvlib.course.chapters.ROOT", tmp_path)
    here = chapter(4)
    here.recorded.mkdir(parents=True)
    with pytest.raises(CourseError, match=r"has no arm-G\.pt: restore the repository"):
        weights.beside(here, "arm-G")
    net = torch.nn.Linear(2, 3)
    weights.save(tmp_path / "seed1", "arm", "G", net)
    weights.keep_beside(here, tmp_path / "seed1", "arm", "G")
    found = weights.beside(here, "arm-G")
    torch.testing.assert_close(found["weight"], net.weight.detach().half().float())


def test_timers_leave_the_first_call_out():
    calls = []

    def work():
        calls.append(0)
        time.sleep(0.2 if len(calls) == 1 else 0.002)

    assert 0.002 <= timing.median_of(work, 3) < 0.1
    assert len(calls) == 4
    calls.clear()
    assert 0.002 <= timing.median_over(work, 0) < 0.1
    assert len(calls) >= 2
