"""Attention as a compositing mask: both ends exact, one convention, prices that do not depend on
the batch.
"""

import pytest
import torch

from cvlib.gan.compose import attention_loss, compose, repaint_share, total_variation


@pytest.fixture
def image():
    return torch.rand(3, 3, 8, 8) * 2 - 1


@pytest.fixture
def color():
    return torch.rand(3, 3, 8, 8) * 2 - 1


def test_both_ends_are_exact(image, color):
    assert torch.equal(compose(image, color, torch.zeros(3, 1, 8, 8)), image)
    assert torch.equal(compose(image, color, torch.ones(3, 1, 8, 8)), color)


def test_it_is_affine_and_stays_between(image, color):
    A = torch.rand(3, 1, 8, 8)
    B = torch.rand(3, 1, 8, 8)
    middle = (compose(image, color, A) + compose(image, color, B)) / 2
    torch.testing.assert_close(compose(image, color, (A + B) / 2), middle)
    out = compose(image, color, A)
    assert (out >= torch.minimum(image, color) - 1e-6).all()
    assert (out <= torch.maximum(image, color) + 1e-6).all()


def test_the_other_convention_is_one_minus_this_one(image, color):
    keep = torch.rand(3, 1, 8, 8)
    theirs = keep * image + (1 - keep) * color
    torch.testing.assert_close(compose(image, color, repaint_share(keep)), theirs)


def test_variation_of_a_step():
    flat = torch.full((2, 1, 6, 9), 0.3)
    assert total_variation(flat) == 0
    step = flat.clone()
    step[..., 4:] += 0.5
    assert total_variation(step).item() == pytest.approx(6 * 0.25)
    twice = total_variation(torch.cat([step, step]))
    torch.testing.assert_close(twice, total_variation(step))


def test_the_price_does_not_depend_on_batch_or_resolution():
    A = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(attention_loss(torch.cat([A, A]), 0.1), attention_loss(A, 0.1))
    flat = attention_loss(torch.full((1, 1, 8, 8), 0.25), 0.1)
    assert flat.item() == pytest.approx(0.25)
    assert attention_loss(torch.full((1, 1, 32, 32), 0.25), 0.1).item() == pytest.approx(0.25)
