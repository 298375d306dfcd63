"""The evaluator: one pass, the right numbers, and every value of the protocol in words."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.digits import digits16
from cvlib.metrics.evaluate import GenerativeEvaluator
from cvlib.metrics.features import SmallFeatureNet
from cvlib.metrics.frechet import frechet_from_features


@pytest.fixture(scope="module")
def digits():
    x, y = digits16()
    return x[:2000], y[:2000]


@pytest.fixture(scope="module")
def evaluator(digits):
    return GenerativeEvaluator(SmallFeatureNet.pretrained(), digits[0][:1000], "half A")


def as_samples(x, y, size=250):
    images = x.float() / 127.5 - 1
    return zip(images.split(size), y.split(size), strict=True)


def test_real_against_real_is_near_the_floor(evaluator, digits):
    scores = evaluator(as_samples(digits[0][1000:], digits[1][1000:]))
    assert 0 < scores.fid < 10
    assert abs(scores.kid) < 0.02
    assert scores.accuracy > 0.96
    assert scores.inception > 8
    assert min(scores.precision, scores.recall) > 0.7


def test_the_reference_itself_scores_zero(evaluator, digits):
    scores = evaluator(as_samples(digits[0][:1000], digits[1][:1000]))
    assert scores.fid == pytest.approx(0, abs=1e-6)
    assert (scores.precision, scores.recall) == (1, 1)


def test_noise_is_far(evaluator):
    noise = torch.rand(300, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scores = evaluator([(noise, torch.zeros(300, dtype=torch.long))])
    assert scores.fid > 100
    assert scores.precision < 0.1


def test_fid_is_that_of_the_features(evaluator, digits):
    real, other = digits[0][:1000], digits[0][1000:1400]
    with torch.no_grad():
        features = [evaluator.extractor(x)[0] for x in (other, real)]
    expected = frechet_from_features(*features)
    got = evaluator(as_samples(other, digits[1][1000:1400])).fid
    assert got == pytest.approx(expected, rel=1e-5)
    assert evaluator.fid(as_samples(other, digits[1][1000:1400])) == pytest.approx(got)


def test_a_reference_sorted_by_class_is_no_trap(digits):
    order = digits[1].argsort()
    x, y = digits[0][order], digits[1][order]
    a, b = (
        GenerativeEvaluator(SmallFeatureNet.pretrained(), reference, "x")(
            as_samples(digits[0][:400], digits[1][:400])
        )
        for reference in (digits[0], x)
    )
    assert a.fid == pytest.approx(b.fid, rel=1e-6)
    assert abs(a.recall - b.recall) < 0.1
    assert len(y) == 2000


def test_protocol_says_every_value(evaluator, digits):
    protocol = evaluator(as_samples(digits[0][:400], digits[1][:400])).protocol
    for words in ("SmallFeatureNet 64-d", "resize none", "400 samples", "half A", "N = 1000"):
        assert words in protocol


def test_too_few_are_refused(digits, evaluator):
    with pytest.raises(CourseError, match="two images"):
        GenerativeEvaluator(SmallFeatureNet.pretrained(), digits[0][:1], "x")
    with pytest.raises(CourseError, match="two samples"):
        evaluator([(torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long))])
