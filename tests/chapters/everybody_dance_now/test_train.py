"""Properties of the parts of the loop."""

import torch

from cvlib.chapters.everybody_dance_now.train import error_rate, guess, points


def test_the_clouds_lie_apart_and_repeat_themselves():
    x, y = points(4000, seed=3)
    assert torch.equal(x, points(4000, seed=3)[0])
    torch.testing.assert_close(x[y == 1].mean(0), torch.full((2,), 2.0), atol=0.1, rtol=0)


def test_guessing_is_wrong_on_half_of_the_points():
    x, y = points(4000, seed=4)
    assert abs(error_rate(guess, x, y) - 50) < 3
