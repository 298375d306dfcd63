"""What chapter 06 measures, the paper's values for it, and the rules that judge its claims."""

from cvlib.course.run.experiment import Claim, Metric, PaperValue

_FID = "cvlib.metrics: Inception (torch-fidelity), 10,000 samples vs all of train, EMA, standing"
_DIGITS = "cvlib.metrics: SmallFeatureNet, 1,000 samples vs the 5,000 digits, EMA, standing"
_PAIR = "cvlib.gan.twins.score_twins: mean correlation of the two brightest quadrants; real 1.000"


def _fid(title: str, headline: bool = True) -> Metric:
    return Metric(f"FID, {title}", "", _FID, headline)


def _ratio(title: str) -> Metric:
    return Metric(f"FID relative to no attention, {title}", "", f"ratio of two FIDs; {_FID}")


def _pair(title: str) -> Metric:
    return Metric(f"twins: pair correlation, {title}", "", _PAIR)


def _two(title: str) -> Metric:
    return Metric(
        f"twins: images with two glyphs, {title}", "", "cvlib.gan.twins.score_twins", headline=False
    )


METRICS = {
    "fid_no_sn": _fid("no spectral norm, equal rates"),
    "fid_sn_d": _fid("SN in D, equal rates"),
    "fid_sn_gd": _fid("SN in G and D, equal rates"),
    "fid_ttur": _fid("SN in G and D, two rates"),
    "fid_attention": _fid("the same with attention at 16 px"),
    "fid_feat8": _fid("attention at 8 px", headline=False),
    "fid_feat32": _fid("attention at 32 px (G only)", headline=False),
    "fid_local": _fid("residual block of equal size at 16 px", headline=False),
    "ratio_feat8": _ratio("attention at 8 px"),
    "ratio_attention": _ratio("attention at 16 px"),
    "ratio_feat32": _ratio("attention at 32 px"),
    "ratio_local": _ratio("residual block at 16 px"),
    "twins_attention": _pair("attention at 8 px"),
    "twins_ttur": _pair("no attention"),
    "twins_local": _pair("residual block of equal size"),
    "two_attention": _two("attention at 8 px"),
    "two_ttur": _two("no attention"),
    "two_local": _two("residual block of equal size"),
    "shipped_twins_attention": _pair("shipped 500-step net with attention"),
    "shipped_twins_none": _pair("shipped 500-step net without"),
    "digits_first": Metric("digits FID at the first evaluation", "", _DIGITS),
    "digits_attention": Metric("digits FID at the end", "", _DIGITS),
    "gamma_g": Metric("weight gamma of G's attention", "", "the parameter", headline=False),
}

_IMAGENET = "ImageNet 128 px, 1 M steps of 256"
PAPER = {
    name: PaperValue(value, "Table 1", _IMAGENET, checked=False)
    for name, value in {
        "ratio_feat8": 22.98 / 22.96,
        "ratio_attention": 22.14 / 22.96,
        "ratio_feat32": 18.28 / 22.96,
        "ratio_local": 22.40 / 22.96,
    }.items()
}

_PAIRS = "min(two_attention, two_ttur) >= 0.3"

CLAIMS = (
    Claim(
        "spectral norm in G as well as D and two learning rates stabilise one-to-one training",
        holds="fid_ttur <= 0.8 * fid_sn_d and fid_ttur <= fid_sn_gd",
        direction="fid_ttur <= 0.95 * fid_sn_d",
        contradicted="fid_ttur > 1.1 * fid_sn_d",
    ),
    Claim(
        "attention at middle height improves FID, and a residual block of equal size does not",
        holds="ratio_attention <= 0.9 and ratio_attention <= 0.95 * ratio_local",
        direction="ratio_attention <= 0.97 and ratio_attention < ratio_local",
        contradicted="ratio_attention > 1.1",
    ),
    Claim(
        "attention relates distant positions: it makes the two copies of a twin agree",
        # A correlation of quadrants means something only where both nets draw pairs at all.
        holds=f"{_PAIRS} and twins_attention - max(twins_ttur, twins_local) >= 0.05",
        direction=f"{_PAIRS} and twins_attention - twins_ttur >= 0.02",
        contradicted=f"{_PAIRS} and twins_ttur - twins_attention >= 0.05",
    ),
)
