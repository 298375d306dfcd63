"""Error rates of a trained network: with running, precise and batch statistics."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from cvlib.course.errors import CourseError
from cvlib.normalization.modes import kept_modes, train_unfrozen
from cvlib.normalization.precise_bn import precise_bn


def predict(model: nn.Module, x: Tensor, batch: int = 512) -> Tensor:
    """The classes that `model` answers in evaluation mode: x (N, C, H, W) -> (N,).

    In batches of at most `batch`, so that any test set fits; every part's mode is put back.
    """
    with kept_modes(model):
        return _predicted(model.eval(), x, batch)


def error_rate(model: nn.Module, x: Tensor, y: Tensor, batch: int = 512) -> float:
    """Test error in % of `model` in evaluation mode on images x (N, C, H, W), labels y (N,).

    Every part's mode is put back.
    """
    return _error(predict(model, x, batch), y)


def batch_statistics_error(model: nn.Module, x: Tensor, y: Tensor, batch: int) -> float:
    """Test error in % with the statistics of each test batch, as in training.

    A last short batch is left out; the model is a copy, so running statistics stay.
    Raises `CourseError` when x does not fill one batch.
    """
    whole = _whole(x, batch)
    copied = train_unfrozen(copy.deepcopy(model))
    return _error(_predicted(copied, x[:whole], batch), y[:whole])


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
def _predicted(model: nn.Module, x: Tensor, batch: int) -> Tensor:
    return torch.cat([model(images).argmax(1) for images in x.split(batch)])


def _error(predicted: Tensor, y: Tensor) -> float:
    return 100.0 * (predicted != y).sum().item() / len(y)


def _whole(x: Tensor, batch: int) -> int:
    """How many images of x fill whole batches."""
    if len(x) < batch:
        raise CourseError(f"{len(x)} images do not fill one batch of {batch}: take a smaller batch")
    return len(x) // batch * batch
