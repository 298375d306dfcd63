"""Seconds against pixels, of every part and of the optimisation that it replaces."""

import time
from collections.abc import Callable

import torch

from cvlib.stylization.filters import guided_filter
from cvlib.stylization.methods import Networks
from cvlib.stylization.optimise import PAPER_STEPS, optimise_photo
from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover
from cvlib.stylization.smoothing import SmoothingSystem, smooth_closed_form


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of work(), with everything the device still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def timed(size: tuple[int, int], nets: Networks, steps: int, device: torch.device) -> dict:
    """Seconds of each part for photos of size (height, width), and the true residual.

    stylise, smooth: the paper's two steps; factorise: the direct solver's first result; again:
    each further one on the same photo. The optimisation is timed over `steps` steps, after a first
    one that is not counted, and extrapolated to the paper's number of them.
    """
    content, style = (cover(sample_photo(n), *size).to(device) for n in ("china", "coffee"))
    styled = nets.photowct.stylize(content, style)
    smoothed = smooth_closed_form(styled, content)
    walk = optimise_photo(nets.encoder, content, style, None, steps + 1)
    next(walk)
    row = {
        "height": size[0],
        "width": size[1],
        "stylise": seconds(lambda: nets.photowct.stylize(content, style), device),
        "smooth": seconds(lambda: smooth_closed_form(styled, content), device),
        "iterations": smoothed.iterations,
        "residual": smoothed.residual,
        "guided": seconds(lambda: guided_filter(content, styled), device),
        "optimise_extrapolated": seconds(lambda: list(walk), device) / steps * PAPER_STEPS,
    }
    if device.type == "cpu":
        system = SmoothingSystem(content)
        row["factorise"] = seconds(lambda: system.solve(styled, "direct"), device)
        row["again"] = seconds(lambda: system.solve(styled, "direct"), device)
    return row
