"""Inception score, kernel distance, precision and recall on cases with known answers (16)."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.frechet import RunningMoments, frechet_from_features
from cvlib.metrics.scores import inception_score, kernel_distance, precision_recall


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def draw():
    return torch.Generator().manual_seed(0)


def test_inception_score_of_known_cases():
    assert inception_score(torch.eye(10).repeat(50, 1)) == pytest.approx(10, abs=1e-9)
    assert inception_score(torch.full((100, 10), 0.1)) == pytest.approx(1, abs=1e-9)
    assert inception_score(torch.eye(10)[[3] * 100]) == pytest.approx(1, abs=1e-9)


def test_inception_score_is_bounded_by_the_classes():
    for sharpness in (0.1, 1, 10, 1000):
        score = inception_score((torch.randn(200, 7) * sharpness).softmax(1))
        assert 1 <= score <= 7


def test_kernel_distance_is_unbiased_around_zero_and_sees_a_shift():
    x, y = torch.randn(2000, 8), torch.randn(2000, 8)
    same = kernel_distance(x, y, draw(), subsets=30, size=300)
    assert abs(same) < 0.02
    assert kernel_distance(x, y + 0.5, draw(), subsets=30, size=300) > 10 * abs(same)


def test_kernel_distance_equals_the_double_loop():
    x, y = torch.randn(4, 3).double(), torch.randn(4, 3).double()

    def k(a, b):
        return (float(a @ b) / 3 + 1) ** 3

    pairs = [(i, j) for i in range(4) for j in range(4)]
    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i, j in pairs if i != j) / 12
    expected = within - 2 * sum(k(x[i], y[j]) for i, j in pairs) / 16
    assert kernel_distance(x, y, draw(), subsets=1, size=4) == pytest.approx(expected)


def test_kernel_distance_repeats_with_the_generator():
    x, y = torch.randn(100, 4), torch.randn(100, 4)
    a, b = (kernel_distance(x, y, draw(), subsets=3, size=50) for _ in range(2))
    assert a == b


def test_precision_and_recall_of_identical_far_and_collapsed():
    real = torch.randn(500, 8)
    assert precision_recall(real, real) == (1, 1)
    assert precision_recall(real, torch.randn(500, 8) + 100) == (0, 0)
    collapsed = real[:1] + 1e-4 * torch.randn(500, 8)
    precision, recall = precision_recall(real, collapsed)
    assert precision > 0.99
    assert recall < 0.01


def test_chunks_do_not_change_the_result():
    real, fake = torch.randn(300, 4), torch.randn(250, 4) * 0.7
    assert precision_recall(real, fake) == precision_recall(real, fake, chunk=64)
    assert precision_recall(real, fake) == precision_recall(fake, real)[::-1]


def test_too_few_samples_are_refused():
    with pytest.raises(CourseError, match="more than 3"):
        precision_recall(torch.randn(3, 2), torch.randn(9, 2))
    with pytest.raises(CourseError, match="two samples"):
        kernel_distance(torch.randn(1, 2), torch.randn(9, 2), draw())


def test_far_from_zero_nothing_cancels():
    real, fake = torch.randn(1000, 64), torch.randn(1000, 64) * 0.9
    near = precision_recall(real, fake)
    far = precision_recall(real.double() + 1000, fake.double() + 1000)
    assert far == pytest.approx(near, abs=0.002)
    assert far[1] < 1


def test_what_is_no_number_is_refused():
    x, bad = torch.randn(50, 4), torch.randn(50, 4)
    bad[3, 2] = float("nan")
    for call in (
        lambda: precision_recall(x, bad),
        lambda: kernel_distance(bad, x, draw()),
        lambda: frechet_from_features(x, bad),
        lambda: RunningMoments(4).update(bad),
    ):
        with pytest.raises(CourseError, match="not finite"):
            call()


def test_an_empty_batch_changes_nothing():
    running = RunningMoments(2).update(torch.ones(8, 2)).update(torch.zeros(0, 2))
    assert running.n == 8
    assert running.mean.tolist() == [1, 1]
