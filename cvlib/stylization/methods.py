"""Every method that is compared, on one pair of photos, under one name each."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torch import Tensor

from cvlib.metrics.structure import edge_ssim
from cvlib.stylization.baselines import (
    affine_map,
    iterative_distribution_transfer,
    recolor,
    reinhard,
)
from cvlib.stylization.filters import guided_filter, local_affine_refine
from cvlib.stylization.measures import StyleGauge, affine_residual
from cvlib.stylization.optimize import optimize_photo
from cvlib.stylization.pairs import Pair
from cvlib.stylization.photowct import Decoder, Encoder, PhotoWCT
from cvlib.stylization.smoothing import SmoothingSystem

# name -> how a table or a legend calls it
COLOURS = {
    "content": "content photo itself",
    "reinhard": "Reinhard",
    "idt": "distribution transfer",
    "affine": "one affine map",
    "regions": "one affine map per region",
    "regions_smooth": "affine map per region + smoothing",
}
FEATURES = {
    "wct": "WCT (upsampling)",
    "wct_smooth": "WCT + smoothing",
    "wct_guided": "WCT + guided filter",
    "photowct": "PhotoWCT (unpooling)",
    "photowct_smooth": "PhotoWCT + smoothing",
    "photowct_guided": "PhotoWCT + guided filter",
}
RELEASED = {
    "released": "PhotoWCT, released ridge",
    "released_smooth": "released ridge and normalisation",
    "released_refined": "released, with its local affine filter",
}
SLOW = {"luan": "Luan et al.'s published result", "optimised": "optimisation, a few steps"}
METHODS = {**COLOURS, **FEATURES, **RELEASED, **SLOW}
KINDS = ("edge_ssim", "style", "residual")

Images = Iterator[tuple[str, Tensor]]


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


def quickest(photo: Tensor) -> str:
    """The solver for several results on one photo: factorise on a CPU, iterate on a GPU."""
    return "direct" if photo.device.type == "cpu" else "cg"


def color_results(pair: Pair, system: SmoothingSystem) -> Images:
    """(name, image (3, H, W) in [0, 1]) of the methods in `COLOURS`, in their order."""
    content, style, masks = pair.content, pair.style, pair.masks
    yield "content", content
    yield "reinhard", recolor(reinhard, content, style)
    yield "idt", recolor(iterative_distribution_transfer, content, style)
    yield "affine", recolor(affine_map, content, style)
    mapped = recolor(affine_map, content, style, masks)
    yield "regions", mapped
    yield "regions_smooth", system.solve(mapped, quickest(content)).image.clamp(0, 1)


def feature_results(pair: Pair, nets: Networks, system: SmoothingSystem) -> Images:
    """The methods in `FEATURES`: both cascades, alone, smoothed, and with the guided filter."""
    content = pair.content
    for name, net in (("wct", nets.wct), ("photowct", nets.photowct)):
        styled = net.stylize(content, pair.style, pair.masks)
        yield name, styled
        yield f"{name}_smooth", system.solve(styled, quickest(content)).image.clamp(0, 1)
        yield f"{name}_guided", guided_filter(content, styled).to(content).clamp(0, 1)


def released_results(pair: Pair, nets: Networks) -> Images:
    """The methods in `RELEASED`: what the authors' code does where it differs from the paper."""
    content = pair.content
    styled = nets.photowct.stylize(content, pair.style, pair.masks, ridge=1.0)
    yield "released", styled
    system = SmoothingSystem(content, normalization="symmetric")
    smoothed = system.solve(styled, quickest(content)).image
    yield "released_smooth", smoothed.clamp(0, 1)
    yield "released_refined", local_affine_refine(smoothed, content).clamp(0, 1)


def optimised(pair: Pair, encoder: Encoder, steps: int) -> Tensor:
    """The photo (3, H, W) after `steps` steps of optimisation in Luan et al.'s manner."""
    *_, last = optimize_photo(encoder, pair.content, pair.style, pair.masks, steps)
    return last


def measured(pair: Pair, encoder: Encoder, images: Images) -> dict[str, dict[str, float]]:
    """name -> edge_ssim, style and residual of every image (3, H, W) made from the pair."""
    affinity = SmoothingSystem(pair.content).affinity
    gauge = StyleGauge(encoder, pair.style, pair.masks)
    return {
        name: {
            "edge_ssim": edge_ssim(image, pair.content),
            "style": gauge.distance(image),
            "residual": affine_residual(affinity, image),
        }
        for name, image in images
    }


def alpha_sweep(pair: Pair, nets: Networks, alphas: tuple[float, ...]) -> list[dict[str, float]]:
    """How alpha trades style for structure: PhotoWCT's result smoothed with every alpha.

    alpha = 0 is the stylised photo itself.
    """
    styled = nets.photowct.stylize(pair.content, pair.style, pair.masks)
    gauge = StyleGauge(nets.encoder, pair.style, pair.masks)
    rows = []
    for alpha in alphas:
        system = SmoothingSystem(pair.content, alpha)
        image = system.solve(styled, quickest(pair.content)).image
        rows.append(
            {
                "alpha": alpha,
                "edge_ssim": edge_ssim(image.clamp(0, 1), pair.content),
                "style": gauge.distance(image.clamp(0, 1)),
                "low": float(image.min()),
                "high": float(image.max()),
            }
        )
    return rows
