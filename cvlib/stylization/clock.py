"""Seconds against pixels, of every part and of the optimisation that it replaces."""

import time
from collections.abc import Callable

import torch

from cvlib.stylization.filters import guided_filter
from cvlib.stylization.methods import Networks
from cvlib.stylization.optimize import PAPER_STEPS, optimize_photo
from cvlib.stylization.pairs import sample_photo
from cvlib.stylization.photos import cover
from cvlib.stylization.smoothing import SmoothingSystem, smooth_closed_form


def stopwatch(device: torch.device) -> Callable[[], float]:
    """A clock to be read before and after: all that the device had to do is done by then.

    On a CPU it counts the process's own seconds, so that whatever else runs does not count.
    """
    if device.type != "cuda":
        return time.process_time

    def read() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return read


def timed(size: tuple[int, int], nets: Networks, steps: int, device: torch.device) -> dict:
    """Seconds of each part for photos of size (height, width), and the true residual.

    stylise, smooth: the paper's two steps; factorise: the direct solver's first result; again:
    each further one on the same photo. The optimisation is timed over `steps` steps, after a first
    one that is not counted, and extrapolated to the paper's number of them.
    """
    content, style = (cover(sample_photo(n), *size).to(device) for n in ("china", "coffee"))
    now = stopwatch(device)
    if device.type == "cuda":  # kernels are chosen and loaded at the first call
        smooth_closed_form(nets.photowct.stylize(content, style), content)

    began = now()
    styled = nets.photowct.stylize(content, style)
    middle = now()
    smoothed = smooth_closed_form(styled, content)
    ended = now()
    row = {"height": size[0], "width": size[1], "stylise": middle - began, "smooth": ended - middle}
    row |= {"iterations": smoothed.iterations, "residual": smoothed.residual}

    began = now()
    guided_filter(content, styled)
    row["guided"] = now() - began
    if device.type == "cpu":
        system = SmoothingSystem(content)
        for part in ("factorise", "again"):
            began = now()
            system.solve(styled, "direct")
            row[part] = now() - began

    walk = optimize_photo(nets.encoder, content, style, None, steps + 1)
    next(walk)
    began = now()
    for _ in walk:
        pass
    row["optimise_extrapolated"] = (now() - began) / steps * PAPER_STEPS
    return row
