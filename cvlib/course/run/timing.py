"""Seconds of a call, for the tables of `cvlib bench`."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torch.utils.benchmark import Timer


def median_of(work: Callable[[], object], repeats: int) -> float:
    """Median seconds of `repeats` calls, after one that is not counted; waits for the GPU."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return median(times[1:])


def median_over(work: Callable[[], object], least: float) -> float:
    """Median seconds of calls over about `least` seconds, of one call where it is 0.

    One call before them is not counted; waits for the GPU.
    """
    work()
    timer = Timer("work()", globals={"work": work}, num_threads=torch.get_num_threads())
    if least == 0:
        return timer.timeit(1).median
    return timer.blocked_autorange(min_run_time=least).median
