"""Chapter 03's metrics, the paper's values, and the claims with rules that were fixed before."""

from __future__ import annotations

from cvlib.course.run.experiment import Claim, Metric, PaperValue
from cvlib.stylization.methods import METHODS
from cvlib.stylization.reconstruction import MODES

LEVELS = (1, 2, 3, 4)
TITLES = {
    "edge_ssim": ("edge-SSIM to the content", "cvlib.metrics.structure.edge_ssim"),
    "style": ("style distance, by region", "cvlib.stylization.measures.StyleGauge"),
    "residual": ("local-affine residual", "cvlib.stylization.measures.affine_residual"),
}
# The rows of the scoreboard; everything else is in the record only.
HEADLINES = {
    "edge_ssim": (
        "reinhard", "affine", "regions_smooth", "wct", "wct_smooth", "photowct", "photowct_smooth",
        "luan",
    ),
    "style": (
        "content", "reinhard", "affine", "regions_smooth", "wct_smooth", "photowct_smooth", "luan",
    ),
    "residual": (),
}  # fmt: skip
CLOCK = "cvlib.stylization.clock.timed; on a CPU, the seconds of one thread"


def _per_method(kind: str) -> dict[str, Metric]:
    title, implementation = TITLES[kind]
    return {
        f"{name}_{kind}": Metric(
            f"{called}: {title}", "", f"{implementation}, mean over pairs", name in HEADLINES[kind]
        )
        for name, called in METHODS.items()
    }


def _psnr(mode: str, level: int) -> Metric:
    return Metric(
        f"decoder of level {level}, {mode}: reconstruction", "dB",
        "cvlib.stylization.reconstruction.psnr, mean over content photos", headline=False,
    )  # fmt: skip


METRICS = {
    **_per_method("edge_ssim"),
    **_per_method("style"),
    **_per_method("residual"),
    **{f"{mode}_psnr_{level}": _psnr(mode, level) for mode in MODES for level in LEVELS},
    "smoothing_gain": Metric("smoothing: edge-SSIM gained", "", "photowct_smooth - photowct"),
    "unpooling_gain": Metric(
        "unpooling over upsampling, before smoothing: edge-SSIM", "", "photowct - wct"
    ),
    "unpooling_gain_smooth": Metric(
        "unpooling over upsampling, after smoothing: edge-SSIM", "", "photowct_smooth - wct_smooth"
    ),
    "ours_seconds": Metric("PhotoWCT + smoothing, 1024x512", "s", CLOCK),
    "luan_seconds": Metric("optimisation, 1024x512, extrapolated to 2000 steps", "s", CLOCK),
    "smooth_seconds": Metric("of that, affinity and smoothing", "s", CLOCK),
    "true_residual": Metric(
        "smoothing: residual computed from the result", "",
        "cvlib.stylization.solvers.refined, float64", headline=False,
    ),
    "speedup": Metric("optimisation / ours", "x", "luan_seconds / ours_seconds"),
}  # fmt: skip

DERIVED = {
    "smoothing_gain": "photowct_smooth_edge_ssim - photowct_edge_ssim",
    "unpooling_gain": "photowct_edge_ssim - wct_edge_ssim",
    "unpooling_gain_smooth": "photowct_smooth_edge_ssim - wct_smooth_edge_ssim",
    "speedup": "luan_seconds / ours_seconds",
}

SCALE = "1024x512, the authors' GPU; later version"
PAPER = {
    "ours_seconds": PaperValue(
        13.16, "run-time table", SCALE, checked=False,
        source="13 s in summaries; the arXiv version of February 2018 gives 11.39 s on a Titan XP",
    ),
    "luan_seconds": PaperValue(
        650.45, "run-time table", SCALE, checked=False,
        source="650 s in summaries; the decimals are recalled",
    ),
    "speedup": PaperValue(
        49.0, "abstract", SCALE, checked=False,
        source="49 in summaries; the first abstract says 60 times",
    ),
}  # fmt: skip

CLAIMS = (
    # Must fail: Reinhard and one affine map (they do not have the regions' style), unsmoothed WCT
    # and PhotoWCT (they do not have the structure).
    Claim(
        "smoothing in closed form makes a photo of it again and keeps the style",
        holds="smoothing_gain >= 0.15 and photowct_smooth_edge_ssim >= 0.55 and "
        "photowct_smooth_style <= 0.75 * min(affine_style, reinhard_style)",
        direction="smoothing_gain >= 0.05 and "
        "photowct_smooth_style <= min(affine_style, reinhard_style)",
        contradicted="smoothing_gain <= 0 or photowct_smooth_style >= content_style",
    ),
    # Must fail: upsampling against itself, 0 before and after.
    Claim(
        "unpooling keeps more structure than upsampling, before and after smoothing",
        holds="unpooling_gain >= 0.05 and unpooling_gain_smooth >= 0.02",
        direction="unpooling_gain >= 0.02 and unpooling_gain_smooth >= 0.02",
        contradicted="min(unpooling_gain, unpooling_gain_smooth) <= -0.05",
    ),
    # Must fail: one affine map per region with the same smoothing, against itself.
    Claim(
        "features carry more style than colours: PhotoWCT beats one affine map per region, both "
        "smoothed, with the same masks",
        holds="photowct_smooth_style <= 0.85 * regions_smooth_style and "
        "photowct_smooth_edge_ssim >= regions_smooth_edge_ssim - 0.1",
        direction="photowct_smooth_style <= 0.95 * regions_smooth_style and "
        "photowct_smooth_edge_ssim >= regions_smooth_edge_ssim - 0.2",
        contradicted="photowct_smooth_style >= regions_smooth_style",
    ),
    # Must fail: optimisation against itself, a factor of 1.
    Claim(
        "the two steps are at least 49 times as fast as optimisation at 1024x512",
        holds="speedup >= 49",
        direction="speedup >= 5",
        contradicted="speedup <= 1",
    ),
)
