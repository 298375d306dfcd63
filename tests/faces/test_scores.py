"""Scores of a repainted face on cases whose answers are known."""

import pytest
import torch

from cvlib.faces.scores import attention_overlap, drift, followed, largest_step


@pytest.fixture
def mask():
    mask = torch.zeros(4, 8, 8, dtype=torch.bool)
    mask[:, 2:4, 2:6] = True
    return mask


def test_a_map_that_is_the_mask_overlaps_fully_whatever_its_scale(mask):
    assert attention_overlap(mask.float(), mask) == pytest.approx(1)
    faint = 1e-3 * mask.float() + 1e-5 * torch.rand(4, 8, 8)
    assert attention_overlap(faint, mask) == pytest.approx(1)
    assert attention_overlap(1 - mask.float(), mask) == 0


def test_an_empty_mask_does_not_count(mask):
    mask[0] = False
    assert attention_overlap(mask.float(), mask) == pytest.approx(1)


def test_only_what_lies_outside_is_drift(mask):
    before = torch.rand(4, 3, 8, 8)
    after = torch.where(mask[:, None], torch.rand(4, 3, 8, 8), before)
    assert drift(before, after, mask) == 0
    assert drift(before, before + 0.1, mask) == pytest.approx(0.1, rel=1e-4)


def test_an_unchanged_face_follows_nothing():
    asked = torch.linspace(0, 1, 11).expand(5, -1)
    assert followed(asked, asked) == pytest.approx(1)
    assert followed(asked, 0.5 * asked + 0.2) == pytest.approx(0.5)
    assert followed(asked, torch.full((5, 11), 0.3)) == pytest.approx(0, abs=1e-6)


def test_steady_changes_switches_and_none():
    ends = torch.rand(3, 2, 3, 4, 4)
    t = torch.linspace(0, 1, 11)[None, :, None, None, None]
    steady = torch.lerp(ends[:, :1], ends[:, 1:], t)
    switch = torch.where(t < 0.55, ends[:, :1], ends[:, 1:])
    assert largest_step(steady) == pytest.approx(0.1, rel=1e-3)
    assert largest_step(switch) == pytest.approx(1)
    assert largest_step(ends[:, :1].expand(-1, 11, -1, -1, -1)) == 1
