"""Error rates count the right images and leave the network as it was."""

import pytest
import torch
from torch import nn

from cvlib.course.errors import CourseError
from cvlib.normalization.evaluate import (
    batch_statistics_error,
    error_rate,
    precise_error,
    predict,
)
from cvlib.normalization.layers import GhostBatchNorm2d, GroupNorm2d


class Sign(nn.Module):
    """Says class 1 where a normalised 1x1 image is positive."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        value = self.norm(x).flatten(1)
        return torch.cat([-value, value], 1)


def column(*values):
    return torch.tensor(values).reshape(-1, 1, 1, 1)


X, Y = column(-1.0, 2.0, 3.0, 4.0, -5.0), torch.tensor([0, 1, 0, 1, 1])


@pytest.mark.parametrize("batch", [1, 2, 5, 512])
def test_the_error_is_in_percent_of_all_images(batch):
    assert error_rate(Sign(nn.Identity()), X, Y, batch) == pytest.approx(40.0)


def test_running_precise_and_batch_statistics_differ_as_they_should():
    net = Sign(GhostBatchNorm2d(1, 2))  # running mean 0, variance 1
    x, y = column(1.0, 2.0, 3.0, 4.0), torch.tensor([0, 1, 1, 1])
    assert error_rate(net, x, y) == 25.0  # all are above 0
    assert precise_error(net, x, x, y, 4) == 25.0  # the mean is 2.5: 2 is below
    assert precise_error(net, column(0.5, 2.0, 2.0, 1.5), x, y, 4) == 0.0  # 1.5: 1 is below
    assert batch_statistics_error(net, x, y, 2) == 25.0  # a pair's smaller one: 3 is below
    assert batch_statistics_error(net, x, y, 4) == 25.0


def test_short_batches_are_left_out_where_they_would_break_statistics():
    net = Sign(GhostBatchNorm2d(1, 2))
    x, y = column(1.0, 2.0, 9.0), torch.tensor([0, 1, 0])
    assert batch_statistics_error(net, x, y, 2) == 0.0
    assert precise_error(net, x, x[:2], y[:2], 2) == 0.0  # with 9 the mean would be 4
    for measure in (
        lambda: batch_statistics_error(net, x, y, 4),
        lambda: precise_error(net, x, x, y, 4),
    ):
        with pytest.raises(CourseError, match="3 images do not fill one batch of 4"):
            measure()


def test_group_norm_has_one_error_however_it_is_tested():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), GroupNorm2d(4, 2), nn.Flatten(), nn.Linear(16, 3))
    x, y = torch.randn(30, 1, 4, 4), torch.arange(30) % 3
    plain = error_rate(net, x, y)
    assert batch_statistics_error(net, x, y, 2) == precise_error(net, x, x, y, 2) == plain


def test_a_frozen_layer_stays_frozen():
    net = Sign(GhostBatchNorm2d(1, 2))
    net.norm.eval()
    x, y = torch.randn(8, 1, 1, 1), torch.zeros(8, dtype=torch.long)
    plain = error_rate(net, x, y)
    assert batch_statistics_error(net, x, y, 4) == precise_error(net, x, x, y, 4) == plain
    assert net.training
    assert not net.norm.training


def test_predictions_do_not_depend_on_the_batches_in_which_they_are_made():
    net = Sign(GhostBatchNorm2d(1, 2))
    assert torch.equal(predict(net, X, 2), predict(net, X, 512))
    assert predict(net, X).tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_running_statistics_stay(training):
    net = Sign(GhostBatchNorm2d(1, 2)).train(training)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    x, y = torch.randn(8, 1, 1, 1), torch.zeros(8, dtype=torch.long)
    error_rate(net, x, y)
    precise_error(net, x, x, y, 4)
    batch_statistics_error(net, x, y, 4)
    assert all(m.training is training for m in net.modules())
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in net.parameters())
