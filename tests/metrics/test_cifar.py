"""The features of colour images."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.metrics.cifar import ColorFeatureNet, train_color_features


def colored(n):
    """Ten classes that differ in colour and place."""
    draw = torch.Generator().manual_seed(0)
    y = torch.randint(0, 10, (n,), generator=draw)
    x = torch.randint(0, 60, (n, 3, 32, 32), generator=draw)
    for i, c in enumerate(y.tolist()):
        x[i, c % 3, (c // 3) * 8 : (c // 3) * 8 + 8] += 180
    return x.to(torch.uint8), y


def test_it_learns_and_repeats():
    x, y = colored(400)
    net, right = train_color_features(x, y, epochs=6)
    again, _ = train_color_features(x, y, epochs=6)
    assert right > 0.3
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    features, logits = net(x[:5])
    assert features.shape == (5, ColorFeatureNet.dim)
    torch.testing.assert_close(net.classify(features), logits)
    assert not net.training


def test_other_images_are_refused():
    with pytest.raises(CourseError, match="uint8 images"):
        ColorFeatureNet()(torch.rand(1, 3, 32, 32))
    with pytest.raises(CourseError, match="uint8 images"):
        ColorFeatureNet()(torch.zeros(1, 1, 16, 16, dtype=torch.uint8))
