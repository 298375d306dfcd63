"""The evaluator: one pass, the right numbers, and every value of the protocol in words."""

import pytest
import torch

from cvlib.course.errors import CourseError, Diverged
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
    scores = evaluator(as_samples(digits[0][1000:], digits[1][1000:]), "real")
    assert 0 < scores.frechet < 10
    assert abs(scores.kid) < 0.02
    assert scores.accuracy > 0.96
    assert scores.inception > 8
    assert min(scores.precision, scores.recall) > 0.7


def test_the_reference_itself_scores_zero(evaluator, digits):
    scores = evaluator(as_samples(digits[0][:1000], digits[1][:1000]), "real")
    assert scores.frechet == pytest.approx(0, abs=1e-6)
    assert (scores.precision, scores.recall) == (1, 1)


def test_noise_is_far(evaluator):
    noise = torch.rand(300, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scores = evaluator([(noise, torch.zeros(300, dtype=torch.long))], "noise")
    assert scores.frechet > 100
    assert scores.precision < 0.1


def test_fid_is_that_of_the_features(evaluator, digits):
    real, other = digits[0][:1000], digits[0][1000:1400]
    with torch.no_grad():
        features = [evaluator.extractor(x)[0] for x in (other, real)]
    expected = frechet_from_features(*features)
    got = evaluator(as_samples(other, digits[1][1000:1400]), "real").frechet
    assert got == pytest.approx(expected, rel=1e-5)
    assert evaluator.frechet(as_samples(other, digits[1][1000:1400])) == pytest.approx(got)


def test_a_reference_sorted_by_class_is_no_trap(digits):
    order = digits[1].argsort()
    x, y = digits[0][order], digits[1][order]
    a, b = (
        GenerativeEvaluator(SmallFeatureNet.pretrained(), reference, "x")(
            as_samples(digits[0][:400], digits[1][:400]), "real"
        )
        for reference in (digits[0], x)
    )
    assert a.frechet == pytest.approx(b.frechet, rel=1e-6)
    assert abs(a.recall - b.recall) < 0.1
    assert len(y) == 2000


def test_protocol_says_every_value(evaluator, digits):
    protocol = evaluator(as_samples(digits[0][:400], digits[1][:400]), "EMA, standing").protocol
    for words in (
        "SmallFeatureNet 64-d", "resize none", "400 samples (EMA, standing)", "half A (N = 1000)",
        "20 subsets of 400, standardised", "k = 3 of 400", "one split", "TF32 off",
    ):  # fmt: skip
        assert words in protocol


def test_too_few_are_refused(digits, evaluator):
    with pytest.raises(CourseError, match="two images"):
        GenerativeEvaluator(SmallFeatureNet.pretrained(), digits[0][:1], "x")
    with pytest.raises(CourseError, match="two samples"):
        evaluator([(torch.zeros(1, 1, 16, 16), torch.zeros(1, dtype=torch.long))], "one")


def test_what_is_no_number_is_a_divergence_and_other_ranges_are_refused(evaluator, digits):
    x, y = digits[0][1000:1200], digits[1][1000:1200]
    unit = x.float() / 127.5 - 1
    broken = unit.clone()
    broken[3, 0, 5, 5] = float("nan")
    with pytest.raises(Diverged, match="not finite"):
        evaluator.frechet([(broken, y)])
    for images, words in (
        (x.float(), "must lie in"),
        (x, "divide by 127.5"),
        (x.float() / 255, "2x - 1"),
        (unit * 1.1, "must lie in"),
    ):
        with pytest.raises(CourseError, match=words):
            evaluator.frechet([(images, y)])
    assert evaluator.frechet([(unit * 1.0005, y)]) > 0  # rounding of half precision passes


class Grey:
    """An extractor without classes: mean and deviation of each image, NaN where it is white."""

    name, dim, resize, labels_match, standardise = "grey", 2, "none", False, False
    calls = 0

    def __call__(self, images):
        type(self).calls += 1
        x = images.float().flatten(1)
        mean = torch.where(x.mean(1) < 250, x.mean(1), torch.nan)
        return torch.stack([mean, x.std(1)], dim=1), None


def test_classes_are_optional(digits):
    evaluator = GenerativeEvaluator(Grey(), digits[0][:500], "x")
    unit = digits[0][500:900].float() / 127.5 - 1
    scores = evaluator([(unit, None)], "real")
    assert scores.inception is None
    assert scores.accuracy is None
    assert scores.frechet > 0
    white = torch.cat([unit, torch.ones(1, 1, 16, 16)])
    with pytest.raises(CourseError, match="grey gives features that are not finite"):
        evaluator.frechet([(white, None)])


def test_the_reference_is_read_once_with_a_cache(digits, tmp_path):
    unit = digits[0][500:900].float() / 127.5 - 1
    first = GenerativeEvaluator(Grey(), digits[0][:500], "x", cache=tmp_path)
    calls = Grey.calls
    again = GenerativeEvaluator(Grey(), digits[0][:500], "x", cache=tmp_path)
    assert Grey.calls == calls
    assert again([(unit, None)], "real") == first([(unit, None)], "real")
    other = digits[0][:500].clone()
    other[0, 0, 0, 0] ^= 1
    GenerativeEvaluator(Grey(), other, "x", cache=tmp_path)
    assert Grey.calls > calls + 2
