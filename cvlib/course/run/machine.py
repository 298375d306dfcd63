"""The machine under a run: its device, its precision, its processes, its generators."""

from __future__ import annotations

import os
import random
from datetime import timedelta

import numpy as np
import torch

from cvlib.course.errors import CourseError


def seed_everything(seed: int) -> None:
    """Seed python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def join_processes() -> tuple[int, int]:
    """Rank and number of the processes that torchrun started; (0, 1) without it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return 0, 1
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if not torch.distributed.is_initialized():
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backend, timeout=timedelta(minutes=30))
    return torch.distributed.get_rank(), world


def device(profile: str, force_cpu: bool) -> torch.device:
    """Where a profile runs: smoke and laptop on the CPU, full on CUDA or not at all."""
    if profile == "smoke":
        torch.set_num_threads(1)  # so that everybody sees the same digits
    if profile in ("smoke", "laptop"):
        return torch.device("cpu")
    if torch.cuda.is_available() and not force_cpu:
        torch.backends.cudnn.benchmark = True
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if profile == "full" and not force_cpu:
        raise CourseError(
            "profile full needs a CUDA GPU: take --profile smoke or laptop, or --force-cpu to run "
            "it here all the same"
        )
    return torch.device("cpu")


def precision(device: torch.device) -> str:
    """`bf16` where it is native, else `fp16` on CUDA; `fp32` on the CPU."""
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"
