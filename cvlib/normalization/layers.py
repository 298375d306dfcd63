"""The layers of the chapter: group norm, and batch norm as many small workers would run it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    Raises `CourseError` where a group holds one value, since its output would not depend on x.
    """

    def __init__(self, num_channels: int, groups: int = 32, eps: float = 1e-5) -> None:
        super().__init__(check_groups(num_channels, groups), num_channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, *) -> (N, C, *)."""
        if x.shape[1:].numel() == self.num_groups:
            raise CourseError(
                f"every group of {tuple(x.shape)} holds one value, which is its own mean: the "
                f"output would be beta whatever x is; take fewer than {self.num_groups} groups"
            )
        return super().forward(x)


class GhostBatchNorm2d(nn.Module):
    """Batch norm whose statistics come from chunks of `images_per_worker`: simulated GPUs.

    Hoffer et al. (2017) took such chunks to keep a large batch's noise; here they stand for GPUs.
    Data-parallel training averages the workers' gradients, each with its own statistics; that
    is the gradient of the mean loss over all images with chunked statistics. So one process
    computes exactly what K workers would (Sec. 4.1). The running statistics are the mean over all
    workers, also over the processes of torchrun; DistributedDataParallel keeps worker 0's alone.
    The output is laid out channels first, whatever the input's memory format is.
    Raises `CourseError` for a batch that is no multiple of `images_per_worker`.
    """

    def __init__(
        self, num_channels: int, images_per_worker: int, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:  # fmt: skip
        super().__init__()
        if images_per_worker < 1:
            raise CourseError(f"{images_per_worker} images per worker: a worker needs one at least")
        self.images_per_worker = images_per_worker
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))
        # the same names as nn.BatchNorm2d's: either loads the other's state
        self.register_buffer("running_mean", torch.zeros(num_channels))
        self.register_buffer("running_var", torch.ones(num_channels))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H, W)."""
        if not self.training:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        self._check(x)
        b, c, h, w = x.shape
        n = self.images_per_worker
        k = b // n

        # K workers side by side, as the channels of one batch norm
        workers = x.reshape(k, n, c, h, w).transpose(0, 1)  # (n, K, C, H, W)
        workers = workers.reshape(n, k * c, h, w)  # (n, K C, H, W)
        mean = self.running_mean.repeat(k)  # (K C,)
        var = self.running_var.repeat(k)
        weight = self.weight.repeat(k)
        bias = self.bias.repeat(k)

        # momentum 1 leaves every worker's own statistics in mean and var (the unbiased variance)
        y = F.batch_norm(workers, mean, var, weight, bias, True, momentum=1.0, eps=self.eps)
        self._track(mean.reshape(k, c), var.reshape(k, c))

        y = y.reshape(n, k, c, h, w).transpose(0, 1)  # (K, n, C, H, W)
        return y.reshape(b, c, h, w)

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return f"{len(self.weight)}, images_per_worker={self.images_per_worker}"

    def _check(self, x: Tensor) -> None:
        n = self.images_per_worker
        if x.ndim != 4 or not x.numel():
            raise CourseError(f"a ghost batch norm takes (B, C, H, W), not {tuple(x.shape)}")
        if len(x) % n:
            raise CourseError(
                f"a batch of {len(x)} images does not divide over workers with {n} images each: "
                f"take a multiple of {n}, and drop the last short batch of an epoch"
            )
        if n * x.shape[2:].numel() == 1:
            raise CourseError(
                "one value per channel has no variance: batch norm with 1 image per worker "
                "cannot train on 1x1 maps"
            )

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor) -> None:
        """Move the running statistics towards the mean over workers of mean and var (K, C)."""
        self.running_mean.lerp_(_over_processes(mean.mean(0)), self.momentum)
        self.running_var.lerp_(_over_processes(var.mean(0)), self.momentum)
        self.num_batches_tracked += 1


class FrozenBatchNorm2d(nn.Module):
    """Batch norm as a fixed affine map per channel: the BN* of the paper's detectors (Sec. 4.2).

    Nothing in it is learnt and no mode changes it, so `model.train()` cannot thaw it.
    """

    def __init__(self, num_channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_channels))
        self.register_buffer("bias", torch.zeros(num_channels))
        self.register_buffer("running_mean", torch.zeros(num_channels))
        self.register_buffer("running_var", torch.ones(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, *) -> (B, C, *)."""
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def _over_processes(value: Tensor) -> Tensor:
    dist = torch.distributed
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return value
