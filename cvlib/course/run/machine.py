"""The machine under a run: its device, its precision, its processes, its generators."""

from __future__ import annotations

import contextlib
import os
import random
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

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
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if profile == "full" and not force_cpu:
        raise CourseError(
            "profile full needs a CUDA GPU: take --profile smoke or laptop, or --force-cpu to run "
            "it here all the same"
        )
    return torch.device("cpu")


def precision(device: torch.device, declared: str = "") -> str:
    """`bf16` where it is native, else `fp16` on CUDA; `fp32` on the CPU or where declared.

    Autocast runs group norm in float32 and a ghost batch norm in bfloat16: arms that are compared
    need one precision, which their experiment declares.
    """
    if declared or device.type != "cuda":
        return declared or "fp32"
    return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"


def tune(precision: str, fixed_shapes: bool) -> None:
    """What cudnn may do: look for fast kernels, and round float32 to TF32 in mixed precision."""
    torch.backends.cudnn.benchmark = fixed_shapes
    torch.backends.cudnn.allow_tf32 = precision != "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """The block in which a training's losses are computed."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return contextlib.nullcontext() if dtype is None else torch.autocast(device.type, dtype)
