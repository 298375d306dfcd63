"""Error rates of a trained network: with running, precise and batch statistics."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.normalization.precise_bn import precise_bn


@torch.no_grad()
def error_rate(model: nn.Module, x: Tensor, y: Tensor, batch: int = 512) -> float:
    """Test error in % of `model` in evaluation mode on images x (N, C, H, W), labels y (N,).

    The model's mode is put back.
    """
    mode = model.training
    try:
        return _error(model.eval(), x, y, batch)
    finally:
        model.train(mode)


@torch.no_grad()
def batch_statistics_error(model: nn.Module, x: Tensor, y: Tensor, batch: int) -> float:
    """Test error in % with the statistics of each test batch, as in training.

    A last short batch is left out; the model is a copy, so running statistics stay.
    Raises `CourseError` when x does not fill one batch.
    """
    whole = _whole(x, batch)
    return _error(copy.deepcopy(model).train(), x[:whole], y[:whole], batch)


def precise_error(
    model: nn.Module, train_x: Tensor, x: Tensor, y: Tensor, batch: int
) -> float:  # fmt: skip
    """Test error in % with the exact statistics of (full batches of) `train_x`.

    Raises `CourseError` when `train_x` does not fill one batch.
    """
    exact = copy.deepcopy(model)
    precise_bn(exact, train_x[: _whole(train_x, batch)].split(batch))
    return error_rate(exact, x, y)


@torch.no_grad()
def _error(model: nn.Module, x: Tensor, y: Tensor, batch: int) -> float:
    wrong = torch.zeros((), dtype=torch.long, device=y.device)
    for images, labels in zip(x.split(batch), y.split(batch), strict=True):
        wrong += (model(images).argmax(1) != labels).sum()
    return 100.0 * wrong.item() / len(y)


def _whole(x: Tensor, batch: int) -> int:
    """How many images of x fill whole batches."""
    if len(x) < batch:
        raise CourseError(f"{len(x)} images do not fill one batch of {batch}: take a smaller batch")
    return len(x) // batch * batch
