"""Every method that the chapter compares, on one pair of photos, under one name each."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from cvlib.chapters.fast_photo_style.sets import Pair, sample_photo
from cvlib.metrics.structure import edge_ssim
from cvlib.stylization.baselines import global_affine, iterative_distribution_transfer, reinhard
from cvlib.stylization.filters import guided_filter, local_affine_refine
from cvlib.stylization.measures import affine_residual, style_distance
from cvlib.stylization.optimise import PAPER_STEPS, optimise_photo
from cvlib.stylization.photos import cover
from cvlib.stylization.photowct import Decoder, Encoder, PhotoWCT
from cvlib.stylization.smoothing import SmoothingSystem, smooth_closed_form

# name -> how a table or a legend calls it
METHODS = {
    "content": "content photo itself",
    "reinhard": "Reinhard",
    "idt": "distribution transfer",
    "affine": "global affine map",
    "wct": "WCT (upsampling)",
    "wct_smooth": "WCT + smoothing",
    "wct_guided": "WCT + guided filter",
    "photowct": "PhotoWCT (unpooling)",
    "photowct_smooth": "PhotoWCT + smoothing",
    "photowct_guided": "PhotoWCT + guided filter",
    "photowct_refined": "PhotoWCT + smoothing + local affine",
    "released": "PhotoWCT, released ridge",
    "released_smooth": "released ridge and normalisation",
    "luan": "optimisation (Luan et al.'s manner)",
}


class Networks(NamedTuple):
    """One encoder and its two cascades: `wct` upsamples, `photowct` unpools."""

    encoder: Encoder
    wct: PhotoWCT
    photowct: PhotoWCT


def networks(encoder: Encoder, decoders: Mapping[str, Decoder]) -> Networks:
    """The cascades over all levels that have a decoder, keyed "mode-level"."""

    def cascade(mode: str) -> PhotoWCT:
        mine = {int(k.split("-")[1]): d for k, d in decoders.items() if k.startswith(mode)}
        return PhotoWCT(encoder, mine)

    return Networks(encoder, cascade("upsample"), cascade("unpool"))


def results(pair: Pair, nets: Networks, luan_steps: int) -> Iterator[tuple[str, Tensor]]:
    """(name, image (3, H, W) in [0, 1]) of every method, in the order of `METHODS`."""
    content, style, masks = pair.content, pair.style, pair.masks
    system = SmoothingSystem(content)
    yield "content", content
    yield "reinhard", reinhard(content, style)
    yield "idt", iterative_distribution_transfer(content, style)
    yield "affine", global_affine(content, style)
    for name, net in (("wct", nets.wct), ("photowct", nets.photowct)):
        styled = net.stylize(content, style, masks)
        smoothed = system.solve(styled).image
        yield name, styled
        yield f"{name}_smooth", smoothed.clamp(0, 1)
        yield f"{name}_guided", guided_filter(content, styled).to(content).clamp(0, 1)
    yield "photowct_refined", local_affine_refine(smoothed, content).clamp(0, 1)
    styled = nets.photowct.stylize(content, style, masks, ridge=1.0)
    released = SmoothingSystem(content, normalization="symmetric").solve(styled).image
    yield "released", styled
    yield "released_smooth", released.clamp(0, 1)
    *_, optimised = optimise_photo(nets.encoder, content, style, masks, luan_steps)
    yield "luan", optimised


def measured(pair: Pair, nets: Networks, luan_steps: int) -> dict[str, dict[str, float]]:
    """name -> edge_ssim, style and residual of every method on one pair."""
    affinity = SmoothingSystem(pair.content).affinity
    return {
        name: {
            "edge_ssim": edge_ssim(image, pair.content),
            "style": style_distance(nets.encoder, image, pair.style),
            "residual": affine_residual(affinity, image),
        }
        for name, image in results(pair, nets, luan_steps)
    }


def alpha_sweep(pair: Pair, nets: Networks, alphas: tuple[float, ...]) -> list[dict[str, float]]:
    """How alpha trades style for structure: WCT's result smoothed with every alpha.

    alpha = 0 is the stylised photo itself.
    """
    styled = nets.wct.stylize(pair.content, pair.style, pair.masks)
    rows = []
    for alpha in alphas:
        image = smooth_closed_form(styled, pair.content, alpha).image
        rows.append(
            {
                "alpha": alpha,
                "edge_ssim": edge_ssim(image.clamp(0, 1), pair.content),
                "style": style_distance(nets.encoder, image.clamp(0, 1), pair.style),
                "low": float(image.min()),
                "high": float(image.max()),
            }
        )
    return rows


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of work(), with everything the device still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def timed(size: tuple[int, int], nets: Networks, luan_steps: int, device: torch.device) -> dict:
    """Seconds of each part for photos of size (height, width), after one round to warm up.

    The optimisation is timed over a few steps and extrapolated to the paper's number of them.
    """
    content, style = (cover(sample_photo(n), *size).to(device) for n in ("china", "coffee"))
    styled = nets.photowct.stylize(content, style)
    smooth_closed_form(styled, content)

    def optimise(steps: int) -> float:
        return seconds(
            lambda: list(optimise_photo(nets.encoder, content, style, None, steps)), device
        )

    once = optimise(1)
    return {
        "height": size[0],
        "width": size[1],
        "stylise": seconds(lambda: nets.photowct.stylize(content, style), device),
        "smooth": seconds(lambda: smooth_closed_form(styled, content), device),
        "guided": seconds(lambda: guided_filter(content, styled), device),
        "optimise_extrapolated": (optimise(1 + luan_steps) - once) / luan_steps * PAPER_STEPS,
    }
