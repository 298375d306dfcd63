"""The layers of the chapter: group norm, and batch norm as many small workers would run it."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.course.errors import CourseError
from cvlib.normalization.reference import check_groups


def choose_groups(channels: int, target: int = 32) -> int:
    """The number of groups nearest below `target` that divides both: their common divisor.

    72 channels get 8 groups of 9 for the target 32; an odd number of channels gets one group,
    which is layer normalisation, for any target that is a power of two.
    """
    return math.gcd(channels, target)


class GroupNorm2d(nn.GroupNorm):
    """Group norm with the channels first in its signature, so that it fits every norm hook.

    Many libraries call `norm_layer(channels)`; `nn.GroupNorm(groups, channels)` breaks there.
    """

    def __init__(self, num_channels: int, groups: int = 32, eps: float = 1e-5) -> None:
        super().__init__(check_groups(num_channels, groups), num_channels, eps=eps)


class GhostBatchNorm2d(nn.Module):
    """Batch norm whose statistics come from chunks of `images_per_worker`: simulated GPUs.

    Data-parallel training averages the workers' gradients, each with its own statistics; that
    is the gradient of the mean loss over all images with chunked statistics. So one process
    computes exactly what K workers would (Sec. 4.1). `running` says whose running statistics
    evaluation uses: the mean over workers, or worker 0's, as DistributedDataParallel keeps.
    Under torchrun the mean is taken over all processes' workers.
    Raises `CourseError` for a batch that is no multiple of `images_per_worker`.
    """

    def __init__(
        self, num_channels: int, images_per_worker: int,
        running: Literal["mean", "worker0"] = "mean", eps: float = 1e-5, momentum: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.images_per_worker, self.running = images_per_worker, running
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("running_mean", torch.zeros(num_channels))
        self.register_buffer("running_var", torch.ones(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H, W)."""
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        b, c, h, w = x.shape
        n = self.images_per_worker
        if b % n:
            raise CourseError(
                f"a batch of {b} images does not divide over workers with {n} images each: "
                f"take a multiple of {n}, and drop the last short batch of an epoch"
            )
        if n * h * w == 1:
            raise CourseError(
                "one value per channel has no variance: batch norm with 1 image per worker "
                "cannot train on 1x1 maps"
            )
        # (K n, C, H, W) -> (n, K C, H, W): K workers side by side as channels of one batch norm
        k = b // n
        workers = x.reshape(k, n, c, h, w).transpose(0, 1).reshape(n, -1, h, w)
        mean, var = self.running_mean.repeat(k), self.running_var.repeat(k)
        weight, bias = self.weight.repeat(k), self.bias.repeat(k)
        # momentum 1 leaves every worker's own statistics in mean and var (the unbiased variance)
        y = F.batch_norm(workers, mean, var, weight, bias, True, momentum=1.0, eps=self.eps)
        self._track(mean.reshape(k, c), var.reshape(k, c))
        return y.reshape(n, k, c, h, w).transpose(0, 1).reshape(b, c, h, w)

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return f"{len(self.weight)}, images_per_worker={self.images_per_worker}"

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor) -> None:
        if self.running == "worker0":
            mean, var = mean[0], var[0]
        else:
            mean, var = _over_processes(mean.mean(0)), _over_processes(var.mean(0))
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var, self.momentum)


def _over_processes(value: Tensor) -> Tensor:
    dist = torch.distributed
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return value
