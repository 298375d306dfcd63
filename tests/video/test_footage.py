"""Which frames a batch holds, and in which form."""

import pytest
import torch

from cvlib.course.errors import CourseError
from cvlib.video.footage import Footage

N, T, H, W = 3, 5, 4, 6


@pytest.fixture
def footage() -> Footage:
    """Every frame of clip n at time t is filled with the number 10 n + t."""
    number = (10 * torch.arange(N)[:, None] + torch.arange(T)).view(N, T, 1, 1, 1)
    labels = (number.expand(N, T, 1, H, W) % 7)[:, :, 0]
    return Footage(
        number.expand(N, T, 3, H, W).byte(), labels.byte(), number.expand(N, T, 1, H, W) % 2 == 1,
        number.expand(N, T, 2, H, W).half(), number.expand(N, T, 1, H, W) > 0, classes=7,
    )  # fmt: skip


def test_every_run_is_cut_once(footage):
    assert footage.windows(3) == N * 3
    batch = footage.cut(torch.arange(9), 3)
    firsts = batch.flow[:, 0, 0, 0, 0].tolist()
    assert firsts == [0, 1, 2, 10, 11, 12, 20, 21, 22]
    assert batch.flow[4, :, 0, 0, 0].tolist() == [11, 12, 13]


def test_what_the_nets_see(footage):
    batch = footage.whole()
    assert batch.sources.shape == (N, T, 8, H, W)
    assert (batch.sources[:, :, :7].sum(2) == 1).all()
    assert batch.sources[1, 2, :7, 0, 0].argmax() == 12 % 7
    assert batch.sources[1, 3, 7, 0, 0] == 1  # 13 is odd: an edge
    assert batch.frames[1, 2, 0, 0, 0].item() == pytest.approx(12 / 127.5 - 1)
    assert batch.visible.min() == 0
    assert batch.visible.sum() == (N * T - 1) * H * W
    assert batch.after(2).flow[0, 0, 0, 0, 0] == 2
    assert batch[torch.tensor([2])].flow[0, 0, 0, 0, 0] == 20


def test_clips_that_are_too_short_are_named(footage):
    with pytest.raises(CourseError, match="clips of 5 frames hold no run of 6"):
        footage.windows(6)
