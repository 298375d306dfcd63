"""Intersection over union against counting by hand."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.segmentation import confusion, mean_iou

TRUTH = torch.tensor([[0, 0, 1], [1, 1, 11]])
ANSWER = torch.tensor([[0, 1, 1], [1, 0, 0]])


def test_the_table_counts_pairs_and_leaves_void_out():
    assert confusion(ANSWER, TRUTH, 2).tolist() == [[1, 1], [1, 2]]


def test_the_mean_over_classes_of_intersection_over_union():
    # class 0: 1 of 3, class 1: 2 of 4
    assert mean_iou(confusion(ANSWER, TRUTH, 2)) == pytest.approx(100 * (1 / 3 + 1 / 2) / 2)


def test_the_right_answer_is_100_and_a_constant_one_is_not():
    assert mean_iou(confusion(TRUTH, TRUTH, 2)) == 100.0
    assert mean_iou(confusion(torch.ones_like(TRUTH), TRUTH, 2)) == pytest.approx(100 * 0.6 / 2)


def test_a_class_that_nowhere_occurs_does_not_count_and_an_invented_one_does():
    present = confusion(ANSWER, TRUTH, 2)
    assert mean_iou(confusion(ANSWER, TRUTH, 5)) == mean_iou(present)
    invented = ANSWER.clone()
    invented[0, 1] = 4
    assert mean_iou(confusion(invented, TRUTH, 5)) < mean_iou(confusion(TRUTH, TRUTH, 5)) - 30


def test_tables_add_up_over_batches():
    a, b = (confusion(ANSWER[i], TRUTH[i], 2) for i in range(2))
    assert torch.equal(a + b, confusion(ANSWER, TRUTH, 2))


def test_void_alone_is_refused():
    with pytest.raises(CourseError, match="no pixel has a class"):
        mean_iou(confusion(ANSWER, torch.full_like(TRUTH, 11), 2))
