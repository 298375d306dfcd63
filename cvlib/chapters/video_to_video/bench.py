"""Chapter 08's hot spots against the limits of this machine."""

from __future__ import annotations

import torch
from torch.utils.benchmark import Timer

SIZES = (256, 4096)


def bench(quick: bool = False) -> str:
    """TODO: the hot spot of the chapter beside what a copy of its bytes takes."""
    seconds = 0.1 if quick else 1.0
    lines = [f"{'points':>8}{'linear, us':>14}{'copy, us':>12}"]
    for size in SIZES:
        x, weights = torch.randn(size, 2), torch.randn(2, 2)
        target = torch.empty_like(x)
        scored = Timer("x @ w.T", globals={"x": x, "w": weights}).blocked_autorange(
            min_run_time=seconds
        )
        copied = Timer("t.copy_(x)", globals={"x": x, "t": target}).blocked_autorange(
            min_run_time=seconds
        )
        lines.append(f"{size:>8}{1e6 * scored.median:>14.1f}{1e6 * copied.median:>12.1f}")
    return "\n".join(lines)
